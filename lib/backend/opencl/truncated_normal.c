#include "backend/opencl/ops.h"
#include "kernels/truncated_normal_params.h"

static void prepare(slim_cl_build *b)
{
  const slim_truncated_normal_attr *attr = b->attr;
  const slim_truncated_normal_params p = { .n = slim_cl_elements(&b->out[0]), .stddev = attr->stddev };
  slim_cl_begin(b, "slim_truncated_normal_naive_f32");
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg_key(b, (uint64_t)attr->hash_high << 32 | attr->hash_low);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range(b, p.n);
}

static bool supports(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  (void)device;
  (void)group;
  (void)in;
  return out[0].dtype == SLIM_FLOAT32;
}

const slim_cl_op slim_cl_op_truncated_normal = { .prepare = prepare, .supports = supports };
