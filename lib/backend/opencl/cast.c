#include "backend/opencl/ops.h"
#include "kernels/cast_params.h"

static void prepare(slim_cl_build *b)
{
  const slim_cast_params p = { slim_cl_elements(&b->out[0]), (int)b->in[0].dtype, (int)b->out[0].dtype };
  slim_cl_begin(b, "slim_cast_naive_any");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range(b, p.n);
}

static bool known(slim_dtype type)
{
  return type == SLIM_FLOAT32 || type == SLIM_INT32 || type == SLIM_UINT8 || type == SLIM_INT64 || type == SLIM_BOOL;
}

static bool supports(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  (void)device;
  (void)group;
  return (known(in[0].dtype) || in[0].dtype == SLIM_FLOAT16) && known(out[0].dtype);
}

const slim_cl_op slim_cl_op_cast = { .prepare = prepare, .supports = supports };
