#include "backend/opencl/classes.h"

static void prepare(slim_cl_build *b)
{
  const slim_one_hot_attr *attr = b->attr;
  const slim_classes_params p = { .n = slim_cl_elements(&b->in[0]),
                                  .c = attr->classes,
                                  .wide = b->in[0].dtype == SLIM_INT64,
                                  .on_value = attr->on_value,
                                  .off_value = attr->off_value };
  slim_cl_begin(b, "slim_one_hot_naive_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range(b, slim_cl_elements(&b->out[0]));
}

static bool supports(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  (void)device;
  (void)group;
  return slim_cl_is_label(&in[0]) && out[0].dtype == SLIM_FLOAT32;
}

const slim_cl_op slim_cl_op_one_hot = { .prepare = prepare, .supports = supports };
