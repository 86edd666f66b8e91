/* Batch normalisation of the channels. */
#include "ops/rule.h"

/* The number of channels of input i, or -1 with an error. */
static int channels_of(slim_inference *q, int i)
{
  const slim_batch_norm_attr *attr = q->attr;
  const slim_shape *x = &q->in[i];
  if (x->rank < 2 || (attr->nchw && x->rank != 4)) {
    (void)slim_rule_fail(q, SLIM_ERR_SHAPE, "input %s must have rank %s", slim_shape_words(x).text,
                         attr->nchw ? "4" : "2 or more");
    return -1;
  }
  return x->dim[attr->nchw ? 1 : x->rank - 1];
}

static bool infer(slim_inference *q)
{
  const int channels = channels_of(q, 0);
  if (channels < 0 || !slim_rule_float(q, 0, "input") || !slim_rule_vector(q, 1, "gamma", channels) ||
      !slim_rule_vector(q, 2, "beta", channels) || !slim_rule_vector(q, 3, "mean", channels) ||
      !slim_rule_vector(q, 4, "variance", channels)) {
    return false;
  }
  q->out[0] = q->in[0];
  for (int k = 1; k < 4; k++) {
    q->out[k] = (slim_shape){ 1, { channels } };
  }
  return true;
}

static bool infer_gradient(slim_inference *q)
{
  const int channels = channels_of(q, 1);
  if (channels < 0 || !slim_rule_like(q, 0, "gradient", 1, "input") || !slim_rule_vector(q, 2, "gamma", channels) ||
      !slim_rule_vector(q, 3, "mean", channels) || !slim_rule_vector(q, 4, "inv_stddev", channels)) {
    return false;
  }
  if (q->inputs > 5 && !slim_rule_vector(q, 5, "beta", channels)) {
    return false;
  }
  q->out[0] = q->in[1];
  q->out[1] = q->out[2] = (slim_shape){ 1, { channels } };
  return true;
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  slim_tensor *inputs[] = { dy[0], node->inputs[0], node->inputs[1], &node->outputs[1], &node->outputs[3] };
  if (!dy[0]) {
    return; /* the statistics have no gradient */
  }
  dx[0] = slim_op_add(inputs, 5, &slim_op_batch_norm_gradient, "FusedBatchNormGrad", node->attr);
  dx[1] = slim_tensor_output(dx[0], 1);
  dx[2] = slim_tensor_output(dx[0], 2);
}

const slim_op slim_op_batch_norm = { .name = "batch_norm",
                                     .min_inputs = 5,
                                     .max_inputs = 5,
                                     .outputs = 4,
                                     .attr_size = sizeof(slim_batch_norm_attr),
                                     .flags = SLIM_OP_IN_PLACE,
                                     .kept = 1u << 1 | 1u << 3,
                                     .infer = infer,
                                     .gradient = gradient };
const slim_op slim_op_batch_norm_gradient = { .name = "batch_norm_gradient",
                                              .min_inputs = 5,
                                              .max_inputs = 6,
                                              .outputs = 3,
                                              .attr_size = sizeof(slim_batch_norm_attr),
                                              .kept = 1u << 1 | 1u << 2,
                                              .flags = SLIM_OP_IN_PLACE,
                                              .infer = infer_gradient };
