/* Is the label among the k largest predictions? */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  const slim_in_top_k_attr *attr = q->attr;
  if (attr->k < 1) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "k is %d, must be at least 1", attr->k);
  }
  if (!slim_rule_rank(q, 0, "predictions", 2) || !slim_rule_rank(q, 1, "labels", 1) ||
      !slim_rule_float(q, 0, "predictions") || !slim_rule_integer(q, 1, "labels")) {
    return false;
  }
  if (!slim_rule_dims_agree(q->in[0].dim[0], q->in[1].dim[0])) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "predictions %s and labels %s differ in the batch",
                          slim_shape_words(&q->in[0]).text, slim_shape_words(&q->in[1]).text);
  }
  q->out[0] = (slim_shape){ 1, { slim_rule_dim(q->in[0].dim[0], q->in[1].dim[0]) } };
  return true;
}

const slim_op slim_op_in_top_k = { .name = "in_top_k",
                                   .min_inputs = 2,
                                   .max_inputs = 2,
                                   .outputs = 1,
                                   .attr_size = sizeof(slim_in_top_k_attr),
                                   .infer = infer };
