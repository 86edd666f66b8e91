/*
 * The matrix product of CPU-like devices: one work-item a group, explicit vector registers, packed blocks in local
 * memory. A group makes a block of the result: for each block of k it packs b into panels of SLIM_GEMM_COLUMNS columns,
 * then, for each tile of SLIM_GEMM_ROWS rows, packs a and runs over the panels.
 */
#ifndef SLIM_KERNEL_GEMM_H
#define SLIM_KERNEL_GEMM_H

#include "epilogue.h"

#ifndef SLIM_WIDTH
#define SLIM_WIDTH 8
#endif
#define SLIM_PASTE2_(a_, b_) a_##b_
#define SLIM_PASTE_(a_, b_) SLIM_PASTE2_(a_, b_)
#define SLIM_FLOATW SLIM_PASTE_(float, SLIM_WIDTH)
#define SLIM_LOADW SLIM_PASTE_(vload, SLIM_WIDTH)
#define SLIM_STOREW SLIM_PASTE_(vstore, SLIM_WIDTH)

#define SLIM_GEMM_COLUMNS (2 * SLIM_WIDTH)
#define SLIM_GEMM_DEPTH 256 /* of a block of k */
#if SLIM_WIDTH == 16
#define SLIM_GEMM_ROWS 12
#define SLIM_GEMM_EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#else
#define SLIM_GEMM_ROWS 6
#define SLIM_GEMM_EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5)
#endif
#define SLIM_GEMM_A_STRIDE (SLIM_GEMM_DEPTH + 16) /* between the rows of a packed tile of a */

/* Where a tile's result goes, and how it ends. */
typedef struct slim_gemm_out {
  __global float *y; /* the tile's first element */
  __global const float *bias; /* of the tile's first column */
  int stride;
  int rows, columns; /* that are valid */
  bool first, last;  /* block of k */
  slim_epilogue_params epilogue;
} slim_gemm_out;

/* One vector of a row; count is how many of its columns are valid. */
inline void slim_gemm_store(const SLIM_FLOATW value, const slim_gemm_out o, const int row, const int column)
{
  const int count = o.columns - column;
  __global float *y = o.y + (size_t)row * o.stride + column;
  if (row >= o.rows || count <= 0) {
    return;
  }
  if (count >= SLIM_WIDTH) {
    SLIM_FLOATW sum = o.first ? value : value + SLIM_LOADW(0, y);
    if (o.last) {
      sum = o.epilogue.has_bias ? sum + SLIM_LOADW(0, o.bias + column) : sum;
      sum = SLIM_ACTIVATE(SLIM_FLOATW, sum, o.epilogue.activation);
    }
    SLIM_STOREW(sum, 0, y);
    return;
  }
  float part[SLIM_WIDTH];
  SLIM_STOREW(value, 0, part);
  for (int i = 0; i < count; i++) {
    const float sum = o.first ? part[i] : part[i] + y[i];
    y[i] = o.last ? slim_epilogue(sum, o.bias, column + i, o.epilogue) : sum;
  }
}

#define SLIM_GEMM_DECLARE_(i_) SLIM_FLOATW left##i_ = (SLIM_FLOATW)(0.0f), right##i_ = (SLIM_FLOATW)(0.0f);
#define SLIM_GEMM_STORE_(i_)                                                                                           \
  slim_gemm_store(left##i_, o, i_, 0);                                                                                 \
  slim_gemm_store(right##i_, o, i_, SLIM_WIDTH);

#define SLIM_GEMM_STEP_ROWS_(i_)                                                                                       \
  {                                                                                                                    \
    const SLIM_FLOATW v = (SLIM_FLOATW)(a[i_ * SLIM_GEMM_A_STRIDE + k]);                                               \
    left##i_ = fma(v, b0, left##i_);                                                                                   \
    right##i_ = fma(v, b1, right##i_);                                                                                 \
  }

/* a: SLIM_GEMM_ROWS rows of depth elements, SLIM_GEMM_A_STRIDE apart; b: depth rows of SLIM_GEMM_COLUMNS. */
inline void slim_gemm_tile_rows(__local const float *a, __local const float *b, const int depth, const slim_gemm_out o)
{
  SLIM_GEMM_EACH_ROW(SLIM_GEMM_DECLARE_)
  for (int k = 0; k < depth; k++) {
    const SLIM_FLOATW b0 = SLIM_LOADW(0, b + k * SLIM_GEMM_COLUMNS);
    const SLIM_FLOATW b1 = SLIM_LOADW(0, b + k * SLIM_GEMM_COLUMNS + SLIM_WIDTH);
    SLIM_GEMM_EACH_ROW(SLIM_GEMM_STEP_ROWS_)
  }
  SLIM_GEMM_EACH_ROW(SLIM_GEMM_STORE_)
}

#define SLIM_GEMM_STEP_COLUMNS_(i_)                                                                                    \
  {                                                                                                                    \
    const SLIM_FLOATW v = (SLIM_FLOATW)(a[k * SLIM_GEMM_ROWS + i_]);                                                   \
    left##i_ = fma(v, b0, left##i_);                                                                                   \
    right##i_ = fma(v, b1, right##i_);                                                                                 \
  }

/* The same for a packed as depth rows of SLIM_GEMM_ROWS. */
inline void slim_gemm_tile_columns(__local const float *a, __local const float *b, const int depth,
                                   const slim_gemm_out o)
{
  SLIM_GEMM_EACH_ROW(SLIM_GEMM_DECLARE_)
  for (int k = 0; k < depth; k++) {
    const SLIM_FLOATW b0 = SLIM_LOADW(0, b + k * SLIM_GEMM_COLUMNS);
    const SLIM_FLOATW b1 = SLIM_LOADW(0, b + k * SLIM_GEMM_COLUMNS + SLIM_WIDTH);
    SLIM_GEMM_EACH_ROW(SLIM_GEMM_STEP_COLUMNS_)
  }
  SLIM_GEMM_EACH_ROW(SLIM_GEMM_STORE_)
}

/* Copies count floats. */
inline void slim_gemm_copy(__local float *to, __global const float *from, const int count)
{
  int i = 0;
  for (; i + SLIM_WIDTH <= count; i += SLIM_WIDTH) {
    SLIM_STOREW(SLIM_LOADW(0, from + i), 0, to + i);
  }
  for (; i < count; i++) {
    to[i] = from[i];
  }
}

inline void slim_gemm_zero(__local float *to, const int count)
{
  for (int i = 0; i < count; i++) {
    to[i] = 0.0f;
  }
}

/* Packs depth rows of b, columns of them, into panels; b's rows lie stride apart. Columns up to a whole panel are 0. */
inline void slim_gemm_pack_b(__local float *panels, __global const float *b, const int stride, const int depth,
                             const int columns)
{
  for (int c = 0; c < columns; c += SLIM_GEMM_COLUMNS, panels += SLIM_GEMM_COLUMNS * depth) {
    const int count = min(SLIM_GEMM_COLUMNS, columns - c);
    for (int k = 0; k < depth; k++) {
      __local float *to = panels + k * SLIM_GEMM_COLUMNS;
      __global const float *from = b + (size_t)k * stride + c;
      if (count == SLIM_GEMM_COLUMNS) {
        SLIM_STOREW(SLIM_LOADW(0, from), 0, to);
        SLIM_STOREW(SLIM_LOADW(1, from), 1, to);
      } else {
        slim_gemm_copy(to, from, count);
        slim_gemm_zero(to + count, SLIM_GEMM_COLUMNS - count);
      }
    }
  }
}

/* The same for b given transposed: its columns are rows that lie stride apart. Four of k and a vector of columns at a
 * time. */
inline void slim_gemm_pack_b_transposed(__local float *panels, __global const float *b, const int stride,
                                        const int depth, const int columns)
{
  for (int c = 0; c < columns; c += SLIM_GEMM_COLUMNS, panels += SLIM_GEMM_COLUMNS * depth) {
    for (int j = 0; j < SLIM_GEMM_COLUMNS; j++) {
      __global const float *from = b + (size_t)(c + j) * stride;
      if (c + j < columns) {
        for (int k = 0; k < depth; k++) {
          panels[k * SLIM_GEMM_COLUMNS + j] = from[k];
        }
      } else {
        for (int k = 0; k < depth; k++) {
          panels[k * SLIM_GEMM_COLUMNS + j] = 0.0f;
        }
      }
    }
  }
}

#endif
