#include "backend/opencl/classes.h"

static void prepare(slim_cl_build *b)
{
  slim_classes_params p = slim_cl_rows(&b->in[0]);
  p.wide = b->in[1].dtype == SLIM_INT64;
  p.k = ((const slim_in_top_k_attr *)b->attr)->k;
  slim_cl_begin(b, "slim_in_top_k_naive_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range_rows(b, p.n);
}

const slim_cl_op slim_cl_op_in_top_k = { .prepare = prepare, .supports = slim_cl_labels_support };
