/* Strided copies between tensors of one type, whatever the type. */
#ifndef SLIM_OPENCL_MOVE_H
#define SLIM_OPENCL_MOVE_H

#include "backend/opencl/opencl.h"
#include "kernels/move_params.h"

/** A launch that copies given->n elements as the strides say. */
void slim_cl_move(slim_cl_build *build, const slim_view *x, const slim_view *y, const slim_move_params *given);
/** The same with each element, a float32, times given->scale. */
void slim_cl_move_scaled(slim_cl_build *build, const slim_view *x, const slim_view *y, const slim_move_params *given);
/** The same into a box of y, which is 0 around it. */
void slim_cl_move_padded(slim_cl_build *build, const slim_view *x, const slim_view *y, const slim_move_params *given);
/** slim_cl_op.supports of such ops: all tensors have one type of 1, 4 or 8 bytes. */
bool slim_cl_move_supports(const slim_device *device, const slim_group *group, const slim_view *in,
                           const slim_view *out);

#endif
