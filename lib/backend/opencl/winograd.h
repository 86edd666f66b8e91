/*
 * Convolutions of stride 1 by Winograd's transforms: with 3x3 taps on all devices, with up to 5x5, or 3 or 7 in a line,
 * on CPU-like ones, and there first layers, of large kernels and strides over few channels, which are such ones of a
 * folded image. Their error is at most 2e-5 of the results' root mean square for up to 256 channels (384 in a line),
 * 6e-5 by tiles of 7 x 7 points; SLIM_WINOGRAD=0 switches them off.
 */
#ifndef SLIM_OPENCL_WINOGRAD_H
#define SLIM_OPENCL_WINOGRAD_H

#include "backend/opencl/winograd_batch.h"
#include "backend/opencl/winograd_fold.h"
#include "backend/opencl/winograd_line.h"
#include "kernels/winograd_params.h"

typedef struct slim_cl_winograd {
  slim_cl_winograd_batch batch; /* with a block: this one, on GPUs and small devices */
  slim_cl_winograd_line line;   /* with groups: this one instead */
  slim_winograd_params p;
  slim_winograd_fold_params fold; /* of x, or, turned, of y */
  int groups;                     /* that take blocks of tiles, each with a scratch of its own; 0: in stages */
  int parts;                      /* in stages: of a block's tiles, that share a panel of outputs */
  bool kept;                      /* weights are packed, or transformed, when their version changes; */
  bool points;                    /* in stages: transformed */
} slim_cl_winograd;

typedef struct slim_cl_winograd_gradient {
  slim_cl_winograd_batch batch;   /* with a block: this one, on GPUs and small devices */
  slim_winograd_line_params line; /* with taps: this one instead */
  slim_winograd_params p;
  slim_winograd_fold_params fold; /* of x */
  slim_winograd_sums_params sums;
  slim_cl_winograd_slices slices; /* of the tiles, in one launch; none: in runs */
} slim_cl_winograd_gradient;

/** Plans the convolution; turned: by weights [kernel,kernel,o,c] from the last tap to the first; stay: they may be kept
 * packed while their version stays; lone: then they are not kept a second time.
 * @return false when it is none for these transforms, or too small. */
bool slim_cl_winograd_plan(const slim_device *device, const slim_conv2d_params *conv, bool turned, bool stay, bool lone,
                           slim_cl_winograd *w);
/** Is a convolution that ends with maxima planned for any number of images? */
bool slim_cl_winograd_pools(const slim_device *device, const slim_conv2d_params *conv);
size_t slim_cl_winograd_workspace(const slim_device *device, const slim_cl_winograd *w);
/** Launches the convolution of x by weights into the step's output. */
void slim_cl_winograd_launch(slim_cl_build *build, const slim_cl_winograd *w, const slim_view *x,
                             const slim_view *weights, const slim_cl_epilogue *epilogue);

/** The same for the gradient by the weights of the convolution, from dy and x. */
bool slim_cl_winograd_gradient_plan(const slim_device *device, const slim_conv2d_params *conv,
                                    slim_cl_winograd_gradient *g);
size_t slim_cl_winograd_gradient_workspace(const slim_device *device, const slim_cl_winograd_gradient *g);
void slim_cl_winograd_gradient_launch(slim_cl_build *build, const slim_cl_winograd_gradient *g);

#endif
