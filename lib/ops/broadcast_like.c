/* A tensor repeated along axes; what the gradient of a reduction is. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  const slim_broadcast_attr *attr = q->attr;
  const slim_shape *x = &q->in[0], *like = &q->in[1];
  const bool kept = x->rank == like->rank;
  int at = 0;
  bool fits = true;
  for (int i = 0; fits && i < like->rank; i++) {
    const bool repeated = attr->axes & 1u << i;
    if (kept || !repeated) {
      fits = at < x->rank &&
             (repeated ? slim_rule_dims_agree(x->dim[at], 1) : slim_rule_dims_agree(x->dim[at], like->dim[i]));
      at++;
    }
  }
  if (!fits || at != x->rank) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "%s cannot be repeated to %s", slim_shape_words(x).text,
                          slim_shape_words(like).text);
  }
  q->out[0] = *like;
  return slim_rule_float(q, 0, "input");
}

slim_tensor *slim_op_broadcast_like_add(slim_tensor *x, slim_tensor *like, unsigned axes, int mean)
{
  const slim_broadcast_attr attr = { axes, mean };
  slim_tensor *inputs[] = { x, like };
  return slim_op_add(inputs, 2, &slim_op_broadcast_like, "BroadcastTo", &attr);
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  const slim_broadcast_attr *attr = node->attr;
  slim_tensor *sum = slim_op_reduce_add(dy[0], attr->mean ? SLIM_REDUCE_MEAN : SLIM_REDUCE_SUM, attr->axes, 0);
  dx[0] = slim_op_reshape_like_add(sum, node->inputs[0]);
}

const slim_op slim_op_broadcast_like = { .name = "broadcast_like",
                                         .min_inputs = 2,
                                         .max_inputs = 2,
                                         .outputs = 1,
                                         .attr_size = sizeof(slim_broadcast_attr),
                                         .shape_only = 1u << 1,
                                         .infer = infer,
                                         .gradient = gradient };
