#include "backend/opencl/ops.h"
#include "kernels/unary_params.h"

static void prepare(slim_cl_build *b)
{
  const slim_unary_attr *attr = b->attr;
  const slim_unary_params p = { slim_cl_elements(&b->out[0]), (int)attr->kind, attr->a, attr->b };
  slim_cl_begin(b, "slim_unary_vector_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range_vectors(b, p.n);
}

const slim_cl_op slim_cl_op_unary = { .prepare = prepare };
