/* Sums of all elements so far, along an axis. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  return slim_rule_axis(q, ((const slim_cumsum_attr *)q->attr)->axis, q->in[0].rank) && slim_rule_elementwise(q);
}

/* An element is in the sums from its own place on. */
static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  slim_cumsum_attr attr = *(const slim_cumsum_attr *)node->attr;
  attr.reverse = !attr.reverse;
  dx[0] = slim_op_add(dy, 1, &slim_op_cumsum, "Cumsum", &attr);
}

const slim_op slim_op_cumsum = { .name = "cumsum",
                                 .min_inputs = 1,
                                 .max_inputs = 1,
                                 .outputs = 1,
                                 .attr_size = sizeof(slim_cumsum_attr),
                                 .infer = infer,
                                 .gradient = gradient };
