/* Sweeps over rows by groups of GPUs and small devices (kernels/group.h). */
#ifndef SLIM_OPENCL_SWEEP_H
#define SLIM_OPENCL_SWEEP_H

#include "backend/opencl/opencl.h"

/* How rows of c floats are cut: pieces of length rows, and vectors of 4 floats, across of them a group. */
typedef struct slim_cl_sweep {
  int across, pieces, length;
} slim_cl_sweep;

/** Can the device sweep rows of c floats so? */
bool slim_cl_sweeps(const slim_device *device, int c);
slim_cl_sweep slim_cl_sweep_of(const slim_device *device, int rows, int c);
/** How many vectors suit a group that goes through so few rows alone. */
int slim_cl_sweep_across(const slim_device *device, int rows);
/** Can the device run these groups at all? */
bool slim_cl_groups(const slim_device *device);
/** So many groups of its size. */
void slim_cl_range_whole_groups(slim_cl_build *build, size_t groups);
/** A group for each piece and each across vectors of c floats. */
void slim_cl_range_sweep(slim_cl_build *build, int c, int across, int pieces);

#endif
