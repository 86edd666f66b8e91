/*
 * Weights of a convolution by Winograd's transforms, on CPU-like devices: their taps as they lie, packed for a panel of
 * outputs, and transformed.
 */
#ifndef SLIM_KERNEL_WINOGRAD_TAPS_H
#define SLIM_KERNEL_WINOGRAD_TAPS_H

#include "gemm_pack.h"
#include "winograd.h"

#define SLIM_WINOGRAD_ALL_TAPS (SLIM_WINOGRAD_TAPS * SLIM_WINOGRAD_TAPS)
/* from a channel's packed taps to the next one's */
#define SLIM_WINOGRAD_TAPS_STEP (SLIM_WINOGRAD_ALL_TAPS * SLIM_GEMM_COLUMNS)
#define SLIM_WINOGRAD_AHEAD 48 /* rows of taps that are fetched before they are copied: they come from memory */

/* Taps [rows] that lie stride apart, and tap_step from one tap to the next: those that are read after the present
 * ones. */
typedef struct slim_winograd_ahead {
  __global const slim_weight *from;
  size_t tap_step;
  int rows, stride, columns;
  __local float *to; /* where they are copied, [row][tap][SLIM_GEMM_COLUMNS]; 0: they are fetched */
} slim_winograd_ahead;

static inline __global const slim_weight *slim_winograd_taps_row(const slim_winograd_ahead t, const int i)
{
  return t.from + i / t.rows * t.tap_step + (size_t)(i % t.rows) * t.stride;
}

/* Copies rows [begin, end) of all taps. */
SLIM_APART void slim_winograd_copy_taps(const slim_winograd_ahead t, const int begin, const int end)
{
  for (int i = begin; i < end; i++) {
    const int far = min(i + SLIM_WINOGRAD_AHEAD, SLIM_WINOGRAD_ALL_TAPS * t.rows - 1);
    __global const slim_weight *from = slim_winograd_taps_row(t, i), *later = slim_winograd_taps_row(t, far);
    __local float *to = t.to + (i % t.rows * SLIM_WINOGRAD_ALL_TAPS + i / t.rows) * SLIM_GEMM_COLUMNS;
    for (int c = 0; c < t.columns; c += SLIM_WIDTH) {
      SLIM_FETCH_LATER(later + c);
      SLIM_STOREW(SLIM_WEIGHTSW(from + c), 0, to + c);
    }
  }
}

/* One of so many shares of the taps, while others are multiplied. */
static inline void slim_winograd_next_taps(const slim_winograd_ahead t, const int share, const int shares)
{
  const int rows = SLIM_WINOGRAD_ALL_TAPS * t.rows;
  if (t.to != 0) {
    slim_winograd_copy_taps(t, rows * share / shares, rows * (share + 1) / shares);
    return;
  }
  for (int i = share; i < rows; i += shares) {
    __global const slim_weight *from = slim_winograd_taps_row(t, i);
    for (int j = 0; j < t.columns; j += 16) {
      SLIM_FETCH_LATER(from + j);
    }
  }
}

/* The taps of depth channels from k on and a panel of outputs from o on: [channel][tap][SLIM_GEMM_COLUMNS]. Read tap by
 * tap, as all taps of a channel may lie in few sets of a cache. */
SLIM_APART void slim_winograd_pack_taps(__local float *taps, __global const slim_weight *weights,
                                        const slim_winograd_params p, const int k, const int depth, const int o,
                                        const int columns)
{
  for (int i = 0; i < SLIM_WINOGRAD_ALL_TAPS && p.turned; i++) {
    const int tap = p.o * p.c, behind = (SLIM_WINOGRAD_ALL_TAPS - 1) * tap + depth;
    const int next = i < SLIM_WINOGRAD_ALL_TAPS - 1 ? -tap : behind;
    __global const slim_weight *from = weights + ((size_t)(SLIM_WINOGRAD_ALL_TAPS - 1 - i) * p.o + o) * p.c + k;
    for (int c = 0; c < columns; c += SLIM_WIDTH) {
      slim_gemm_turn(taps + i * SLIM_GEMM_COLUMNS + c, SLIM_WINOGRAD_TAPS_STEP, from + (size_t)c * p.c, p.c, depth,
                     SLIM_WIDTH - 1, next);
    }
  }
  if (!p.turned) {
    const slim_winograd_ahead all = { weights + (size_t)k * p.o + o, (size_t)p.c * p.o, depth, p.o, columns, taps };
    slim_winograd_copy_taps(all, 0, SLIM_WINOGRAD_ALL_TAPS * depth);
  }
}

/* What each of the taps in a direction counts at the row's point, which is not infinity. */
static inline void slim_winograd_row_powers(const int row, float *power)
{
  const float point = slim_winograd_point(row);
  power[0] = 1.0f;
  SLIM_UNROLL
  for (int i = 1; i < SLIM_WINOGRAD_TAPS; i++) {
    power[i] = power[i - 1] * point;
  }
}

/* A vector of a row of points, which lack their scales: their polynomials in one direction at the row's point, of taps
 * from first, which counts once, to last, then in the other at all points. */
#define SLIM_WINOGRAD_ROW_POINTS_(space_, taps_, power_, first_, last_, all_)                                          \
  SLIM_FLOATW g[5];                                                                                                    \
  SLIM_UNROLL                                                                                                          \
  for (int j = 0; j < SLIM_WINOGRAD_TAPS; j++) {                                                                       \
    g[j] = SLIM_LOADW(0, (taps_) + ((first_) * SLIM_WINOGRAD_TAPS + j) * SLIM_GEMM_COLUMNS);                           \
    SLIM_UNROLL                                                                                                        \
    for (int i = (first_) + 1; i <= last_; i++) {                                                                      \
      space_ const float *tap = (taps_) + (i * SLIM_WINOGRAD_TAPS + j) * SLIM_GEMM_COLUMNS;                            \
      g[j] = fma((SLIM_FLOATW)(power_[i]), SLIM_LOADW(0, tap), g[j]);                                                  \
    }                                                                                                                  \
  }                                                                                                                    \
  slim_winograd_evaluate(g, 1, all_, 1, SLIM_WINOGRAD_TAPS);

/* A row of points of depth channels, step apart. One for each side of the taps, not inlined: compilers would merge
 * their loops. */
#define SLIM_WINOGRAD_FILTER_SOME_(space_, first_, last_)                                                              \
  for (int c = 0; c < depth; c++, taps += SLIM_WINOGRAD_TAPS_STEP, u += SLIM_GEMM_COLUMNS) {                           \
    for (int at = 0; at < columns; at += SLIM_WIDTH) {                                                                 \
      SLIM_FLOATW all[SLIM_WINOGRAD_N];                                                                                \
      SLIM_WINOGRAD_ROW_POINTS_(space_, taps + at, power, first_, last_, all)                                          \
      SLIM_UNROLL                                                                                                      \
      for (int i = 0; i < SLIM_WINOGRAD_N; i++) {                                                                      \
        SLIM_STOREW(all[i], 0, u + i * step + at);                                                                     \
      }                                                                                                                \
    }                                                                                                                  \
  }
#define SLIM_WINOGRAD_FILTER_ROW(name_, space_, to_)                                                                   \
  SLIM_APART void name_(space_ const float *taps, to_ float *u, const int step, const int row, const int depth,        \
                        const int columns)                                                                             \
  {                                                                                                                    \
    float power[5];                                                                                                    \
    slim_winograd_row_powers(row, power);                                                                              \
    if (row < SLIM_WINOGRAD_ZERO) {                                                                                    \
      SLIM_WINOGRAD_FILTER_SOME_(space_, 0, 0)                                                                         \
    } else if (row < SLIM_WINOGRAD_N - 1) {                                                                            \
      SLIM_WINOGRAD_FILTER_SOME_(space_, 0, SLIM_WINOGRAD_TAPS - 1)                                                    \
    } else {                                                                                                           \
      SLIM_WINOGRAD_FILTER_SOME_(space_, SLIM_WINOGRAD_TAPS - 1, SLIM_WINOGRAD_TAPS - 1)                               \
    }                                                                                                                  \
  }

#endif
