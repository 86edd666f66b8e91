/* Tiled matrix products on GPUs and small devices (kernels/tile.h). */
#ifndef SLIM_OPENCL_TILE_H
#define SLIM_OPENCL_TILE_H

#include "backend/opencl/epilogue.h"
#include "backend/opencl/opencl.h"

/* The name of a tiled kernel, as SLIM_CL_READING; its twin _v4 takes numbers in fours. */
#define SLIM_CL_TILE(fours_, view_, kernel_)                                                                           \
  ((fours_) ? SLIM_CL_READING(view_, kernel_ "_v4") : SLIM_CL_READING(view_, kernel_))

/** Can the device run the tiled kernels? */
bool slim_cl_tile_usable(const slim_device *device);
/** How many of k a group sums: less than k where a result of m by n alone would leave the device idle. */
int slim_cl_tile_slice(const slim_device *device, int m, int n, int k);
/** Bytes of the slices' sums; 0 when there is one slice. */
size_t slim_cl_tile_workspace(int m, int n, int k, int slice);
/** A group for each tile of m by n and each slice of k. */
void slim_cl_tile_range(slim_cl_build *build, int m, int n, int k, int slice);
/** Adds the slices' sums up, which lie in the workspace from some aligned bytes on, and ends the result. */
void slim_cl_tile_add(slim_cl_build *build, size_t parts_at, const slim_cl_epilogue *epilogue, const slim_view *y, int m,
                      int n, int slices);

#endif
