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

/* X(name, hyper-parameters, slots) */
#define RULES(X)                                                                                                       \
  X(gradient_descent, 1, 0)                                                                                            \
  X(momentum, 1, 1)                                                                                                    \
  X(adagrad, 1, 1)                                                                                                     \
  X(adadelta, 1, 2)                                                                                                    \
  X(adam, 3, 2)                                                                                                        \
  X(ftrl, 1, 2)                                                                                                        \
  X(rms_prop, 1, 2)                                                                                                    \
  X(proximal_gradient_descent, 1, 0)                                                                                   \
  X(proximal_adagrad, 1, 1)

#define APPLY(name_, scalars_, slots_)                                                                                 \
  static bool infer_##name_(slim_inference *q)                                                                         \
  {                                                                                                                    \
    return groups_fit(q, scalars_, slim_apply_slots(&slim_op_apply_##name_, q->attr) + 2);                             \
  }                                                                                                                    \
  const slim_op slim_op_apply_##name_ = { .name = "apply_" #name_,                                                     \
                                          .min_inputs = (scalars_) + 2,                                                \
                                          .max_inputs = -1,                                                            \
                                          .outputs = 1,                                                                \
                                          .attr_size = sizeof(slim_apply_attr),                                        \
                                          .flags = SLIM_OP_EFFECT,                                                     \
                                          .host_inputs = (1u << (scalars_)) - 1u,                                      \
                                          .infer = infer_##name_ };
RULES(APPLY)

static const struct apply_rule {
  const slim_op *op;
  int scalars, slots;
} rules[] = {
#define RULE(name_, scalars_, slots_) { &slim_op_apply_##name_, scalars_, slots_ },
  RULES(RULE)
};

static const struct apply_rule *rule_of(const slim_op *op)
{
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    if (rules[i].op == op) {
      return &rules[i];
    }
  }
  return NULL;
}

int slim_apply_hyper(const slim_op *op)
{
  const struct apply_rule *rule = rule_of(op);
  return rule ? rule->scalars : 0;
}

int slim_apply_slots(const slim_op *op, const slim_apply_attr *attr)
{
  const struct apply_rule *rule = rule_of(op);
  return rule ? rule->slots + (attr->centered != 0) : 0;
}
