/* Writing a variable. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  q->out[0] = q->in[0];
  if (q->in_type[0] != q->in_type[1]) {
    return slim_rule_fail(q, SLIM_ERR_TYPE, "a value of type %s cannot go into a variable of type %s",
                          slim_dtype_name(q->in_type[1]), slim_dtype_name(q->in_type[0]));
  }
  return slim_rule_like(q, 0, "variable", 1, "value");
}

static bool infer_average(slim_inference *q)
{
  const slim_assign_attr *attr = q->attr;
  if (!(attr->decay >= 0.0f && attr->decay <= 1.0f)) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "decay %g must be from 0 to 1", (double)attr->decay);
  }
  return infer(q) && slim_rule_float(q, 0, "variable");
}

const slim_op slim_op_assign = { .name = "assign",
                                 .min_inputs = 2,
                                 .max_inputs = 2,
                                 .outputs = 1,
                                 .attr_size = sizeof(slim_assign_attr),
                                 .flags = SLIM_OP_EFFECT,
                                 .infer = infer };
const slim_op slim_op_assign_moving_average = { .name = "assign_moving_average",
                                                .min_inputs = 2,
                                                .max_inputs = 2,
                                                .outputs = 1,
                                                .attr_size = sizeof(slim_assign_attr),
                                                .flags = SLIM_OP_EFFECT,
                                                .infer = infer_average };
