#include "backend/opencl/move.h"
#include "backend/opencl/ops.h"
#include "backend/opencl/strides.h"

static void prepare(slim_cl_build *b)
{
  const slim_broadcast_attr *attr = b->attr;
  const slim_shape *out = &b->out[0].shape;
  slim_move_params p = { .n = slim_cl_elements(&b->out[0]), .strides = { .rank = out->rank } };
  int step = 1;
  float repeated = 1.0f;
  for (int i = out->rank - 1; i >= 0; i--) {
    const bool repeat = (attr->axes >> i & 1u) != 0;
    p.strides.dim[i] = out->dim[i];
    p.strides.a[i] = repeat ? 0 : step;
    repeated *= repeat ? (float)out->dim[i] : 1.0f;
    step *= repeat ? 1 : out->dim[i];
  }
  slim_cl_strides(out, p.strides.b);
  p.scale = attr->mean ? 1.0f / repeated : 1.0f;
  slim_cl_move_scaled(b, &b->in[0], &b->out[0], &p);
}

static bool supports(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  (void)device;
  (void)group;
  return in[0].dtype == SLIM_FLOAT32 && out[0].dtype == SLIM_FLOAT32;
}

const slim_cl_op slim_cl_op_broadcast_like = { .prepare = prepare, .supports = supports };
