/* Random numbers. */
#include "ops/rule.h"

static bool infer(slim_inference *q)
{
  q->out[0] = q->in[0];
  q->out_type[0] = SLIM_FLOAT32;
  return true;
}

const slim_op slim_op_truncated_normal = { .name = "truncated_normal",
                                           .min_inputs = 1,
                                           .max_inputs = 1,
                                           .outputs = 1,
                                           .attr_size = sizeof(slim_truncated_normal_attr),
                                           .shape_only = 1u,
                                           .infer = infer };
