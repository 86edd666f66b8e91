/* The public operations on tensors. */
#include "ops/ops.h"

#include "slim/ops.h"

#define BINARY(name_, kind_)                                                                                           \
  slim_tensor *slim_##name_(slim_tensor *a, slim_tensor *b)                                                            \
  {                                                                                                                    \
    return slim_op_binary_add(a, b, SLIM_BINARY_##kind_);                                                              \
  }
BINARY(add, ADD)
BINARY(sub, SUB)
BINARY(mul, MUL)
BINARY(div, DIV)
BINARY(div_no_nan, DIV_NO_NAN)
BINARY(maximum, MAX)
BINARY(minimum, MIN)
BINARY(greater, GREATER)
BINARY(equal, EQUAL)

#define UNARY(name_, kind_)                                                                                            \
  slim_tensor *slim_##name_(slim_tensor *x)                                                                            \
  {                                                                                                                    \
    return slim_op_unary_add(x, SLIM_UNARY_##kind_, 0.0f, 0.0f);                                                       \
  }
UNARY(negate, NEGATE)
UNARY(abs, ABS)
UNARY(sign, SIGN)
UNARY(square, SQUARE)
UNARY(sqrt, SQRT)
UNARY(rsqrt, RSQRT)
UNARY(exp, EXP)
UNARY(log, LOG)
UNARY(reciprocal, RECIPROCAL)

slim_tensor *slim_scale(slim_tensor *x, float factor, float offset)
{
  return slim_op_unary_add(x, SLIM_UNARY_SCALE_ADD, factor, offset);
}

slim_tensor *slim_cast(slim_tensor *x, slim_dtype to)
{
  return slim_op_cast_add(x, to);
}

/* --- reductions ------------------------------------------------------------------------------------------------- */

static slim_tensor *reduce(slim_tensor *x, slim_reduce_kind kind, unsigned axes, bool keep)
{
  const unsigned all = x ? (1u << x->shape.rank) - 1 : 0;
  return slim_op_reduce_add(x, kind, axes == SLIM_ALL_AXES ? all : axes, keep);
}

slim_tensor *slim_reduce_sum(slim_tensor *x, unsigned axes, bool keep)
{
  return reduce(x, SLIM_REDUCE_SUM, axes, keep);
}

slim_tensor *slim_reduce_mean(slim_tensor *x, unsigned axes, bool keep)
{
  return reduce(x, SLIM_REDUCE_MEAN, axes, keep);
}

slim_tensor *slim_reduce_max(slim_tensor *x, unsigned axes, bool keep)
{
  return reduce(x, SLIM_REDUCE_MAX, axes, keep);
}

slim_tensor *slim_l2_loss(slim_tensor *x)
{
  return reduce(x, SLIM_REDUCE_HALF_SQUARES, SLIM_ALL_AXES, false);
}

/* An axis counted from the end as one from the start. */
static int axis_of(const slim_tensor *x, int axis)
{
  return x && axis < 0 ? axis + x->shape.rank : axis;
}

slim_tensor *slim_argmax(slim_tensor *x, int axis)
{
  const slim_argmax_attr attr = { axis_of(x, axis) };
  return slim_op_add(&x, 1, &slim_op_argmax, "ArgMax", &attr);
}

/* --- shapes ------------------------------------------------------------------------------------------------------ */

slim_tensor *slim_reshape(slim_tensor *x, slim_shape shape)
{
  return slim_op_reshape_add(x, shape);
}

slim_tensor *slim_transpose(slim_tensor *x, const int *axis, int rank)
{
  slim_transpose_attr attr = { .rank = rank };
  for (int i = 0; i < rank && i < SLIM_MAX_RANK; i++) {
    attr.axis[i] = axis_of(x, axis[i]);
  }
  return slim_op_add(&x, 1, &slim_op_transpose, "transpose", &attr);
}

slim_tensor *slim_concat(slim_tensor *const *parts, size_t count, int axis)
{
  if (count == 0 || count > INT32_MAX) {
    return NULL;
  }
  const slim_concat_attr attr = { axis_of(parts[0], axis) };
  return slim_op_add(parts, (int)count, &slim_op_concat, "concat", &attr);
}

slim_tensor *slim_slice(slim_tensor *x, const int *begin, const int *size)
{
  slim_slice_attr attr = { .rank = x ? x->shape.rank : 0 };
  for (int i = 0; i < attr.rank; i++) {
    attr.begin[i] = begin[i];
    attr.size[i] = size[i];
  }
  return slim_op_add(&x, 1, &slim_op_slice, "Slice", &attr);
}

slim_tensor *slim_pad(slim_tensor *x, const int *before, const int *after)
{
  slim_pad_attr attr = { .rank = x ? x->shape.rank : 0 };
  for (int i = 0; i < attr.rank; i++) {
    attr.before[i] = before[i];
    attr.after[i] = after[i];
  }
  return slim_op_add(&x, 1, &slim_op_pad, "Pad", &attr);
}

slim_tensor *slim_add_n(slim_tensor *const *parts, size_t count)
{
  if (count == 0 || count > INT32_MAX) {
    return NULL;
  }
  return slim_op_add(parts, (int)count, &slim_op_add_n, "AddN", NULL);
}

slim_tensor *slim_group(slim_tensor *x, slim_tensors others)
{
  slim_graph *graph = slim_graph_of(x);
  if (!graph || slim_is_poison(x)) {
    return x;
  }
  slim_tensor **inputs = slim_arena_array(graph->arena, others.count + 1, sizeof *inputs);
  if (!inputs || others.count >= INT32_MAX) {
    return slim_graph_fail(graph, SLIM_ERR_MEMORY, "group: out of memory");
  }
  inputs[0] = x;
  for (size_t i = 0; i < others.count; i++) {
    inputs[i + 1] = others.item[i];
  }
  return slim_op_add(inputs, (int)others.count + 1, &slim_op_group, "group_deps", NULL);
}
