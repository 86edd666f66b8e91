#include "backend/opencl/classes.h"

static void prepare(slim_cl_build *b)
{
  const int axis = ((const slim_argmax_attr *)b->attr)->axis;
  const slim_shape *x = &b->in[0].shape;
  slim_classes_params p = { .n = slim_cl_elements(&b->out[0]), .c = x->dim[axis], .inner = 1 };
  for (int i = axis + 1; i < x->rank; i++) {
    p.inner *= x->dim[i];
  }
  slim_cl_begin(b, "slim_argmax_naive_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range(b, p.n);
}

static bool supports(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  (void)device;
  (void)group;
  return in[0].dtype == SLIM_FLOAT32 && out[0].dtype == SLIM_INT64;
}

const slim_cl_op slim_cl_op_argmax = { .prepare = prepare, .supports = supports };
