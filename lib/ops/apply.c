/* Optimizers: one node updates all variables. */
#include "ops/rule.h"

/* The inputs are scalars hyper-parameters, then groups of a variable, its slots and its gradient, all of one shape. */
static bool groups_fit(slim_inference *q, int scalars, int group)
{
  const slim_apply_attr *attr = q->attr;
  if (attr->variables < 1 || q->inputs != (int64_t)scalars + (int64_t)attr->variables * group) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "%d inputs for %d variables, must be %d and %d for each variable", q->inputs,
                          attr->variables, scalars, group);
  }
  for (int i = 0; i < scalars; i++) {
    if (!slim_rule_rank(q, i, "hyper-parameter", 0) || !slim_rule_float(q, i, "hyper-parameter")) {
      return false;
    }
  }
  for (int i = scalars; i < q->inputs; i++) {
    const int variable = i - (i - scalars) % group;
    const char *what = i - variable == group - 1 ? "gradient" : "slot";
    if (!slim_rule_float(q, i, i == variable ? "variable" : what) ||
        !slim_rule_like(q, variable, "variable", i, what)) {
      return false;
    }
  }
  q->out[0] = (slim_shape){ 0 };
  q->out_type[0] = SLIM_FLOAT32;
  return true;
}

static bool infer_gradient_descent(slim_inference *q)
{
  return groups_fit(q, 1, 2);
}

static bool infer_momentum(slim_inference *q)
{
  return groups_fit(q, 1, 3);
}

static bool infer_adam(slim_inference *q)
{
  return groups_fit(q, 3, 4);
}

static bool infer_rms_prop(slim_inference *q)
{
  return groups_fit(q, 1, ((const slim_apply_attr *)q->attr)->centered ? 5 : 4);
}

#define APPLY(name_, scalars_, host_)                                                                                  \
  const slim_op slim_op_apply_##name_ = { .name = "apply_" #name_,                                                     \
                                          .min_inputs = (scalars_) + 2,                                                \
                                          .max_inputs = -1,                                                            \
                                          .outputs = 1,                                                                \
                                          .attr_size = sizeof(slim_apply_attr),                                        \
                                          .flags = SLIM_OP_EFFECT,                                                     \
                                          .host_inputs = (host_),                                                      \
                                          .infer = infer_##name_ }

APPLY(gradient_descent, 1, 1u);
APPLY(momentum, 1, 1u);
APPLY(adam, 3, 7u);
APPLY(rms_prop, 1, 1u);

int slim_apply_hyper(const slim_op *op)
{
  const bool one = op == &slim_op_apply_gradient_descent || op == &slim_op_apply_momentum ||
                   op == &slim_op_apply_rms_prop;
  return op == &slim_op_apply_adam ? 3 : one;
}
