#include "backend/opencl/pool2d.h"

static void prepare(slim_cl_build *b)
{
  const slim_pool2d_params p = slim_cl_pool2d(b, &b->in[0].shape, &b->out[0].shape);
  slim_cl_begin(b, slim_cl_pool2d_vectors(b, &p) ? "slim_max_pool2d_vector_f32" : "slim_max_pool2d_naive_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg_view(b, slim_cl_out(b, 1));
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_pool2d_range(b, &p);
}

static void prepare_gradient(slim_cl_build *b)
{
  const slim_pool2d_params p = slim_cl_pool2d(b, &b->out[0].shape, &b->in[0].shape);
  slim_cl_begin(b, slim_cl_pool2d_vectors(b, &p) ? "slim_max_pool2d_gradient_vector_f32"
                                                 : "slim_max_pool2d_gradient_naive_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_pool2d_range(b, &p);
}

static bool supports(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  (void)device;
  (void)group;
  return in[0].dtype == SLIM_FLOAT32 && out[0].dtype == SLIM_FLOAT32;
}

const slim_cl_op slim_cl_op_max_pool2d = { .prepare = prepare, .supports = supports };
const slim_cl_op slim_cl_op_max_pool2d_gradient = { .prepare = prepare_gradient, .supports = supports };
