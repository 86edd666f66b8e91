#include "ops/pool.h"

bool slim_rule_pool(slim_inference *q, const slim_shape *x, slim_shape *out)
{
  const slim_pool2d_attr *a = q->attr;
  const int rows = a->nchw ? 2 : 1;
  if (a->kernel.h < 1 || a->kernel.w < 1) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "kernel [%d,%d] must be at least 1", a->kernel.h, a->kernel.w);
  }
  if (a->stride.h < 1 || a->stride.w < 1) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "stride [%d,%d] must be at least 1", a->stride.h, a->stride.w);
  }
  const slim_window h = slim_window_of(x->dim[rows], a->kernel.h, a->stride.h, 1, a->padding);
  const slim_window w = slim_window_of(x->dim[rows + 1], a->kernel.w, a->stride.w, 1, a->padding);
  if (h.out < 1 || w.out < 1) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "kernel [%d,%d] with %s padding does not fit the input %s", a->kernel.h,
                          a->kernel.w, a->padding == SLIM_SAME ? "SAME" : "VALID", slim_shape_words(x).text);
  }
  *out = *x;
  out->dim[rows] = h.out;
  out->dim[rows + 1] = w.out;
  return true;
}

bool slim_rule_pool_gradient(slim_inference *q, int x)
{
  slim_shape y;
  if (!slim_rule_rank(q, 0, "gradient", 4) || !slim_rule_rank(q, x, "input", 4) || !slim_rule_pool(q, &q->in[x], &y)) {
    return false;
  }
  if (!slim_rule_shapes_agree(&y, &q->in[0])) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "gradient %s must have the shape %s", slim_shape_words(&q->in[0]).text,
                          slim_shape_words(&y).text);
  }
  q->out[0] = q->in[x];
  return true;
}
