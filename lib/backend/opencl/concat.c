#include "backend/opencl/move.h"
#include "backend/opencl/ops.h"
#include "backend/opencl/strides.h"

static void prepare(slim_cl_build *b)
{
  const int axis = ((const slim_concat_attr *)b->attr)->axis;
  slim_move_params p = { .strides = { .rank = b->out[0].shape.rank } };
  int stride[SLIM_MAX_RANK] = { 0 }, before = 0;
  slim_cl_strides(&b->out[0].shape, stride);
  for (int k = 0; k < b->group->num_in; k++) {
    const slim_shape *x = &b->in[k].shape;
    p.n = slim_cl_elements(&b->in[k]);
    p.to = (unsigned)(before * stride[axis]);
    p.strides.rank = x->rank;
    slim_cl_strides(x, p.strides.a);
    for (int i = 0; i < x->rank; i++) {
      p.strides.dim[i] = x->dim[i];
      p.strides.b[i] = stride[i];
    }
    slim_cl_move(b, &b->in[k], &b->out[0], &p);
    before += x->dim[axis];
  }
}

const slim_cl_op slim_cl_op_concat = { .prepare = prepare, .supports = slim_cl_move_supports };
