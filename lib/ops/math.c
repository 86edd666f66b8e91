/* The public operations on tensors. */
#include "ops/ops.h"

#include "slim/ops.h"

slim_tensor *slim_add(slim_tensor *a, slim_tensor *b)
{
  return slim_op_binary_add(a, b, SLIM_BINARY_ADD);
}

slim_tensor *slim_sub(slim_tensor *a, slim_tensor *b)
{
  return slim_op_binary_add(a, b, SLIM_BINARY_SUB);
}

slim_tensor *slim_mul(slim_tensor *a, slim_tensor *b)
{
  return slim_op_binary_add(a, b, SLIM_BINARY_MUL);
}

slim_tensor *slim_div(slim_tensor *a, slim_tensor *b)
{
  return slim_op_binary_add(a, b, SLIM_BINARY_DIV);
}

slim_tensor *slim_div_no_nan(slim_tensor *a, slim_tensor *b)
{
  return slim_op_binary_add(a, b, SLIM_BINARY_DIV_NO_NAN);
}

slim_tensor *slim_maximum(slim_tensor *a, slim_tensor *b)
{
  return slim_op_binary_add(a, b, SLIM_BINARY_MAX);
}

slim_tensor *slim_minimum(slim_tensor *a, slim_tensor *b)
{
  return slim_op_binary_add(a, b, SLIM_BINARY_MIN);
}

slim_tensor *slim_greater(slim_tensor *a, slim_tensor *b)
{
  return slim_op_binary_add(a, b, SLIM_BINARY_GREATER);
}

slim_tensor *slim_equal(slim_tensor *a, slim_tensor *b)
{
  return slim_op_binary_add(a, b, SLIM_BINARY_EQUAL);
}

slim_tensor *slim_negate(slim_tensor *x)
{
  return slim_op_unary_add(x, SLIM_UNARY_NEGATE, 0.0f, 0.0f);
}

slim_tensor *slim_abs(slim_tensor *x)
{
  return slim_op_unary_add(x, SLIM_UNARY_ABS, 0.0f, 0.0f);
}

slim_tensor *slim_sign(slim_tensor *x)
{
  return slim_op_unary_add(x, SLIM_UNARY_SIGN, 0.0f, 0.0f);
}

slim_tensor *slim_square(slim_tensor *x)
{
  return slim_op_unary_add(x, SLIM_UNARY_SQUARE, 0.0f, 0.0f);
}

slim_tensor *slim_sqrt(slim_tensor *x)
{
  return slim_op_unary_add(x, SLIM_UNARY_SQRT, 0.0f, 0.0f);
}

slim_tensor *slim_rsqrt(slim_tensor *x)
{
  return slim_op_unary_add(x, SLIM_UNARY_RSQRT, 0.0f, 0.0f);
}

slim_tensor *slim_exp(slim_tensor *x)
{
  return slim_op_unary_add(x, SLIM_UNARY_EXP, 0.0f, 0.0f);
}

slim_tensor *slim_log(slim_tensor *x)
{
  return slim_op_unary_add(x, SLIM_UNARY_LOG, 0.0f, 0.0f);
}

slim_tensor *slim_reciprocal(slim_tensor *x)
{
  return slim_op_unary_add(x, SLIM_UNARY_RECIPROCAL, 0.0f, 0.0f);
}

slim_tensor *slim_scale(slim_tensor *x, float factor, float offset)
{
  return slim_op_unary_add(x, SLIM_UNARY_SCALE_ADD, factor, offset);
}

slim_tensor *slim_cast(slim_tensor *x, slim_dtype to)
{
  return slim_op_cast_add(x, to);
}

/* --- reductions --------------------------------------------------------------------------------------------------- */

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

slim_tensor *slim_top_k(slim_tensor *x, int k)
{
  const slim_top_k_attr attr = { k };
  return slim_op_add(&x, 1, &slim_op_top_k, "TopKV2", &attr);
}

slim_tensor *slim_cumsum(slim_tensor *x, int axis, bool exclusive, bool reverse)
{
  const slim_cumsum_attr attr = { axis_of(x, axis), exclusive, reverse };
  return slim_op_add(&x, 1, &slim_op_cumsum, "Cumsum", &attr);
}

/* --- shapes ------------------------------------------------------------------------------------------------------- */

slim_tensor *slim_reshape(slim_tensor *x, slim_shape shape)
{
  return slim_op_reshape_add(x, shape);
}

slim_tensor *slim_squeeze(slim_tensor *x, unsigned axes)
{
  slim_graph *graph = slim_graph_of(x);
  if (!graph || slim_is_poison(x)) {
    return x;
  }
  slim_shape shape = { 0, { 0 } };
  for (int i = 0; i < x->shape.rank; i++) {
    const int size = x->shape.dim[i];
    if (!(axes & SLIM_AXIS(i))) {
      shape.dim[shape.rank++] = size == -1 ? 0 : size; /* 0 keeps the open batch */
    } else if (size != 1) {
      char text[128];
      return slim_graph_fail(graph, SLIM_ERR_SHAPE, "squeeze: axis %d of '%s' %s must be 1", i, x->name,
                             slim_shape_format(&x->shape, text, sizeof text));
    }
  }
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
  slim_tensor **inputs = slim_arena_array(graph->arena, others.count + 1, sizeof(slim_tensor *));
  if (!inputs || others.count >= INT32_MAX) {
    return slim_graph_fail(graph, SLIM_ERR_MEMORY, "group: out of memory");
  }
  inputs[0] = x;
  for (size_t i = 0; i < others.count; i++) {
    inputs[i + 1] = others.item[i];
  }
  return slim_op_add(inputs, (int)others.count + 1, &slim_op_group, "group_deps", NULL);
}
