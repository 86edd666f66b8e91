/*
 * Mathematics on tensors: what losses, metrics and layers of your own are made of. A poison or NULL tensor passes
 * through. All take and give float32 unless they say otherwise. Errors go to the graph.
 */
#ifndef SLIM_MATH_OPS_H
#define SLIM_MATH_OPS_H

#include "slim/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Two tensors, with numpy's broadcasting: shapes are aligned at the end, a dimension of 1 is repeated. */
/** a + b. */
SLIM_API slim_tensor *slim_add(slim_tensor *a, slim_tensor *b);
/** a - b. */
SLIM_API slim_tensor *slim_sub(slim_tensor *a, slim_tensor *b);
/** a * b. */
SLIM_API slim_tensor *slim_mul(slim_tensor *a, slim_tensor *b);
/** a / b. */
SLIM_API slim_tensor *slim_div(slim_tensor *a, slim_tensor *b);
/** a / b, 0 where b is 0. */
SLIM_API slim_tensor *slim_div_no_nan(slim_tensor *a, slim_tensor *b);
/** The larger of a and b. */
SLIM_API slim_tensor *slim_maximum(slim_tensor *a, slim_tensor *b);
/** The smaller of a and b. */
SLIM_API slim_tensor *slim_minimum(slim_tensor *a, slim_tensor *b);
/** 1 where a > b, else 0. */
SLIM_API slim_tensor *slim_greater(slim_tensor *a, slim_tensor *b);
/** 1 where a is b, else 0; also two of int32 or of int64. */
SLIM_API slim_tensor *slim_equal(slim_tensor *a, slim_tensor *b);

/* One tensor, element by element. */
/** -x. */
SLIM_API slim_tensor *slim_negate(slim_tensor *x);
/** |x|. */
SLIM_API slim_tensor *slim_abs(slim_tensor *x);
/** -1, 0 or 1. */
SLIM_API slim_tensor *slim_sign(slim_tensor *x);
/** x^2. */
SLIM_API slim_tensor *slim_square(slim_tensor *x);
/** The square root. */
SLIM_API slim_tensor *slim_sqrt(slim_tensor *x);
/** 1 / sqrt(x). */
SLIM_API slim_tensor *slim_rsqrt(slim_tensor *x);
/** e^x. */
SLIM_API slim_tensor *slim_exp(slim_tensor *x);
/** The natural logarithm. */
SLIM_API slim_tensor *slim_log(slim_tensor *x);
/** 1 / x. */
SLIM_API slim_tensor *slim_reciprocal(slim_tensor *x);
/** x * factor + offset. */
SLIM_API slim_tensor *slim_scale(slim_tensor *x, float factor, float offset);
/** To another of float32, int32, int64, uint8, bool; towards zero from float. x itself if it has the type. */
SLIM_API slim_tensor *slim_cast(slim_tensor *x, slim_dtype to);

/** Axes as a mask, bit i for axis i: all of them, */
#define SLIM_ALL_AXES (~0u)
/** one of them; or several with |. */
#define SLIM_AXIS(i_) (1u << (i_))

/** The sum over axes; keep: they stay as 1. */
SLIM_API slim_tensor *slim_reduce_sum(slim_tensor *x, unsigned axes, bool keep);
/** The mean over axes: the sum divided by how many elements arrive; keep: they stay as 1. */
SLIM_API slim_tensor *slim_reduce_mean(slim_tensor *x, unsigned axes, bool keep);
/** The largest over axes; keep: they stay as 1. */
SLIM_API slim_tensor *slim_reduce_max(slim_tensor *x, unsigned axes, bool keep);
/** sum(x^2) / 2, a scalar. */
SLIM_API slim_tensor *slim_l2_loss(slim_tensor *x);
/** The place of the largest along axis (negative: from the end), int64; the first of equals. */
SLIM_API slim_tensor *slim_argmax(slim_tensor *x, int axis);
/** The k largest along the last axis, the largest first; of equals the first comes first. Output 1 (slim_tensor_output)
 * is their places, int32. */
SLIM_API slim_tensor *slim_top_k(slim_tensor *x, int k);
/** Element i along axis becomes the sum of elements 0 to i; exclusive: to i - 1; reverse: from the end. */
SLIM_API slim_tensor *slim_cumsum(slim_tensor *x, int axis, bool exclusive, bool reverse);

/** The same elements in another shape; one dimension may be -1 (computed), 0 keeps x's. */
SLIM_API slim_tensor *slim_reshape(slim_tensor *x, slim_shape shape);
/** Without the axes of the mask, all of size 1. Errors: SLIM_ERR_SHAPE naming an axis of another size. */
SLIM_API slim_tensor *slim_squeeze(slim_tensor *x, unsigned axes);
/** Axis i of the result is axis[i] of x; rank of them. */
SLIM_API slim_tensor *slim_transpose(slim_tensor *x, const int *axis, int rank);
/** One after the other along axis (negative: from the end). */
SLIM_API slim_tensor *slim_concat(slim_tensor *const *parts, size_t count, int axis);
/** size[i] elements from begin[i] on each axis; -1: all up to the end. begin and size have x's rank. */
SLIM_API slim_tensor *slim_slice(slim_tensor *x, const int *begin, const int *size);
/** before[i] zeros before and after[i] behind each axis. */
SLIM_API slim_tensor *slim_pad(slim_tensor *x, const int *before, const int *after);
/** The sum of tensors of one shape. */
SLIM_API slim_tensor *slim_add_n(slim_tensor *const *parts, size_t count);
/** x, in a run that also runs the others: control dependencies. */
SLIM_API slim_tensor *slim_group(slim_tensor *x, slim_tensors others);

#ifdef __cplusplus
}
#endif
#endif
