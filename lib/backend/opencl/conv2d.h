/* How convolutions' weights are kept packed, those of few channels are cut into bands of an image, and input gradients
 * into phases, on CPU-like devices. */
#ifndef SLIM_OPENCL_CONV2D_H
#define SLIM_OPENCL_CONV2D_H

#include "backend/opencl/opencl.h"
#include "kernels/conv2d_image_params.h"
#include "kernels/conv2d_params.h"
#include "kernels/conv2d_turn_params.h"
#include "kernels/move_params.h"

/** Keeps weights, a matrix of rows and columns, packed in blocks of block_k rows while their version stays. */
cl_mem slim_cl_conv2d_pack(slim_cl_build *build, const slim_view *weights, int rows, int columns, int block_k);

/** @return false when the convolution is better done with windows; else *g is set. */
bool slim_cl_conv2d_bands(const slim_device *device, const slim_conv2d_params *p, slim_conv2d_image_params *g);
/** The same for the gradient by the weights. */
bool slim_cl_conv2d_bands_gradient(const slim_device *device, const slim_conv2d_params *p, slim_conv2d_image_params *g);
/** The kernel's local arguments (band, panels of depth rows) and groups by the blocks of outputs. */
void slim_cl_conv2d_image_range(slim_cl_build *build, const slim_conv2d_params *p, const slim_conv2d_image_params *g,
                                int groups, int depth);

/** Of the gradient by the input of p: how many phases there are. */
int slim_cl_conv2d_phases(const slim_conv2d_params *p);
/* The convolution of dy, its weights out of p's, and where in dx its results go. */
typedef struct slim_cl_phase {
  slim_conv2d_params conv;
  slim_conv2d_turn_params turn;
  slim_move_params move;
} slim_cl_phase;
slim_cl_phase slim_cl_conv2d_phase(const slim_conv2d_params *p, int number);
/** Of the largest phase's results; 0 where the only one writes to dx. */
size_t slim_cl_conv2d_phase_bytes(const slim_conv2d_params *p);

#endif
