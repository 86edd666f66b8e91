#include "backend/opencl/move.h"
#include "backend/opencl/ops.h"
#include "backend/opencl/strides.h"

static void prepare(slim_cl_build *b)
{
  const slim_transpose_attr *attr = b->attr;
  int stride[SLIM_MAX_RANK] = { 0 };
  slim_cl_strides(&b->in[0].shape, stride);
  slim_move_params p = { .n = slim_cl_elements(&b->out[0]), .strides = { .rank = attr->rank } };
  slim_cl_strides(&b->out[0].shape, p.strides.b);
  for (int i = 0; i < attr->rank; i++) {
    p.strides.dim[i] = b->out[0].shape.dim[i];
    p.strides.a[i] = stride[attr->axis[i]];
  }
  slim_cl_move(b, &b->in[0], &b->out[0], &p);
}

const slim_cl_op slim_cl_op_transpose = { .prepare = prepare, .supports = slim_cl_move_supports };
