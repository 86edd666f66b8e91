/* Adds a bias to every channel. */
#include "ops/rule.h"

/* The number of channels of input 0, or -1 with an error. */
static int channels_of(slim_inference *q)
{
  const slim_bias_attr *attr = q->attr;
  const slim_shape *x = &q->in[0];
  if (x->rank < (attr->nchw ? 3 : 2)) {
    (void)slim_rule_fail(q, SLIM_ERR_SHAPE, "input %s must have rank %s", slim_shape_words(x).text,
                         attr->nchw ? "3 or more" : "2 or more");
    return -1;
  }
  return x->dim[attr->nchw ? 1 : x->rank - 1];
}

static bool infer(slim_inference *q)
{
  const int channels = channels_of(q);
  q->out[0] = q->in[0];
  return channels >= 0 && slim_rule_float(q, 0, "input") && slim_rule_vector(q, 1, "bias", channels);
}

static bool infer_gradient(slim_inference *q)
{
  const int channels = channels_of(q);
  q->out[0] = (slim_shape){ 1, { channels } };
  return channels >= 0 && slim_rule_float(q, 0, "gradient");
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  dx[0] = dy[0];
  dx[1] = slim_op_add(dy, 1, &slim_op_bias_add_gradient, "BiasAddGrad", node->attr);
}

const slim_op slim_op_bias_add = { .name = "bias_add",
                                   .min_inputs = 2,
                                   .max_inputs = 2,
                                   .outputs = 1,
                                   .attr_size = sizeof(slim_bias_attr),
                                   .flags = SLIM_OP_IN_PLACE | SLIM_OP_EPILOGUE,
                                   .infer = infer,
                                   .gradient = gradient };
const slim_op slim_op_bias_add_gradient = { .name = "bias_add_gradient",
                                            .min_inputs = 1,
                                            .max_inputs = 1,
                                            .outputs = 1,
                                            .attr_size = sizeof(slim_bias_attr),
                                            .infer = infer_gradient };
