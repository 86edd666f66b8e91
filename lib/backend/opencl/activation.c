#include "backend/opencl/ops.h"
#include "kernels/activation_params.h"

static slim_activation_params params_of(const slim_cl_build *b)
{
  const slim_activation_attr *attr = b->attr;
  return (slim_activation_params){ slim_cl_elements(&b->out[0]), (int)attr->kind };
}

static void prepare(slim_cl_build *b)
{
  const slim_activation_params p = params_of(b);
  slim_cl_begin(b, "slim_activation_vector_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range_vectors(b, p.n);
}

static void prepare_gradient(slim_cl_build *b)
{
  const slim_activation_params p = params_of(b);
  slim_cl_begin(b, "slim_activation_gradient_vector_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range_vectors(b, p.n);
}

const slim_cl_op slim_cl_op_activation = { .prepare = prepare };
const slim_cl_op slim_cl_op_activation_gradient = { .prepare = prepare_gradient };
