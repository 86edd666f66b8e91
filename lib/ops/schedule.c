/* Learning rates that depend on the step. */
#include "ops/rule.h"

static bool pieces_usable(slim_inference *q, const slim_schedule_attr *attr)
{
  for (int i = 1; i + 1 < attr->pieces; i++) {
    if (attr->boundaries[i] <= attr->boundaries[i - 1]) {
      return slim_rule_fail(q, SLIM_ERR_ARG, "boundary %d, step %lld, must be above the one before, step %lld", i,
                            (long long)attr->boundaries[i], (long long)attr->boundaries[i - 1]);
    }
  }
  return true;
}

static bool infer(slim_inference *q)
{
  const slim_schedule_attr *attr = q->attr;
  if ((int)attr->kind < 0 || attr->kind >= SLIM_SCHEDULE_KINDS) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "there is no schedule number %d", (int)attr->kind);
  }
  if (attr->kind == SLIM_SCHEDULE_PIECEWISE_CONSTANT) {
    if (!pieces_usable(q, attr)) {
      return false;
    }
  } else if (!(attr->decay_steps > 0.0)) {
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
