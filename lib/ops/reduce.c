/* Sums, means and maxima over axes. */
#include "ops/rule.h"

static const char *const names[] = { "Sum", "Mean", "Max", "L2Loss" };

static bool infer(slim_inference *q)
{
  const slim_reduce_attr *attr = q->attr;
  const slim_shape *x = &q->in[0];
  slim_shape *out = &q->out[0];
  if ((int)attr->kind < 0 || (int)attr->kind > SLIM_REDUCE_HALF_SQUARES) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "there is no reduction number %d", (int)attr->kind);
  }
  if (attr->axes >> x->rank) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "axes beyond the rank of the input %s", slim_shape_words(x).text);
  }
  for (int i = 0; i < x->rank; i++) {
    if (!(attr->axes & 1u << i)) {
      out->dim[out->rank++] = x->dim[i];
    } else if (attr->keep_dims) {
      out->dim[out->rank++] = 1;
    }
  }
  return slim_rule_float(q, 0, "input");
}

slim_tensor *slim_op_reduce_add(slim_tensor *x, slim_reduce_kind kind, unsigned axes, int keep_dims)
{
  const slim_reduce_attr attr = { kind, axes, keep_dims };
  return slim_op_add(&x, 1, &slim_op_reduce, names[kind], &attr);
}

/* dy is shared equally by all that reach the maximum. */
static slim_tensor *max_gradient(slim_node *node, slim_tensor *dy)
{
  const slim_reduce_attr *attr = node->attr;
  slim_tensor *x = node->inputs[0], *y = &node->outputs[0];
  slim_tensor *top = slim_op_broadcast_like_add(y, x, attr->axes, 0);
  slim_tensor *hits = slim_op_binary_add(x, top, SLIM_BINARY_EQUAL);
  slim_tensor *count = slim_op_reduce_add(hits, SLIM_REDUCE_SUM, attr->axes, attr->keep_dims);
  slim_tensor *share = slim_op_binary_add(dy, count, SLIM_BINARY_DIV);
  return slim_op_binary_add(hits, slim_op_broadcast_like_add(share, x, attr->axes, 0), SLIM_BINARY_MUL);
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  const slim_reduce_attr *attr = node->attr;
  slim_tensor *x = node->inputs[0], *d = dy[0];
  switch (attr->kind) {
  case SLIM_REDUCE_SUM:
  case SLIM_REDUCE_MEAN:
    dx[0] = slim_op_broadcast_like_add(d, x, attr->axes, attr->kind == SLIM_REDUCE_MEAN);
    break;
  case SLIM_REDUCE_MAX:
    dx[0] = max_gradient(node, d);
    break;
  case SLIM_REDUCE_HALF_SQUARES:
    d = d->shape.rank == 0 ? d : slim_op_broadcast_like_add(d, x, attr->axes, 0);
    dx[0] = slim_op_binary_add(x, d, SLIM_BINARY_MUL);
    break;
  }
}

const slim_op slim_op_reduce = { .name = "reduce",
                                 .min_inputs = 1,
                                 .max_inputs = 1,
                                 .outputs = 1,
                                 .attr_size = sizeof(slim_reduce_attr),
                                 .infer = infer,
                                 .gradient = gradient };
