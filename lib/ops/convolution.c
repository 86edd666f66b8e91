/* The shape rules that conv2d and depthwise_conv2d share. */
#include "ops/rule.h"

#include <limits.h>

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

static bool weights_usable(slim_inference *q, const slim_shape *x, const slim_shape *weights, int channels,
                           int64_t outputs)
{
  if (x->dim[channels] != weights->dim[2]) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "the input %s has %d channels, the weights %s want %d",
                          slim_shape_words(x).text, x->dim[channels], slim_shape_words(weights).text, weights->dim[2]);
  }
  if (weights->dim[0] < 1 || weights->dim[1] < 1) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "kernel [%d,%d] must be at least 1", weights->dim[0], weights->dim[1]);
  }
  if (outputs > INT_MAX) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "the weights %s give too many channels", slim_shape_words(weights).text);
  }
  return true;
}

/* The shape of the convolution of x by weights into *out. */
static bool convolve(slim_inference *q, const slim_shape *x, const slim_shape *weights, int64_t outputs,
                     slim_shape *out)
{
  const slim_conv2d_attr *a = q->attr;
  const int rows = a->nchw ? 2 : 1, channels = a->nchw ? 1 : 3;
  const int kh = weights->dim[0], kw = weights->dim[1];
  if (!numbers_usable(q, a) || !weights_usable(q, x, weights, channels, outputs)) {
    return false;
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
  out->dim[channels] = (int)outputs;
  return true;
}

bool slim_rule_convolution(slim_inference *q, slim_outputs_fn outputs)
{
  return slim_rule_rank(q, 0, "input", 4) && slim_rule_rank(q, 1, "weights", 4) && slim_rule_float(q, 0, "input") &&
         slim_rule_float(q, 1, "weights") && convolve(q, &q->in[0], &q->in[1], outputs(&q->in[1]), &q->out[0]);
}

/* The least size whose convolution gives in, and with VALID padding and a kernel below the stride what lies behind. */
static int64_t transposed_size(int in, int kernel, int stride, slim_padding padding)
{
  const int rest = padding == SLIM_VALID && kernel > stride ? kernel - stride : 0;
  return (int64_t)in * stride + rest;
}

bool slim_rule_transposed(slim_inference *q, slim_shape *out)
{
  const slim_conv2d_attr *a = q->attr;
  const int rows = a->nchw ? 2 : 1;
  if (!slim_rule_rank(q, 0, "input", 4) || !slim_rule_rank(q, 1, "weights", 4) || !slim_rule_float(q, 0, "input") ||
      !slim_rule_float(q, 1, "weights") || !numbers_usable(q, a)) {
    return false;
  }
  const int64_t h = transposed_size(q->in[0].dim[rows], q->in[1].dim[0], a->stride.h, a->padding);
  const int64_t w = transposed_size(q->in[0].dim[rows + 1], q->in[1].dim[1], a->stride.w, a->padding);
  if (h > INT_MAX || w > INT_MAX) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "stride [%d,%d] gives the input %s too many pixels", a->stride.h,
                          a->stride.w, slim_shape_words(&q->in[0]).text);
  }
  *out = q->in[0];
  out->dim[rows] = (int)h;
  out->dim[rows + 1] = (int)w;
  out->dim[a->nchw ? 1 : 3] = q->in[1].dim[2];
  return true;
}

bool slim_rule_convolution_gradient(slim_inference *q, int x, int weights, slim_outputs_fn outputs)
{
  slim_shape y;
  if (!slim_rule_rank(q, 0, "gradient", 4) || !slim_rule_rank(q, x, "input", 4) ||
      !slim_rule_rank(q, weights, "weights", 4) ||
      !convolve(q, &q->in[x], &q->in[weights], outputs(&q->in[weights]), &y)) {
    return false;
  }
  if (!slim_rule_shapes_agree(&y, &q->in[0])) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "gradient %s must have the shape %s", slim_shape_words(&q->in[0]).text,
                          slim_shape_words(&y).text);
  }
  return true;
}
