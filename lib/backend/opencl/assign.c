#include "backend/opencl/ops.h"
#include "kernels/assign_params.h"

static void launch(slim_cl_build *b, const char *kernel, slim_assign_params p)
{
  p.want = slim_cl_wants(b) & 1;
  slim_cl_begin(b, kernel);
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg_memory(b, b->cl->flag.memory);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range(b, p.n);
}

static void prepare(slim_cl_build *b)
{
  const size_t bytes = slim_cl_bytes(&b->in[0]);
  const bool words = bytes % 4 == 0;
  launch(b, words ? "slim_assign_naive_b4" : "slim_assign_naive_b1",
         (slim_assign_params){ .n = (unsigned)(words ? bytes / 4 : bytes) });
}

static void prepare_average(slim_cl_build *b)
{
  launch(b, "slim_assign_moving_average_naive_f32",
         (slim_assign_params){ .n = slim_cl_elements(&b->in[0]), .decay = ((const slim_assign_attr *)b->attr)->decay });
}

static bool supports(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  (void)device;
  (void)group;
  (void)out;
  return in[0].dtype == in[1].dtype && slim_cl_bytes(&in[0]) == slim_cl_bytes(&in[1]);
}

const slim_cl_op slim_cl_op_assign = { .prepare = prepare, .supports = supports };
const slim_cl_op slim_cl_op_assign_moving_average = { .prepare = prepare_average };
