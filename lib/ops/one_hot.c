/* A row per label with one element on. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  const slim_one_hot_attr *attr = q->attr;
  if (attr->classes < 1) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "%d classes, must be at least 1", attr->classes);
  }
  if (q->in[0].rank >= SLIM_MAX_RANK) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "labels %s have too many dimensions", slim_shape_words(&q->in[0]).text);
  }
  q->out[0] = q->in[0];
  q->out[0].dim[q->out[0].rank++] = attr->classes;
  q->out_type[0] = SLIM_FLOAT32;
  return slim_rule_integer(q, 0, "labels");
}

const slim_op slim_op_one_hot = { .name = "one_hot",
                                  .min_inputs = 1,
                                  .max_inputs = 1,
                                  .outputs = 1,
                                  .attr_size = sizeof(slim_one_hot_attr),
                                  .infer = infer };
