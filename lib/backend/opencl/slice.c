#include "backend/opencl/move.h"
#include "backend/opencl/ops.h"
#include "backend/opencl/strides.h"

/* Inputs from the third on are shapes that the slice lies behind, along the axis. */
static void prepare(slim_cl_build *b)
{
  const slim_slice_attr *attr = b->attr;
  const slim_shape *y = &b->out[0].shape;
  slim_move_params p = { .n = slim_cl_elements(&b->out[0]), .strides = { .rank = y->rank } };
  slim_cl_strides(&b->in[0].shape, p.strides.a);
  slim_cl_strides(y, p.strides.b);
  for (int i = 0; i < y->rank; i++) {
    p.strides.dim[i] = y->dim[i];
    p.from += (unsigned)(attr->begin[i] * p.strides.a[i]);
  }
  for (int k = 2; k < b->group->num_in; k++) {
    p.from += (unsigned)(b->in[k].shape.dim[attr->axis] * p.strides.a[attr->axis]);
  }
  slim_cl_move(b, &b->in[0], &b->out[0], &p);
}

const slim_cl_op slim_cl_op_slice = { .prepare = prepare, .supports = slim_cl_move_supports };
