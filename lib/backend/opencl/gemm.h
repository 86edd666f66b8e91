/* How a matrix product is cut into groups and blocks on CPU-like devices. */
#ifndef SLIM_OPENCL_GEMM_H
#define SLIM_OPENCL_GEMM_H

#include "backend/opencl/opencl.h"
#include "kernels/gemm_params.h"

/** Can the device run the blocked kernels at all? */
bool slim_cl_gemm_usable(const slim_device *device);
/** Blocks for a result of m rows and n columns with sums over k. */
slim_gemm_params slim_cl_gemm_blocks(const slim_device *device, int m, int n, int k);
/** Rows of the kernel's tile; columns of its panels. */
int slim_cl_gemm_rows(const slim_device *device);
int slim_cl_gemm_columns(const slim_device *device);
/** The kernel's local arguments (tile, panels) and a group for each block of the result. */
void slim_cl_gemm_range(slim_cl_build *build, const slim_gemm_params *g, int m, int n);

/** The same for kernels that find the second factor packed: blocks of block_k rows, of each the panels. */
slim_gemm_params slim_cl_gemm_packed(const slim_device *device, int m, int n, int k);
void slim_cl_gemm_range_packed(slim_cl_build *build, const slim_gemm_params *g, int m, int n);

/** The same for kernels that make the first factor, a vector of k at a time, for as many columns as can be. packed: they
 * find the second packed. */
slim_gemm_params slim_cl_gemm_made(const slim_device *device, int m, int n, int k, bool packed);

/** The same in products of halves (strassen.h): block_m rows and block_n columns of either half, block_k of both. */
slim_gemm_params slim_cl_gemm_halves(const slim_device *device, int m, int n, int k);
/** How many tiles' factors fit; 0: none. */
int slim_cl_gemm_halves_tiles(const slim_device *device);

/** The same for kernels that keep all of a's block packed, block_k rows of block_m, and cut k into slices. lies: or that
 * read a as it lies where b has few columns. */
slim_gemm_params slim_cl_gemm_sliced(const slim_device *device, int m, int n, int k, bool lies);
/** How many slices there are; each makes a result of its own. */
int slim_cl_gemm_slices(const slim_gemm_params *g, int k);
void slim_cl_gemm_range_sliced(slim_cl_build *build, const slim_gemm_params *g, int m, int n, int k);

#endif
