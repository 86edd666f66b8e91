/*
 * Convolutions of stride 1 with 3 or 7 taps in a line by Winograd's transforms, on CPU-like devices; winograd.h plans
 * them where it can.
 */
#ifndef SLIM_OPENCL_WINOGRAD_LINE_H
#define SLIM_OPENCL_WINOGRAD_LINE_H

#include "backend/opencl/epilogue.h"
#include "backend/opencl/winograd_sums.h"
#include "kernels/conv2d_params.h"
#include "kernels/winograd_line_params.h"

typedef struct slim_cl_winograd_line {
  slim_winograd_line_params p;
  int groups; /* with a scratch each; 0: this is no such convolution */
  int parts;  /* of the panels, in tasks of their own */
} slim_cl_winograd_line;

/** Plans the convolution, of unit stride and whole vectors of channels; turned: as in winograd.h.
 * @return false when it is none for these transforms, or too small. */
bool slim_cl_winograd_line_plan(const slim_device *device, const slim_conv2d_params *conv, bool turned,
                                slim_cl_winograd_line *l);
/** kept: transformed weights need no workspace. */
size_t slim_cl_winograd_line_workspace(const slim_device *device, const slim_cl_winograd_line *l, bool kept);
/** The argument of transformed weights: kept memory, or, without, the begin of the workspace. */
void slim_cl_winograd_arg_weights(slim_cl_build *build, cl_mem kept);
/** kept: weights are transformed when their version changes. zeros: as many as channels. */
void slim_cl_winograd_line_launch(slim_cl_build *build, const slim_cl_winograd_line *l, const slim_view *x,
                                  const slim_view *weights, bool kept, cl_mem zeros, const slim_cl_epilogue *epilogue);

/** The same for the gradient by the weights of the convolution, from dy and x, whose workspace is that of its sums.
 * @return false with p->taps 0. */
bool slim_cl_winograd_line_gradient_plan(const slim_device *device, const slim_conv2d_params *conv,
                                         slim_winograd_line_params *p, slim_winograd_sums_params *s);
void slim_cl_winograd_line_gradient_launch(slim_cl_build *build, const slim_winograd_line_params *p,
                                           const slim_winograd_sums_params *s, cl_mem zeros);

#endif
