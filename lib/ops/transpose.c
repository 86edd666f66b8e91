/* Axes in another order. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  const slim_transpose_attr *attr = q->attr;
  const slim_shape *x = &q->in[0];
  unsigned seen = 0;
  if (attr->rank != x->rank) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "%d axes for the input %s", attr->rank, slim_shape_words(x).text);
  }
  q->out[0].rank = x->rank;
  for (int i = 0; i < x->rank; i++) {
    const int from = attr->axis[i];
    if (!slim_rule_axis(q, from, x->rank)) {
      return false;
    }
    if (seen & 1u << from) {
      return slim_rule_fail(q, SLIM_ERR_ARG, "axis %d is named twice", from);
    }
    seen |= 1u << from;
    q->out[0].dim[i] = x->dim[from];
  }
  return true;
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  const slim_transpose_attr *attr = node->attr;
  slim_transpose_attr back = { .rank = attr->rank };
  for (int i = 0; i < attr->rank; i++) {
    back.axis[attr->axis[i]] = i;
  }
  dx[0] = slim_op_add(dy, 1, &slim_op_transpose, "transpose", &back);
}

const slim_op slim_op_transpose = { .name = "transpose",
                                    .min_inputs = 1,
                                    .max_inputs = 1,
                                    .outputs = 1,
                                    .attr_size = sizeof(slim_transpose_attr),
                                    .infer = infer,
                                    .gradient = gradient };
