#include "backend/opencl/classes.h"

static void prepare_rows(slim_cl_build *b, const char *groups, const char *naive)
{
  slim_classes_params p = slim_cl_rows(&b->in[0]);
  p.wide = b->in[1].dtype == SLIM_INT64;
  p.want = slim_cl_wants(b);
  slim_cl_begin_classes(b, &p, groups, naive);
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, slim_cl_out(b, 0));
  slim_cl_arg_view(b, slim_cl_out(b, 1));
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range_classes(b, &p);
}

static void prepare_softmax(slim_cl_build *b)
{
  prepare_rows(b, "slim_softmax_cross_entropy_group_f32", "slim_softmax_cross_entropy_naive_f32");
}

static void prepare_sparse(slim_cl_build *b)
{
  prepare_rows(b, "slim_sparse_softmax_cross_entropy_group_f32", "slim_sparse_softmax_cross_entropy_naive_f32");
}

static void prepare_sigmoid(slim_cl_build *b)
{
  const slim_classes_params p = { .n = slim_cl_elements(&b->out[0]), .c = 1, .inner = 1 };
  slim_cl_begin(b, "slim_sigmoid_cross_entropy_naive_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range(b, p.n);
}

const slim_cl_op slim_cl_op_softmax_cross_entropy = { .prepare = prepare_softmax };
const slim_cl_op slim_cl_op_sparse_softmax_cross_entropy = { .prepare = prepare_sparse,
                                                             .supports = slim_cl_labels_support };
const slim_cl_op slim_cl_op_sigmoid_cross_entropy = { .prepare = prepare_sigmoid };
