#include "backend/opencl/ops.h"
#include "kernels/assign_params.h"

static void prepare(slim_cl_build *b)
{
  const slim_assign_params p = { .n = slim_cl_elements(&b->in[0]), .want = slim_cl_wants(b) & 1 };
  slim_cl_begin(b, "slim_finite_check_naive_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg_memory(b, b->cl->flag.memory);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range(b, p.n);
  b->step->fetch_flag = true;
}

const slim_cl_op slim_cl_op_finite_check = { .prepare = prepare };
