/*
 * Batch norm on CPU-like devices, channels last and in whole vectors: a work-item goes through the rows of a piece, which
 * fit its cache, from their first channel to their last. Numbers of a piece are rows of c in partial: first those of all
 * pieces, then (the second number) again.
 */
#include "common.h"
#include "batch_norm.h"
#include "batch_norm_params.h"
#include "vector.h"

#if SLIM_CLASS == 0
#define ROWS_AT_ONCE 4
/* Sweeps over count_ rows of c_ floats, first over as many at once as a constant says, then over the rest one by one:
 * sweep_, a call, begins at row r, and its next rows lie apart floats on. Each of them goes through a share of its own
 * from end to end, which the processor fetches ahead. */
#define OVER_ROWS(count_, c_, sweep_)                                                                                  \
  do {                                                                                                                 \
    const int share = (count_) / ROWS_AT_ONCE, apart = share * (c_);                                                   \
    for (int r = 0; r < share; r++) {                                                                                  \
      const int rows = ROWS_AT_ONCE;                                                                                   \
      sweep_;                                                                                                          \
    }                                                                                                                  \
    for (int r = share * ROWS_AT_ONCE; r < (count_); r++) {                                                            \
      const int rows = 1;                                                                                              \
      sweep_;                                                                                                          \
    }                                                                                                                  \
  } while (0)

static inline void add_rows(__global const float *x, const int apart, __global float *sums, const int c, const int rows)
{
  for (int k = 0; k < c; k += SLIM_WIDTH) {
    SLIM_FLOATW sum = SLIM_LOADW(0, sums + k);
    SLIM_UNROLL
    for (int i = 0; i < rows; i++) {
      sum += SLIM_LOADW(0, x + i * apart + k);
    }
    SLIM_STOREW(sum, 0, sums + k);
  }
}

static inline void add_squares(__global const float *x, const int apart, __global const float *mean,
                               __global float *sums, const int c, const int rows)
{
  for (int k = 0; k < c; k += SLIM_WIDTH) {
    const SLIM_FLOATW center = SLIM_LOADW(0, mean + k);
    SLIM_FLOATW sum = SLIM_LOADW(0, sums + k);
    SLIM_UNROLL
    for (int i = 0; i < rows; i++) {
      const SLIM_FLOATW d = SLIM_LOADW(0, x + i * apart + k) - center;
      sum = fma(d, d, sum);
    }
    SLIM_STOREW(sum, 0, sums + k);
  }
}

static inline void clear(__global float *sums, const int c)
{
  for (int k = 0; k < c; k += SLIM_WIDTH) {
    SLIM_STOREW((SLIM_FLOATW)(0.0f), 0, sums + k);
  }
}

/* Means of a piece, then the sums of squared distances from them. */
__kernel void slim_batch_norm_pieces_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, partial),
                                         const slim_batch_norm_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, partial);
  const int piece = (int)get_global_id(0), begin = piece * p.length, count = min(p.length, p.outer - begin);
  if (count <= 0) {
    return;
  }
  __global float *mean = partial + (size_t)piece * p.c, *spread = mean + (size_t)p.slices * p.c;
  x += (size_t)begin * p.c;
  clear(mean, p.c);
  clear(spread, p.c);
  OVER_ROWS(count, p.c, add_rows(x + r * p.c, apart, mean, p.c, rows));
  for (int k = 0; k < p.c; k += SLIM_WIDTH) {
    SLIM_STOREW(SLIM_LOADW(0, mean + k) / (float)count, 0, mean + k);
  }
  OVER_ROWS(count, p.c, add_squares(x + r * p.c, apart, mean, spread, p.c, rows));
}

/* Mean, variance and inverse deviation of a vector of channels from the pieces, merged one after another. */
__kernel void slim_batch_norm_merge_f32(SLIM_TENSOR(const float, partial), SLIM_TENSOR(float, mean),
                                        SLIM_TENSOR(float, variance), SLIM_TENSOR(float, inverse),
                                        const slim_batch_norm_params p)
{
  SLIM_OPEN(const float, partial);
  SLIM_OPEN(float, mean);
  SLIM_OPEN(float, variance);
  SLIM_OPEN(float, inverse);
  const int k = (int)get_global_id(0) * SLIM_WIDTH;
  if (k >= p.c) {
    return;
  }
  SLIM_FLOATW m = (SLIM_FLOATW)(0.0f), spread = (SLIM_FLOATW)(0.0f);
  for (int s = 0; s < p.slices; s++) {
    const float before = (float)(s * p.length), here = (float)min(p.length, p.outer - s * p.length);
    const float share = here / (before + here);
    const SLIM_FLOATW delta = SLIM_LOADW(0, partial + (size_t)s * p.c + k) - m;
    m += delta * share;
    spread += SLIM_LOADW(0, partial + (size_t)(p.slices + s) * p.c + k) + delta * delta * (before * share);
  }
  const SLIM_FLOATW v = spread / (float)p.outer;
  SLIM_STOREW(m, 0, mean + k);
  SLIM_STOREW(1.0f / sqrt(v + p.epsilon), 0, inverse + k);
  if (p.want & 4) {
    SLIM_STOREW(v * p.unbias, 0, variance + k);
  }
}

/* What the last sweep multiplies by and adds. */
typedef struct norms {
  __global const float *gamma, *beta, *mean, *inverse;
} norms;

static inline void normalise_row(__global const float *x, __global const float *residual, __global float *y,
                                 const norms n, const slim_batch_norm_params p)
{
  for (int k = 0; k < p.c; k += SLIM_WIDTH) {
    const SLIM_FLOATW mean = SLIM_LOADW(0, n.mean + k), shift = SLIM_LOADW(0, n.beta + k);
    const SLIM_FLOATW scale = SLIM_LOADW(0, n.inverse + k) * SLIM_LOADW(0, n.gamma + k);
    SLIM_FLOATW z = SLIM_NORMAL(SLIM_LOADW(0, x + k) - mean, scale, shift);
    if (p.has_residual) {
      z += SLIM_LOADW(0, residual + k);
    }
    SLIM_STOREW(SLIM_CLAMP(SLIM_FLOATW, z, p.activation), 0, y + k);
  }
}

/* The same numbers as in batch_norm.cl, row by row. */
__kernel void slim_batch_norm_rows_f32(SLIM_BATCH_NORM_TENSORS, const slim_batch_norm_params p)
{
  SLIM_BATCH_NORM_OPEN;
  const norms n = { gamma, beta, mean, inverse };
  const int begin = (int)get_global_id(0) * p.length, end = min(begin + p.length, p.outer);
  for (size_t r = (size_t)begin; r < (size_t)end; r++) {
    normalise_row(x + r * p.c, residual + r * p.c, y + r * p.c, n, p);
  }
}

/* --- the gradient ------------------------------------------------------------------------------------------------- */

/* sums: of dy; behind all pieces' (gap), of dy times the distance of x. */
static inline void add_gradients(__global const float *dy, __global const float *x, const int apart,
                                 __global float *sums, const size_t gap, const norms n, const slim_batch_norm_params p,
                                 const int rows)
{
  for (int k = 0; k < p.c; k += SLIM_WIDTH) {
    const SLIM_FLOATW mean = SLIM_LOADW(0, n.mean + k), scale = SLIM_LOADW(0, n.inverse + k) * SLIM_LOADW(0, n.gamma + k);
    const SLIM_FLOATW shift = p.activation ? SLIM_LOADW(0, n.beta + k) : (SLIM_FLOATW)(0.0f);
    SLIM_FLOATW sum = SLIM_LOADW(0, sums + k), dot = SLIM_LOADW(0, sums + gap + k);
    SLIM_UNROLL
    for (int i = 0; i < rows; i++) {
      const SLIM_FLOATW away = SLIM_LOADW(0, x + i * apart + k) - mean, above = SLIM_LOADW(0, dy + i * apart + k);
      const SLIM_FLOATW d = SLIM_PASSED(SLIM_FLOATW, above, away, scale, shift, p.activation);
      sum += d;
      dot = fma(d, away, dot);
    }
    SLIM_STOREW(sum, 0, sums + k);
    SLIM_STOREW(dot, 0, sums + gap + k);
  }
}

/* Sums over a piece of dy, and of dy times the normalised x. */
__kernel void slim_batch_norm_gradient_pieces_f32(SLIM_BATCH_NORM_GRADIENT_TENSORS,
                                                  SLIM_TENSOR(float, partial), const slim_batch_norm_params p)
{
  SLIM_BATCH_NORM_GRADIENT_OPEN;
  SLIM_OPEN(float, partial);
  const norms n = { gamma, beta, mean, inverse };
  const int begin = (int)get_global_id(0) * p.length, end = min(begin + p.length, p.outer);
  if (begin >= end) {
    return;
  }
  __global float *sums = partial + (size_t)get_global_id(0) * p.c;
  dy += (size_t)begin * p.c;
  x += (size_t)begin * p.c;
  const size_t gap = (size_t)p.slices * p.c;
  clear(sums, p.c);
  clear(sums + gap, p.c);
  OVER_ROWS(end - begin, p.c, add_gradients(dy + r * p.c, x + r * p.c, apart, sums, gap, n, p, rows));
  for (int k = 0; k < p.c; k += SLIM_WIDTH) {
    SLIM_STOREW(SLIM_LOADW(0, sums + gap + k) * SLIM_LOADW(0, inverse + k), 0, sums + gap + k);
  }
}

static inline void pull_row(__global const float *dy, __global const float *x, __global const float *sums,
                            __global float *dx, const norms n, const slim_batch_norm_params p)
{
  const float share = 1.0f / (float)p.outer;
  for (int k = 0; k < p.c; k += SLIM_WIDTH) {
    const SLIM_FLOATW inv = SLIM_LOADW(0, n.inverse + k), scale = inv * SLIM_LOADW(0, n.gamma + k);
    const SLIM_FLOATW mean = SLIM_LOADW(0, n.mean + k);
    const SLIM_FLOATW shift = p.activation ? SLIM_LOADW(0, n.beta + k) : (SLIM_FLOATW)(0.0f);
    const SLIM_FLOATW a = SLIM_LOADW(0, sums + k) * share, b = inv * SLIM_LOADW(0, sums + p.c + k) * share;
    const SLIM_FLOATW away = SLIM_LOADW(0, x + k) - mean;
    const SLIM_FLOATW d = SLIM_PASSED(SLIM_FLOATW, SLIM_LOADW(0, dy + k), away, scale, shift, p.activation);
    SLIM_STOREW((p.training ? d - (a + away * b) : d) * scale, 0, dx + k);
  }
}

__kernel void slim_batch_norm_gradient_rows_f32(SLIM_BATCH_NORM_GRADIENT_TENSORS,
                                                SLIM_TENSOR(const float, sums), SLIM_TENSOR(float, dx),
                                                const slim_batch_norm_params p)
{
  SLIM_BATCH_NORM_GRADIENT_OPEN;
  SLIM_OPEN(const float, sums);
  SLIM_OPEN(float, dx);
  const norms n = { gamma, beta, mean, inverse };
  const int begin = (int)get_global_id(0) * p.length, end = min(begin + p.length, p.outer);
  for (size_t r = (size_t)begin; r < (size_t)end; r++) {
    pull_row(dy + r * p.c, x + r * p.c, sums, dx + r * p.c, n, p);
  }
}
#endif
