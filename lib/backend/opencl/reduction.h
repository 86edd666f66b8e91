/* Reductions over axes, shared by reduce and bias_add_gradient. */
#ifndef SLIM_OPENCL_REDUCTION_H
#define SLIM_OPENCL_REDUCTION_H

#include "backend/opencl/opencl.h"

/** Bytes that the launches of slim_cl_reduce need: none for sums of fewer than 1024 elements. */
size_t slim_cl_reduce_workspace(const slim_device *device, const slim_shape *x, unsigned axes);
/** Reduces x over the axes of the mask into y; long ones in two launches with parts in the workspace. */
void slim_cl_reduce(slim_cl_build *build, const slim_view *x, const slim_view *y, slim_reduce_kind kind, unsigned axes);

#endif
