/* 1x1 convolutions by constant weights in seven products of halves instead of eight, on CPU-like devices: kernels/strassen.h.
 * Errors are as in backend/cpu/strassen.h; SLIM_WINOGRAD=0 switches this off too. */
#ifndef SLIM_OPENCL_STRASSEN_H
#define SLIM_OPENCL_STRASSEN_H

#include "backend/opencl/opencl.h"
#include "kernels/conv2d_params.h"

/** Is the convolution, whose weights stay, one that this makes faster? None does where the second-level cache is large:
 * measured, such cores multiply faster than they read what this adds up. */
bool slim_cl_strassen_fits(const slim_device *device, const slim_conv2d_params *p);
/** Keeps the packed sums of weights [c,o], and room for those of tiles, while their version stays. */
cl_mem slim_cl_strassen_pack(slim_cl_build *build, const slim_view *weights, int c, int o, int block_k);

#endif
