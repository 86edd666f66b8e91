#include "backend/opencl/classes.h"

static void prepare(slim_cl_build *b)
{
  slim_classes_params p = slim_cl_rows(&b->in[0]);
  p.k = ((const slim_top_k_attr *)b->attr)->k;
  p.want = slim_cl_wants(b);
  slim_cl_begin(b, "slim_top_k_naive_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg_view(b, &b->out[1]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range_rows(b, p.n);
}

static bool supports(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  (void)device;
  (void)group;
  return in[0].dtype == SLIM_FLOAT32 && out[0].dtype == SLIM_FLOAT32 && out[1].dtype == SLIM_INT32;
}

const slim_cl_op slim_cl_op_top_k = { .prepare = prepare, .supports = supports };
