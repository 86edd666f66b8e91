/* Tiled matrix products on GPUs and small devices (kernels/tile.h). */
#ifndef SLIM_OPENCL_TILE_H
#define SLIM_OPENCL_TILE_H

#include "backend/opencl/epilogue.h"
#include "backend/opencl/opencl.h"
#include "kernels/matmul_params.h"
#include "kernels/matmul_tile_params.h"

/** Can the device run the tiled kernels? */
bool slim_cl_tile_usable(const slim_device *device);
/** How many of k a group sums: less than k where so many results of m by n alone would leave the device idle, and there
 * is memory for the slices' sums. */
int slim_cl_tile_slice(const slim_device *device, int results, int m, int n, int k);
/** The same where they share an allocation with so many bytes. */
int slim_cl_tile_slice_beside(const slim_device *device, int results, int m, int n, int k, size_t beside);
/** How many of k a group may sum, 1 at least. */
int slim_cl_tile_slice_most(const slim_device *device, int k);
/** Bytes of the slices' sums; 0 when there is one slice. */
size_t slim_cl_tile_workspace(int m, int n, int k, int slice);
/** A group for each tile of m by n and each of so many slices, or pairs of matrices, or both. */
void slim_cl_tile_range(slim_cl_build *build, int m, int n, int slices);
/** Products of pairs of matrices, each in fours, where the views begin; a launch. */
void slim_cl_tile_products(slim_cl_build *build, const slim_view *a, const slim_view *b, const slim_view *y,
                           const slim_matmul_params *p, const slim_matmul_tile_params *t, int pairs);
/** Adds the slices' sums up, which lie in the workspace from some aligned bytes on, and ends the result. */
void slim_cl_tile_add(slim_cl_build *build, size_t parts_at, const slim_cl_epilogue *epilogue, const slim_view *y,
                      int m, int n, int slices);

#endif
