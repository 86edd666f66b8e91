/* The sum of any number of tensors of one shape. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  q->out[0] = q->in[0];
  for (int i = 0; i < q->inputs; i++) {
    if (!slim_rule_float(q, i, "input") || !slim_rule_like(q, 0, "input", i, "input")) {
      return false;
    }
    for (int k = 0; k < q->out[0].rank; k++) {
      q->out[0].dim[k] = slim_rule_dim(q->out[0].dim[k], q->in[i].dim[k]);
    }
  }
  return true;
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  for (int i = 0; i < node->num_inputs; i++) {
    dx[i] = dy[0];
  }
}

const slim_op slim_op_add_n = { .name = "add_n",
                                .min_inputs = 1,
                                .max_inputs = -1,
                                .outputs = 1,
                                .flags = SLIM_OP_IN_PLACE | SLIM_OP_CHAIN,
                                .infer = infer,
                                .gradient = gradient };
