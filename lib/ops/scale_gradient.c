/* The first input; its gradient is multiplied by the second. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  const slim_shape *x = &q->in[0], *by = &q->in[1];
  const int missing = x->rank - by->rank;
  q->out[0] = *x;
  for (int i = 0; i < by->rank; i++) {
    if (missing < 0 || (by->dim[i] != 1 && by->dim[i] != x->dim[missing + i])) {
      return slim_rule_fail(q, SLIM_ERR_SHAPE, "the multiplier %s does not broadcast to the input %s",
                            slim_shape_words(by).text, slim_shape_words(x).text);
    }
  }
  return slim_rule_float(q, 0, "input") && slim_rule_float(q, 1, "multiplier");
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  dx[0] = slim_op_binary_add(dy[0], node->inputs[1], SLIM_BINARY_MUL);
}

const slim_op slim_op_scale_gradient = { .name = "scale_gradient",
                                         .min_inputs = 2,
                                         .max_inputs = 2,
                                         .outputs = 1,
                                         .flags = SLIM_OP_ALIAS,
                                         .shape_only = 1u << 1,
                                         .infer = infer,
                                         .gradient = gradient };
