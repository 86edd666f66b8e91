#include "backend/opencl/classes.h"

static void prepare(slim_cl_build *b)
{
  const slim_classes_params p = slim_cl_rows(&b->in[0]);
  slim_cl_begin_classes(b, &p, "slim_softmax_group_f32", "slim_softmax_naive_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range_classes(b, &p);
}

static void prepare_gradient(slim_cl_build *b)
{
  const slim_classes_params p = slim_cl_rows(&b->in[0]);
  slim_cl_begin_classes(b, &p, "slim_softmax_gradient_group_f32", "slim_softmax_gradient_naive_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range_classes(b, &p);
}

const slim_cl_op slim_cl_op_softmax = { .prepare = prepare };
const slim_cl_op slim_cl_op_softmax_gradient = { .prepare = prepare_gradient };
