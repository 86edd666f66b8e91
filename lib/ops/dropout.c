/* Inverted dropout. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  const slim_dropout_attr *attr = q->attr;
  const slim_shape *x = &q->in[0];
  if (!(attr->keep_prob > 0.0f && attr->keep_prob <= 1.0f)) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "keep_prob %g must be above 0 and at most 1", (double)attr->keep_prob);
  }
  if (attr->noise.rank != 0 && attr->noise.rank != x->rank) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "the noise shape %s must have the rank of the input %s",
                          slim_shape_words(&attr->noise).text, slim_shape_words(x).text);
  }
  for (int i = 0; i < attr->noise.rank; i++) {
    if (attr->noise.dim[i] != 1 && !slim_rule_dims_agree(attr->noise.dim[i], x->dim[i])) {
      return slim_rule_fail(q, SLIM_ERR_SHAPE, "the noise shape %s must be 1 or like the input %s on axis %d",
                            slim_shape_words(&attr->noise).text, slim_shape_words(x).text, i);
    }
  }
  return slim_rule_elementwise(q);
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  dx[0] = slim_op_add(dy, 1, &slim_op_dropout, "DropoutGrad", node->attr);
}

const slim_op slim_op_dropout = { .name = "dropout",
                                  .min_inputs = 1,
                                  .max_inputs = 1,
                                  .outputs = 1,
                                  .attr_size = sizeof(slim_dropout_attr),
                                  .flags = SLIM_OP_IN_PLACE,
                                  .infer = infer,
                                  .gradient = gradient };
