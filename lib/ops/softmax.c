/* Softmax over the last axis. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  if (q->in[0].rank < 1 || q->in[0].dim[q->in[0].rank - 1] == -1) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "input %s has no last axis of known size",
                          slim_shape_words(&q->in[0]).text);
  }
  return slim_rule_elementwise(q);
}

static bool infer_gradient(slim_inference *q)
{
  return slim_rule_like(q, 0, "gradient", 1, "result") && slim_rule_elementwise(q);
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  slim_tensor *inputs[] = { dy[0], &node->outputs[0] };
  dx[0] = slim_op_add(inputs, 2, &slim_op_softmax_gradient, "SoftmaxGrad", NULL);
}

const slim_op slim_op_softmax = { .name = "softmax",
                                  .min_inputs = 1,
                                  .max_inputs = 1,
                                  .outputs = 1,
                                  .flags = SLIM_OP_IN_PLACE,
                                  .infer = infer,
                                  .gradient = gradient };
const slim_op slim_op_softmax_gradient = { .name = "softmax_gradient",
                                           .min_inputs = 2,
                                           .max_inputs = 2,
                                           .outputs = 1,
                                           .flags = SLIM_OP_IN_PLACE,
                                           .infer = infer_gradient };
