/* Conversion between element types. */
#include "ops/rule.h"

static bool convertible(slim_dtype dtype)
{
  return dtype == SLIM_FLOAT32 || dtype == SLIM_INT32 || dtype == SLIM_INT64 || dtype == SLIM_UINT8 ||
         dtype == SLIM_BOOL;
}

static bool infer(slim_inference *q)
{
  const slim_cast_attr *attr = q->attr;
  if (!convertible(q->in_type[0]) || !convertible(attr->to)) {
    return slim_rule_fail(q, SLIM_ERR_TYPE, "%s cannot become %s", slim_dtype_name(q->in_type[0]),
                          slim_dtype_name(attr->to));
  }
  q->out[0] = q->in[0];
  q->out_type[0] = attr->to;
  return true;
}

slim_tensor *slim_op_cast_add(slim_tensor *x, slim_dtype to)
{
  const slim_cast_attr attr = { to };
  return x && x->dtype == to ? x : slim_op_add(&x, 1, &slim_op_cast, "Cast", &attr);
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  if (node->inputs[0]->dtype == SLIM_FLOAT32 && dy[0]->dtype == SLIM_FLOAT32) {
    dx[0] = dy[0];
  }
}

const slim_op slim_op_cast = { .name = "cast",
                               .min_inputs = 1,
                               .max_inputs = 1,
                               .outputs = 1,
                               .attr_size = sizeof(slim_cast_attr),
                               .infer = infer,
                               .gradient = gradient };
