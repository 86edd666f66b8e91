/* Tiled matrix products on GPUs and small devices. */
#ifndef SLIM_OPENCL_TILE_H
#define SLIM_OPENCL_TILE_H

#include "backend/opencl/opencl.h"

/** Can the device run the tiled kernels? */
bool slim_cl_tile_usable(const slim_device *device);
/** How many of k a group sums when a result of m by n alone would leave the device idle. */
int slim_cl_tile_slice(const slim_device *device, int m, int n, int k);
/** A group for each tile of m by n and each slice. */
void slim_cl_tile_range(slim_cl_build *build, int m, int n, int slices);

#endif
