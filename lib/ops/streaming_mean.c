/* The mean over all batches so far, in double. */
#include "ops/rule.h"

/* Input i must be an accumulator. */
static bool accumulator(slim_inference *q, int i, const char *what)
{
  if (q->in_type[i] != SLIM_FLOAT64) {
    return slim_rule_fail(q, SLIM_ERR_TYPE, "%s has type %s, must be float64", what, slim_dtype_name(q->in_type[i]));
  }
  return slim_rule_rank(q, i, what, 0);
}

static bool result(slim_inference *q)
{
  q->out[0] = (slim_shape){ 0 };
  q->out_type[0] = SLIM_FLOAT32;
  return accumulator(q, q->inputs - 2, "total") && accumulator(q, q->inputs - 1, "count");
}

static bool infer(slim_inference *q)
{
  if (!slim_rule_float(q, 0, "values")) {
    return false;
  }
  if (q->inputs == 4 &&
      (!slim_rule_float(q, 1, "weights") || (q->in[1].rank != 0 && !slim_rule_like(q, 0, "values", 1, "weights")))) {
    return false;
  }
  return result(q);
}

const slim_op slim_op_streaming_mean = { .name = "streaming_mean",
                                         .min_inputs = 3,
                                         .max_inputs = 4,
                                         .outputs = 1,
                                         .flags = SLIM_OP_HOST | SLIM_OP_EFFECT,
                                         .host_inputs = ~0u,
                                         .infer = infer };
const slim_op slim_op_streaming_value = { .name = "streaming_value",
                                          .min_inputs = 2,
                                          .max_inputs = 2,
                                          .outputs = 1,
                                          .flags = SLIM_OP_HOST,
                                          .host_inputs = ~0u,
                                          .infer = result };
