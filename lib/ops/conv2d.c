/* Two-dimensional convolution and its gradients. */
#include "ops/rule.h"

static bool numbers_usable(slim_inference *q, const slim_conv2d_attr *a)
{
  if (a->stride.h < 1 || a->stride.w < 1) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "stride [%d,%d] must be at least 1", a->stride.h, a->stride.w);
  }
  if (a->rate.h < 1 || a->rate.w < 1) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "rate [%d,%d] must be at least 1", a->rate.h, a->rate.w);
  }
  if ((a->stride.h > 1 || a->stride.w > 1) && (a->rate.h > 1 || a->rate.w > 1)) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "stride [%d,%d] and rate [%d,%d] cannot both be above 1", a->stride.h,
                          a->stride.w, a->rate.h, a->rate.w);
  }
  return true;
}

/* The shape of conv2d(x, weights) into *out. */
static bool convolve(slim_inference *q, const slim_shape *x, const slim_shape *weights, slim_shape *out)
{
  const slim_conv2d_attr *a = q->attr;
  const int rows = a->nchw ? 2 : 1, channels = a->nchw ? 1 : 3;
  const int kh = weights->dim[0], kw = weights->dim[1];
  if (!numbers_usable(q, a)) {
    return false;
  }
  if (x->dim[channels] != weights->dim[2]) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "the input %s has %d channels, the weights %s want %d",
                          slim_shape_words(x).text, x->dim[channels], slim_shape_words(weights).text, weights->dim[2]);
  }
  if (kh < 1 || kw < 1) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "kernel [%d,%d] must be at least 1", kh, kw);
  }
  const slim_window h = slim_window_of(x->dim[rows], kh, a->stride.h, a->rate.h, a->padding);
  const slim_window w = slim_window_of(x->dim[rows + 1], kw, a->stride.w, a->rate.w, a->padding);
  if (h.out < 1 || w.out < 1) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "kernel [%d,%d] with %s padding does not fit the input %s", kh, kw,
                          a->padding == SLIM_SAME ? "SAME" : "VALID", slim_shape_words(x).text);
  }
  *out = *x;
  out->dim[rows] = h.out;
  out->dim[rows + 1] = w.out;
  out->dim[channels] = weights->dim[3];
  return true;
}

static bool infer(slim_inference *q)
{
  return slim_rule_rank(q, 0, "input", 4) && slim_rule_rank(q, 1, "weights", 4) && slim_rule_float(q, 0, "input") &&
         slim_rule_float(q, 1, "weights") && convolve(q, &q->in[0], &q->in[1], &q->out[0]);
}

/* The checks of both gradients: dy must be what conv2d(x, weights) gives. */
static bool gradient_fits(slim_inference *q, int x, int weights)
{
  slim_shape y;
  if (!slim_rule_rank(q, 0, "gradient", 4) || !slim_rule_rank(q, x, "input", 4) ||
      !slim_rule_rank(q, weights, "weights", 4) || !convolve(q, &q->in[x], &q->in[weights], &y)) {
    return false;
  }
  if (!slim_rule_shapes_agree(&y, &q->in[0])) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "gradient %s must have the shape %s", slim_shape_words(&q->in[0]).text,
                          slim_shape_words(&y).text);
  }
  return true;
}

static bool infer_input_gradient(slim_inference *q)
{
  q->out[0] = q->in[2];
  return gradient_fits(q, 2, 1);
}

static bool infer_weights_gradient(slim_inference *q)
{
  q->out[0] = q->in[2];
  return gradient_fits(q, 1, 2);
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  slim_tensor *x = node->inputs[0], *weights = node->inputs[1];
  slim_tensor *for_input[] = { dy[0], weights, x };
  slim_tensor *for_weights[] = { dy[0], x, weights };
  dx[0] = slim_op_add(for_input, 3, &slim_op_conv2d_input_gradient, "Conv2DBackpropInput", node->attr);
  dx[1] = slim_op_add(for_weights, 3, &slim_op_conv2d_weights_gradient, "Conv2DBackpropFilter", node->attr);
}

const slim_op slim_op_conv2d = { .name = "conv2d",
                                 .min_inputs = 2,
                                 .max_inputs = 2,
                                 .outputs = 1,
                                 .attr_size = sizeof(slim_conv2d_attr),
                                 .infer = infer,
                                 .gradient = gradient };
const slim_op slim_op_conv2d_input_gradient = { .name = "conv2d_input_gradient",
                                                .min_inputs = 3,
                                                .max_inputs = 3,
                                                .outputs = 1,
                                                .attr_size = sizeof(slim_conv2d_attr),
                                                .shape_only = 1u << 2,
                                                .infer = infer_input_gradient };
const slim_op slim_op_conv2d_weights_gradient = { .name = "conv2d_weights_gradient",
                                                  .min_inputs = 3,
                                                  .max_inputs = 3,
                                                  .outputs = 1,
                                                  .attr_size = sizeof(slim_conv2d_attr),
                                                  .shape_only = 1u << 2,
                                                  .infer = infer_weights_gradient };
