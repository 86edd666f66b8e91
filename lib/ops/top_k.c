/* The largest elements of each row, and where they are. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  const slim_top_k_attr *attr = q->attr;
  const slim_shape *x = &q->in[0];
  if (x->rank < 1) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "input [] has rank 0, must have rank 1 or more");
  }
  const int n = x->dim[x->rank - 1];
  if (attr->k < 1 || (n >= 0 && attr->k > n)) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "k is %d, must be from 1 to the last dimension of %s", attr->k,
                          slim_shape_words(x).text);
  }
  q->out[0] = *x;
  q->out[0].dim[x->rank - 1] = attr->k;
  q->out[1] = q->out[0];
  q->out_type[1] = SLIM_INT32;
  return slim_rule_float(q, 0, "input");
}

/* Each value's gradient goes to its place. */
static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  const slim_tensor *x = node->inputs[0];
  const int rank = x->shape.rank;
  if (!dy[0]) {
    return;
  }
  const slim_one_hot_attr attr = { x->shape.dim[rank - 1], 1.0f, 0.0f };
  slim_tensor *indices = &node->outputs[1], *places = slim_op_add(&indices, 1, &slim_op_one_hot, "OneHot", &attr);
  slim_shape column = dy[0]->shape;
  for (int i = 0; i < column.rank; i++) {
    column.dim[i] = i == 0 && column.dim[i] == -1 ? 0 : column.dim[i]; /* 0 keeps the open batch */
  }
  column.dim[column.rank++] = 1;
  slim_tensor *spread = slim_op_binary_add(places, slim_op_reshape_add(dy[0], column), SLIM_BINARY_MUL);
  dx[0] = slim_op_reduce_add(spread, SLIM_REDUCE_SUM, 1u << (rank - 1), 0);
}

const slim_op slim_op_top_k = { .name = "top_k",
                                .min_inputs = 1,
                                .max_inputs = 1,
                                .outputs = 2,
                                .attr_size = sizeof(slim_top_k_attr),
                                .infer = infer,
                                .gradient = gradient };
