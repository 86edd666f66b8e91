#include "ops/rule.h"

#include <stdarg.h>
#include <stdio.h>

slim_words slim_shape_words(const slim_shape *shape)
{
  slim_words words;
  (void)slim_shape_format(shape, words.text, sizeof words.text);
  return words;
}

bool slim_rule_fail(slim_inference *q, slim_status status, const char *format, ...)
{
  char text[SLIM_ERROR_TEXT];
  va_list list;
  va_start(list, format);
  (void)vsnprintf(text, sizeof text, format, list);
  va_end(list);
  (void)slim_error_set(q->error, status, "%s", text);
  return false;
}

bool slim_rule_dims_agree(int a, int b)
{
  return a == b || a == -1 || b == -1;
}

int slim_rule_dim(int a, int b)
{
  return a == -1 ? b : a;
}

bool slim_rule_shapes_agree(const slim_shape *a, const slim_shape *b)
{
  if (a->rank != b->rank) {
    return false;
  }
  for (int i = 0; i < a->rank; i++) {
    if (!slim_rule_dims_agree(a->dim[i], b->dim[i])) {
      return false;
    }
  }
  return true;
}

bool slim_rule_rank(slim_inference *q, int i, const char *what, int rank)
{
  if (q->in[i].rank != rank) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "%s %s has rank %d, must have rank %d", what,
                          slim_shape_words(&q->in[i]).text, q->in[i].rank, rank);
  }
  return true;
}

bool slim_rule_float(slim_inference *q, int i, const char *what)
{
  if (q->in_type[i] != SLIM_FLOAT32) {
    return slim_rule_fail(q, SLIM_ERR_TYPE, "%s has type %s, must be float32", what, slim_dtype_name(q->in_type[i]));
  }
  return true;
}

bool slim_rule_integer(slim_inference *q, int i, const char *what)
{
  if (q->in_type[i] != SLIM_INT32 && q->in_type[i] != SLIM_INT64) {
    return slim_rule_fail(q, SLIM_ERR_TYPE, "%s has type %s, must be int32 or int64", what,
                          slim_dtype_name(q->in_type[i]));
  }
  return true;
}

bool slim_rule_vector(slim_inference *q, int i, const char *what, int channels)
{
  if (q->in[i].rank != 1 || q->in[i].dim[0] != channels) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "%s %s must have the shape [%d]", what, slim_shape_words(&q->in[i]).text,
                          channels);
  }
  return slim_rule_float(q, i, what);
}

bool slim_rule_like(slim_inference *q, int a, const char *a_what, int b, const char *b_what)
{
  if (!slim_rule_shapes_agree(&q->in[a], &q->in[b])) {
    return slim_rule_fail(q, SLIM_ERR_SHAPE, "%s %s and %s %s must have the same shape", a_what,
                          slim_shape_words(&q->in[a]).text, b_what, slim_shape_words(&q->in[b]).text);
  }
  return true;
}

bool slim_rule_elementwise(slim_inference *q)
{
  q->out[0] = q->in[0];
  return slim_rule_float(q, 0, "input");
}

bool slim_rule_axis(slim_inference *q, int axis, int rank)
{
  if (axis < 0 || axis >= rank) {
    return slim_rule_fail(q, SLIM_ERR_ARG, "axis %d is outside of the input %s", axis,
                          slim_shape_words(&q->in[0]).text);
  }
  return true;
}
