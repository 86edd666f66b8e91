/*
 * Convolutions of stride 1 with 3x3 or 5x5 taps by Winograd's transforms, on CPU-like devices. Their error is at most
 * 2e-5 of the results' root mean square for up to 256 channels; SLIM_WINOGRAD=0 switches them off.
 */
#ifndef SLIM_OPENCL_WINOGRAD_H
#define SLIM_OPENCL_WINOGRAD_H

#include "backend/opencl/epilogue.h"
#include "kernels/conv2d_params.h"
#include "kernels/winograd_params.h"

typedef struct slim_cl_winograd {
  slim_winograd_params p;
  int groups; /* that go through blocks of tiles, each with a scratch of its own; 0: in stages */
  int parts;  /* in stages: of a block's tiles, that share a panel of outputs */
} slim_cl_winograd;

/** Plans the convolution; turned: by weights [kernel,kernel,o,c] from the last tap to the first.
 * @return false when it is none for these transforms, or too small. */
bool slim_cl_winograd_plan(const slim_device *device, const slim_conv2d_params *conv, bool turned, slim_cl_winograd *w);
size_t slim_cl_winograd_workspace(const slim_device *device, const slim_cl_winograd *w);
/** Prepares the plan for weights that slim_conv2d_pack_f32 packs in advance, in blocks of w->p.depth channels.
 * @return false when it has no use for them. */
bool slim_cl_winograd_keep(const slim_device *device, slim_cl_winograd *w);
/** Launches the convolution of x by weights, or by packed ones unless that is NULL, into the step's output. */
void slim_cl_winograd_launch(slim_cl_build *build, const slim_cl_winograd *w, const slim_view *x,
                             const slim_view *weights, cl_mem packed, const slim_cl_epilogue *epilogue);

/** The same for the gradient by the weights of the convolution, from dy and x. */
bool slim_cl_winograd_gradient_plan(const slim_device *device, const slim_conv2d_params *conv,
                                    slim_winograd_params *p);
size_t slim_cl_winograd_gradient_workspace(const slim_device *device, const slim_winograd_params *p);
void slim_cl_winograd_gradient_launch(slim_cl_build *build, const slim_winograd_params *p);

#endif
