#include "backend/opencl/pool2d.h"

static void launch(slim_cl_build *b, const char *kernel, const slim_pool2d_params *p)
{
  slim_cl_begin(b, kernel);
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, p, sizeof(*p));
  slim_cl_pool2d_range(b, p);
}

static void prepare(slim_cl_build *b)
{
  const slim_pool2d_params p = slim_cl_pool2d(b, &b->in[0].shape, &b->out[0].shape);
  launch(b, slim_cl_pool2d_vectors(b, &p) ? "slim_avg_pool2d_vector_f32" : "slim_avg_pool2d_naive_f32", &p);
}

static void prepare_gradient(slim_cl_build *b)
{
  const slim_pool2d_params p = slim_cl_pool2d(b, &b->out[0].shape, &b->in[0].shape);
  launch(b,
         slim_cl_pool2d_vectors(b, &p) ? "slim_avg_pool2d_gradient_vector_f32" : "slim_avg_pool2d_gradient_naive_f32",
         &p);
}

const slim_cl_op slim_cl_op_avg_pool2d = { .prepare = prepare };
const slim_cl_op slim_cl_op_avg_pool2d_gradient = { .prepare = prepare_gradient };
