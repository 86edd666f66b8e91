/* Functions of one element. */
#include "ops/rule.h"

static const char *const names[] = { "Neg", "Abs", "Sign",       "Square",   "Sqrt",   "Rsqrt",
                                     "Exp", "Log", "Reciprocal", "ScaleAdd", "NotZero" };

static bool infer(slim_inference *q)
{
  const slim_unary_attr *attr = q->attr;
  if ((int)attr->kind < 0 || (int)attr->kind > SLIM_UNARY_NOT_ZERO) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "there is no unary function number %d", (int)attr->kind);
  }
  return slim_rule_elementwise(q);
}

slim_tensor *slim_op_unary_add(slim_tensor *x, slim_unary_kind kind, float a, float b)
{
  const slim_unary_attr attr = { kind, a, b };
  return slim_op_add(&x, 1, &slim_op_unary, names[kind], &attr);
}

static slim_tensor *scale(slim_tensor *x, float factor)
{
  return slim_op_unary_add(x, SLIM_UNARY_SCALE_ADD, factor, 0.0f);
}

static slim_tensor *times(slim_tensor *a, slim_tensor *b)
{
  return slim_op_binary_add(a, b, SLIM_BINARY_MUL);
}

static slim_tensor *over(slim_tensor *a, slim_tensor *b)
{
  return slim_op_binary_add(a, b, SLIM_BINARY_DIV);
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  const slim_unary_attr *attr = node->attr;
  slim_tensor *x = node->inputs[0], *y = &node->outputs[0], *d = dy[0];
  switch (attr->kind) {
  case SLIM_UNARY_NEGATE:
    dx[0] = slim_op_unary_add(d, SLIM_UNARY_NEGATE, 0.0f, 0.0f);
    break;
  case SLIM_UNARY_ABS:
    dx[0] = times(d, slim_op_unary_add(x, SLIM_UNARY_SIGN, 0.0f, 0.0f));
    break;
  case SLIM_UNARY_SQUARE:
    dx[0] = times(d, scale(x, 2.0f));
    break;
  case SLIM_UNARY_SQRT:
    dx[0] = over(scale(d, 0.5f), y);
    break;
  case SLIM_UNARY_RSQRT:
    dx[0] = times(scale(d, -0.5f), over(y, x));
    break;
  case SLIM_UNARY_EXP:
    dx[0] = times(d, y);
    break;
  case SLIM_UNARY_LOG:
    dx[0] = over(d, x);
    break;
  case SLIM_UNARY_RECIPROCAL:
    dx[0] = times(scale(d, -1.0f), times(y, y));
    break;
  case SLIM_UNARY_SCALE_ADD:
    dx[0] = scale(d, attr->a);
    break;
  case SLIM_UNARY_SIGN:
  case SLIM_UNARY_NOT_ZERO:
    break; /* flat */
  }
}

const slim_op slim_op_unary = { .name = "unary",
                                .min_inputs = 1,
                                .max_inputs = 1,
                                .outputs = 1,
                                .attr_size = sizeof(slim_unary_attr),
                                .flags = SLIM_OP_IN_PLACE | SLIM_OP_CHAIN,
                                .infer = infer,
                                .gradient = gradient };
