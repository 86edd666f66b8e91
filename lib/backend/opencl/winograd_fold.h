/* Convolutions of large kernels and strides over few channels, first layers, as ones of stride 1 of a folded image. */
#ifndef SLIM_OPENCL_WINOGRAD_FOLD_H
#define SLIM_OPENCL_WINOGRAD_FOLD_H

#include "backend/opencl/opencl.h"
#include "kernels/conv2d_params.h"
#include "kernels/winograd_fold_params.h"

/** What to fold for the convolution, or, turned, for the gradient by input that it is; side 1: nothing.
 * @return the convolution of what is folded. */
slim_conv2d_params slim_cl_winograd_fold(const slim_device *device, const slim_conv2d_params *conv, bool turned,
                                         slim_winograd_fold_params *fold);
/** Bytes of a folded image and of folded weights; 0 where nothing is folded. */
size_t slim_cl_winograd_folded_image(const slim_winograd_fold_params *fold);
size_t slim_cl_winograd_folded_weights(const slim_winograd_fold_params *fold);
/** From one view to another; once: while the weights' version stays. */
void slim_cl_winograd_fold_image(slim_cl_build *build, const slim_winograd_fold_params *fold, const slim_view *from,
                                 const slim_view *to);
void slim_cl_winograd_unfold_image(slim_cl_build *build, const slim_winograd_fold_params *fold, const slim_view *from,
                                   const slim_view *to);
void slim_cl_winograd_fold_weights(slim_cl_build *build, const slim_winograd_fold_params *fold, const slim_view *from,
                                   const slim_view *to, bool once);
void slim_cl_winograd_unfold_weights(slim_cl_build *build, const slim_winograd_fold_params *fold,
                                     const slim_view *from, const slim_view *to);

#endif
