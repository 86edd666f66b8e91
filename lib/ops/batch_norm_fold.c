/* Batch norm with given statistics behind a product, as other weights and a bias. A session's plans are made with it. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  const int channels = q->in[1].rank == 1 ? q->in[1].dim[0] : 0;
  if (!slim_rule_float(q, 0, "weights") || !slim_rule_vector(q, 1, "gamma", channels) ||
      !slim_rule_vector(q, 2, "beta", channels) || !slim_rule_vector(q, 3, "mean", channels) ||
      !slim_rule_vector(q, 4, "variance", channels)) {
    return false;
  }
  if (slim_shape_elements(&q->in[0]) % (size_t)channels != 0) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "weights %s are no multiple of %d channels",
                          slim_shape_words(&q->in[0]).text, channels);
  }
  q->out[0] = q->in[0];
  q->out[1] = q->in[1];
  return true;
}

const slim_op slim_op_batch_norm_fold = { .name = "batch_norm_fold",
                                          .min_inputs = 5,
                                          .max_inputs = 5,
                                          .outputs = 2,
                                          .attr_size = sizeof(slim_batch_norm_attr),
                                          .infer = infer };
