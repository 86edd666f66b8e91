/* Counters on the host: global_step, powers of beta. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  q->out[0] = q->in[0];
  return slim_rule_rank(q, 0, "variable", 0);
}

const slim_op slim_op_counter = { .name = "counter",
                                  .min_inputs = 1,
                                  .max_inputs = 1,
                                  .outputs = 1,
                                  .attr_size = sizeof(slim_counter_attr),
                                  .flags = SLIM_OP_HOST | SLIM_OP_EFFECT,
                                  .host_inputs = ~0u,
                                  .infer = infer };
