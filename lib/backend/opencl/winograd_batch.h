/* Convolutions of 3x3 taps by Winograd's transforms in stages, on GPUs and small devices; inside of winograd.h. */
#ifndef SLIM_OPENCL_WINOGRAD_BATCH_H
#define SLIM_OPENCL_WINOGRAD_BATCH_H

#include "backend/opencl/epilogue.h"
#include "backend/opencl/opencl.h"
#include "kernels/conv2d_params.h"
#include "kernels/winograd_batch_params.h"

typedef struct slim_cl_winograd_batch {
  slim_winograd_batch_params p;
  int tiles, block; /* in all; that go through the stages together, 0: it is not done so */
  int slice;        /* of a block's tiles that a group sums for the gradient by the weights */
  bool kept;        /* weights are transformed when their version changes */
} slim_cl_winograd_batch;

/** turned, stay: as slim_cl_winograd_plan. @return false when the convolution is better done directly, or one allocation
 * has no room for enough tiles. */
bool slim_cl_winograd_batch_plan(const slim_device *device, const slim_conv2d_params *conv, bool turned, bool stay,
                                 slim_cl_winograd_batch *w);
size_t slim_cl_winograd_batch_workspace(const slim_cl_winograd_batch *w);
void slim_cl_winograd_batch_launch(slim_cl_build *build, const slim_cl_winograd_batch *w, const slim_view *x,
                                   const slim_view *weights, const slim_cl_epilogue *epilogue);

/** The same for the gradient by the weights. */
bool slim_cl_winograd_batch_gradient_plan(const slim_device *device, const slim_conv2d_params *conv,
                                          slim_cl_winograd_batch *w);
size_t slim_cl_winograd_batch_gradient_workspace(const slim_cl_winograd_batch *w);
void slim_cl_winograd_batch_gradient_launch(slim_cl_build *build, const slim_cl_winograd_batch *w);

#endif
