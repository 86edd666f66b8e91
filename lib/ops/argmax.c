/* Where the largest element of an axis is. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  const slim_argmax_attr *attr = q->attr;
  const slim_shape *x = &q->in[0];
  if (!slim_rule_axis(q, attr->axis, x->rank) || !slim_rule_float(q, 0, "input")) {
    return false;
  }
  for (int i = 0; i < x->rank; i++) {
    if (i != attr->axis) {
      q->out[0].dim[q->out[0].rank++] = x->dim[i];
    }
  }
  q->out_type[0] = SLIM_INT64;
  return true;
}

const slim_op slim_op_argmax = { .name = "argmax",
                                 .min_inputs = 1,
                                 .max_inputs = 1,
                                 .outputs = 1,
                                 .attr_size = sizeof(slim_argmax_attr),
                                 .infer = infer };
