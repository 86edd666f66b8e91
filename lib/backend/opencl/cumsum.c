#include "backend/opencl/ops.h"
#include "kernels/cumsum_params.h"

static void prepare(slim_cl_build *b)
{
  const slim_cumsum_attr *attr = b->attr;
  const slim_shape *x = &b->in[0].shape;
  slim_cumsum_params p = {
    .c = x->dim[attr->axis], .inner = 1, .exclusive = attr->exclusive, .reverse = attr->reverse
  };
  p.n = p.c == 0 ? 0 : slim_cl_elements(&b->in[0]) / (unsigned)p.c;
  for (int i = attr->axis + 1; i < x->rank; i++) {
    p.inner *= x->dim[i];
  }
  slim_cl_begin(b, "slim_cumsum_naive_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range(b, p.n);
}

const slim_cl_op slim_cl_op_cumsum = { .prepare = prepare };
