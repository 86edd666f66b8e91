/* Activations; their gradients need the result alone. */
#include "ops/rule.h"

static const char *const names[] = { "Identity", "Relu", "Relu6", "Sigmoid", "Tanh", "Elu" };
static const char *const gradient_names[] = { "Identity", "ReluGrad", "Relu6Grad", "SigmoidGrad", "TanhGrad", "EluGrad" };

static bool kind_known(slim_inference *q)
{
  const slim_activation_attr *attr = q->attr;
  if ((int)attr->kind <= SLIM_ACTIVATION_NONE || (int)attr->kind > SLIM_ACTIVATION_ELU) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "there is no activation number %d", (int)attr->kind);
  }
  return true;
}

static bool infer(slim_inference *q)
{
  return kind_known(q) && slim_rule_elementwise(q);
}

static bool infer_gradient(slim_inference *q)
{
  return kind_known(q) && slim_rule_elementwise(q) && slim_rule_like(q, 0, "gradient", 1, "result");
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  const slim_activation_attr *attr = node->attr;
  slim_tensor *inputs[] = { dy[0], &node->outputs[0] };
  dx[0] = slim_op_add(inputs, 2, &slim_op_activation_gradient, gradient_names[attr->kind], attr);
}

slim_tensor *slim_op_activation_add(slim_tensor *x, slim_activation_kind kind)
{
  const slim_activation_attr attr = { kind };
  return slim_op_add(&x, 1, &slim_op_activation, names[kind], &attr);
}

const slim_op slim_op_activation = { .name = "activation",
                                     .min_inputs = 1,
                                     .max_inputs = 1,
                                     .outputs = 1,
                                     .attr_size = sizeof(slim_activation_attr),
                                     .flags = SLIM_OP_IN_PLACE | SLIM_OP_EPILOGUE | SLIM_OP_CHAIN,
                                     .infer = infer,
                                     .gradient = gradient };
const slim_op slim_op_activation_gradient = { .name = "activation_gradient",
                                              .min_inputs = 2,
                                              .max_inputs = 2,
                                              .outputs = 1,
                                              .attr_size = sizeof(slim_activation_attr),
                                              .flags = SLIM_OP_IN_PLACE | SLIM_OP_CHAIN,
                                              .infer = infer_gradient };
