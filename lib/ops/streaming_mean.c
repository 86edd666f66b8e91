/* Sums and the mean over all batches so far, in double. */
#include "ops/rule.h"

/* Input i must be an accumulator. */
static bool accumulator(slim_inference *q, int i, const char *what)
{
  if (q->in_type[i] != SLIM_FLOAT64) {
    return slim_rule_fail(q, SLIM_ERR_TYPE, "%s has type %s, must be float64", what, slim_dtype_name(q->in_type[i]));
  }
  return true;
}

static bool infer_mean(slim_inference *q)
{
  const int total = q->inputs - 2, count = q->inputs - 1;
  if (!slim_rule_float(q, 0, "values")) {
    return false;
  }
  if (q->inputs == 4 &&
      (!slim_rule_float(q, 1, "weights") || (q->in[1].rank != 0 && !slim_rule_like(q, 0, "values", 1, "weights")))) {
    return false;
  }
  q->out_type[0] = SLIM_FLOAT32;
  return accumulator(q, total, "total") && accumulator(q, count, "count") && slim_rule_rank(q, total, "total", 0) &&
         slim_rule_rank(q, count, "count", 0);
}

static bool infer_sum(slim_inference *q)
{
  q->out[0] = q->in[1];
  q->out_type[0] = SLIM_FLOAT32;
  return slim_rule_float(q, 0, "values") && accumulator(q, 1, "total") && slim_rule_like(q, 0, "values", 1, "total");
}

static bool infer_value(slim_inference *q)
{
  q->out[0] = q->in[0];
  q->out_type[0] = SLIM_FLOAT32;
  return accumulator(q, 0, "total") &&
         (q->inputs == 1 || (accumulator(q, 1, "count") && slim_rule_like(q, 0, "total", 1, "count")));
}

const slim_op slim_op_streaming_mean = { .name = "streaming_mean",
                                         .min_inputs = 3,
                                         .max_inputs = 4,
                                         .outputs = 1,
                                         .flags = SLIM_OP_HOST | SLIM_OP_EFFECT,
                                         .host_inputs = ~0u,
                                         .infer = infer_mean };
const slim_op slim_op_streaming_sum = { .name = "streaming_sum",
                                        .min_inputs = 2,
                                        .max_inputs = 2,
                                        .outputs = 1,
                                        .flags = SLIM_OP_HOST | SLIM_OP_EFFECT,
                                        .host_inputs = ~0u,
                                        .infer = infer_sum };
const slim_op slim_op_streaming_value = { .name = "streaming_value",
                                          .min_inputs = 1,
                                          .max_inputs = 2,
                                          .outputs = 1,
                                          .flags = SLIM_OP_HOST,
                                          .host_inputs = ~0u,
                                          .infer = infer_value };
