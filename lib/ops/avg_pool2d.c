/* Average pooling over the cells that lie inside the input. */
#include "ops/pool.h"

static bool infer(slim_inference *q)
{
  return slim_rule_rank(q, 0, "input", 4) && slim_rule_float(q, 0, "input") && slim_rule_pool(q, &q->in[0], &q->out[0]);
}

static bool infer_gradient(slim_inference *q)
{
  return slim_rule_pool_gradient(q, 1);
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  slim_tensor *inputs[] = { dy[0], node->inputs[0] };
  dx[0] = slim_op_add(inputs, 2, &slim_op_avg_pool2d_gradient, "AvgPoolGrad", node->attr);
}

const slim_op slim_op_avg_pool2d = { .name = "avg_pool2d",
                                     .min_inputs = 1,
                                     .max_inputs = 1,
                                     .outputs = 1,
                                     .attr_size = sizeof(slim_pool2d_attr),
                                     .infer = infer,
                                     .gradient = gradient };
const slim_op slim_op_avg_pool2d_gradient = { .name = "avg_pool2d_gradient",
                                              .min_inputs = 2,
                                              .max_inputs = 2,
                                              .outputs = 1,
                                              .attr_size = sizeof(slim_pool2d_attr),
                                              .shape_only = 1u << 1,
                                              .infer = infer_gradient };
