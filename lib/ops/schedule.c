/* Learning rates that depend on the step. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  const slim_schedule_attr *attr = q->attr;
  if (attr->kind != SLIM_SCHEDULE_EXPONENTIAL && attr->kind != SLIM_SCHEDULE_POLYNOMIAL) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "there is no schedule number %d", (int)attr->kind);
  }
  if (!(attr->decay_steps > 0.0)) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "decay_steps %g must be above 0", attr->decay_steps);
  }
  q->out_type[0] = SLIM_FLOAT32;
  return slim_rule_rank(q, 0, "step", 0) && slim_rule_integer(q, 0, "step");
}

const slim_op slim_op_schedule = { .name = "schedule",
                                   .min_inputs = 1,
                                   .max_inputs = 1,
                                   .outputs = 1,
                                   .attr_size = sizeof(slim_schedule_attr),
                                   .flags = SLIM_OP_HOST,
                                   .host_inputs = ~0u,
                                   .infer = infer };
