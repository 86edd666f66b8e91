#include "backend/opencl/move.h"
#include "backend/opencl/ops.h"
#include "backend/opencl/strides.h"

static void prepare(slim_cl_build *b)
{
  const slim_pad_attr *attr = b->attr;
  const slim_shape *x = &b->in[0].shape;
  slim_move_params p = { .n = slim_cl_elements(&b->in[0]), .strides = { .rank = x->rank } };
  slim_cl_strides(x, p.strides.a);
  slim_cl_strides(&b->out[0].shape, p.strides.b);
  for (int i = 0; i < x->rank; i++) {
    p.strides.dim[i] = x->dim[i];
    p.to += (unsigned)(attr->before[i] * p.strides.b[i]);
  }
  slim_cl_move_padded(b, &b->in[0], &b->out[0], &p);
}

const slim_cl_op slim_cl_op_pad = { .prepare = prepare, .supports = slim_cl_move_supports };
