/* How convolutions' weights are kept packed and those of few channels cut into bands of an image, on CPU-like devices, and
 * input gradients into phases. */
#ifndef SLIM_OPENCL_CONV2D_H
#define SLIM_OPENCL_CONV2D_H

#include "backend/opencl/opencl.h"
#include "kernels/conv2d_image_params.h"
#include "kernels/conv2d_params.h"
#include "kernels/conv2d_phases_params.h"
#include "kernels/conv2d_turn_params.h"
#include "kernels/gemm_params.h"

/** Rows of the matrix product that a convolution is: pixels of the result; and its sums: the elements of a window. */
static inline int slim_cl_conv2d_pixels(const slim_conv2d_params *p)
{
  return p->n * p->oh * p->ow;
}

static inline int slim_cl_conv2d_window(const slim_conv2d_params *p)
{
  return p->kernel_h * p->kernel_w * p->c;
}

/** Are the weights, input 1 of the convolution, its step's own, which need no memory once they are packed? A plan folds
 * them for it. */
bool slim_cl_conv2d_owns(const slim_node *node, const slim_view *weights);
/** Can a pool end a group that begins with a convolution: are windows of 2x2 in Winograd's tiles, whatever the batch? */
bool slim_cl_conv2d_pools(const slim_device *device, const slim_group *group, const slim_node *pool);
/** Keeps weights packed for such blocks while their version stays. */
cl_mem slim_cl_conv2d_pack(slim_cl_build *build, const slim_view *weights, const slim_conv2d_params *p,
                           const slim_gemm_params *g);

/** @return false when the convolution is better done with windows; else *g is set. */
bool slim_cl_conv2d_bands(const slim_device *device, const slim_conv2d_params *p, slim_conv2d_image_params *g);
/** The same for the gradient by the weights. */
bool slim_cl_conv2d_bands_gradient(const slim_device *device, const slim_conv2d_params *p, slim_conv2d_image_params *g);
/** The kernel's local arguments (band, panels of depth rows) and tasks by the blocks of outputs. */
void slim_cl_conv2d_image_range(slim_cl_build *build, const slim_conv2d_params *p, const slim_conv2d_image_params *g,
                                int tasks, int depth);

/** Bytes that they take: turned weights, on GPUs slices too. */
size_t slim_cl_conv2d_phases_workspace(const slim_device *device, const slim_conv2d_params *p);
/** The gradient by the input of p, from in[0]: its phases, with weights turned in the workspace, write to out[0]. */
void slim_cl_conv2d_phases(slim_cl_build *build, const slim_conv2d_params *p);

#endif
