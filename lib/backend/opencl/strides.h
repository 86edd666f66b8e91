/* Index arithmetic of ops that walk tensors by strides. */
#ifndef SLIM_OPENCL_STRIDES_H
#define SLIM_OPENCL_STRIDES_H

#include "kernels/strides_params.h"
#include "slim/base.h"

/** Row-major strides in elements. */
void slim_cl_strides(const slim_shape *shape, int *stride);
/** Strides of shape walked over like, which it broadcasts to: aligned at the end, 0 along repeated axes. */
void slim_cl_strides_broadcast(const slim_shape *shape, const slim_shape *like, int *stride);
/** Joins neighbouring axes that both tensors walk as one and drops axes of size 1; rank is at least 1. */
void slim_cl_strides_join(slim_strides_params *p);

#endif
