/* Notices a loss that is not a finite number. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  return slim_rule_rank(q, 0, "input", 0) && slim_rule_elementwise(q);
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  (void)node;
  dx[0] = dy[0];
}

const slim_op slim_op_finite_check = {
  .name = "finite_check", .min_inputs = 1, .max_inputs = 1, .outputs = 1, .infer = infer, .gradient = gradient
};
