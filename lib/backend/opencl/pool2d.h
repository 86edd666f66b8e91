/* Geometry of pooling, shared by max_pool2d and avg_pool2d. */
#ifndef SLIM_OPENCL_POOL2D_H
#define SLIM_OPENCL_POOL2D_H

#include "backend/opencl/ops.h"
#include "kernels/pool2d_params.h"

/** x: the shape of the pooled tensor; y: of the result. */
slim_pool2d_params slim_cl_pool2d(const slim_cl_build *build, const slim_shape *x, const slim_shape *y);

/** Are channels to be taken by vectors? */
bool slim_cl_pool2d_vectors(const slim_cl_build *build, const slim_pool2d_params *p);
/** The range of the kernel: by vectors or by elements. */
void slim_cl_pool2d_range(slim_cl_build *build, const slim_pool2d_params *p);

#endif
