/*
 * The matrix product of CPU-like devices: one work-item a group, explicit vector registers, packed blocks in local
 * memory. A group makes a block of the result: for each block of k it packs b into panels of SLIM_GEMM_COLUMNS columns,
 * then, for each tile of SLIM_GEMM_ROWS rows, packs a and runs over the panels.
 */
#ifndef SLIM_KERNEL_GEMM_H
#define SLIM_KERNEL_GEMM_H

#include "epilogue.h"
#include "vector.h"

#define SLIM_GEMM_COLUMNS (2 * SLIM_WIDTH)
#define SLIM_GEMM_DEPTH 256 /* of a block of k */
#if SLIM_WIDTH == 16
#define SLIM_GEMM_ROWS 14
#define SLIM_GEMM_EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)
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
  __global const float *residual; /* of the tile's first element; NULL: none */
} slim_gemm_out;

/* A tile whose last columns are missing, element by element. */
static inline void slim_gemm_store_edge(const float *part, const slim_gemm_out o)
{
  for (int row = 0; row < min(o.rows, SLIM_GEMM_ROWS); row++) {
    __global float *y = o.y + (size_t)row * o.stride;
    for (int i = 0; i < min(o.columns, SLIM_GEMM_COLUMNS); i++) {
      const float value = part[row * SLIM_GEMM_COLUMNS + i];
      const float sum = o.first ? value : value + y[i];
      y[i] = o.last ? slim_epilogue_at(sum, o.bias, i, o.residual, (size_t)row * o.stride + i, o.epilogue) : sum;
    }
  }
}

/* The activations that are no clamp, over what is stored. */
static inline void slim_gemm_activate(const slim_gemm_out o)
{
  for (int row = 0; row < min(o.rows, SLIM_GEMM_ROWS); row++) {
    __global float *y = o.y + (size_t)row * o.stride;
    for (int i = 0; i < 2; i++) {
      SLIM_STOREW(SLIM_ACTIVATE(SLIM_FLOATW, SLIM_LOADW(i, y), o.epilogue.activation), i, y);
    }
  }
}

#define SLIM_GEMM_DECLARE_(i_) SLIM_FLOATW left##i_ = (SLIM_FLOATW)(0.0f), right##i_ = (SLIM_FLOATW)(0.0f);

#define SLIM_GEMM_STORE_ROW_(i_)                                                                                       \
  if (i_ < o.rows) {                                                                                                   \
    __global float *y = o.y + (size_t)i_ * o.stride;                                                                   \
    SLIM_FLOATW l = left##i_ + base0, r = right##i_ + base1;                                                           \
    if (!o.first) {                                                                                                    \
      l += SLIM_LOADW(0, y);                                                                                           \
      r += SLIM_LOADW(1, y);                                                                                           \
    }                                                                                                                  \
    if (adds) {                                                                                                        \
      l += SLIM_LOADW(0, o.residual + (size_t)i_ * o.stride);                                                          \
      r += SLIM_LOADW(1, o.residual + (size_t)i_ * o.stride);                                                          \
    }                                                                                                                  \
    l = l < low ? low : l;                                                                                             \
    r = r < low ? low : r;                                                                                             \
    SLIM_STOREW(l > high ? high : l, 0, y);                                                                            \
    SLIM_STOREW(r > high ? high : r, 1, y);                                                                            \
  }
#define SLIM_GEMM_KEEP_ROW_(i_)                                                                                        \
  SLIM_STOREW(left##i_, 2 * i_, part);                                                                                 \
  SLIM_STOREW(right##i_, 2 * i_ + 1, part);

/* Ends a tile: whole rows by vectors, with the bias added and clamps done on the way. */
#define SLIM_GEMM_STORE_TILE_                                                                                          \
  if (o.columns >= SLIM_GEMM_COLUMNS) {                                                                                \
    SLIM_FLOATW base0 = (SLIM_FLOATW)(0.0f), base1 = base0;                                                            \
    if (o.last && o.epilogue.has_bias) {                                                                               \
      base0 = SLIM_LOADW(0, o.bias);                                                                                   \
      base1 = SLIM_LOADW(1, o.bias);                                                                                   \
    }                                                                                                                  \
    const bool adds = o.last && o.epilogue.has_residual;                                                               \
    const int kind = o.last ? o.epilogue.activation : 0;                                                               \
    const bool clamps = kind == SLIM_ACTIVATION_RELU || kind == SLIM_ACTIVATION_RELU6;                                 \
    const SLIM_FLOATW low = (SLIM_FLOATW)(clamps ? 0.0f : -INFINITY);                                                  \
    const SLIM_FLOATW high = (SLIM_FLOATW)(kind == SLIM_ACTIVATION_RELU6 ? 6.0f : INFINITY);                           \
    SLIM_GEMM_EACH_ROW(SLIM_GEMM_STORE_ROW_)                                                                           \
    if (kind != 0 && !clamps) {                                                                                        \
      slim_gemm_activate(o);                                                                                           \
    }                                                                                                                  \
  } else {                                                                                                             \
    float part[SLIM_GEMM_ROWS * SLIM_GEMM_COLUMNS];                                                                    \
    SLIM_GEMM_EACH_ROW(SLIM_GEMM_KEEP_ROW_)                                                                            \
    slim_gemm_store_edge(part, o);                                                                                     \
  }

#define SLIM_GEMM_STEP_ROWS_(i_)                                                                                       \
  {                                                                                                                    \
    const SLIM_FLOATW v = (SLIM_FLOATW)(a[i_ * SLIM_GEMM_A_STRIDE + k]);                                               \
    left##i_ = fma(v, b0, left##i_);                                                                                   \
    right##i_ = fma(v, b1, right##i_);                                                                                 \
  }

/* a: SLIM_GEMM_ROWS rows of depth elements, SLIM_GEMM_A_STRIDE apart; b: depth rows of SLIM_GEMM_COLUMNS. */
static inline void slim_gemm_tile_rows(__local const float *a, __local const float *b, const int depth, const slim_gemm_out o)
{
  SLIM_GEMM_EACH_ROW(SLIM_GEMM_DECLARE_)
  for (int k = 0; k < depth; k++) {
    const SLIM_FLOATW b0 = SLIM_LOADW(0, b + k * SLIM_GEMM_COLUMNS);
    const SLIM_FLOATW b1 = SLIM_LOADW(0, b + k * SLIM_GEMM_COLUMNS + SLIM_WIDTH);
    SLIM_GEMM_EACH_ROW(SLIM_GEMM_STEP_ROWS_)
  }
  SLIM_GEMM_STORE_TILE_
}

#define SLIM_GEMM_STEP_COLUMNS_(i_)                                                                                    \
  {                                                                                                                    \
    const SLIM_FLOATW v = (SLIM_FLOATW)(a[i_]);                                                                        \
    left##i_ = fma(v, b0, left##i_);                                                                                   \
    right##i_ = fma(v, b1, right##i_);                                                                                 \
  }

/* The same for a packed as depth rows of SLIM_GEMM_ROWS, a_stride apart. */
static inline void slim_gemm_tile_columns(__local const float *a, const int a_stride, __local const float *b, const int depth,
                                   const slim_gemm_out o)
{
  SLIM_GEMM_EACH_ROW(SLIM_GEMM_DECLARE_)
  for (int k = 0; k < depth; k++, a += a_stride) {
    const SLIM_FLOATW b0 = SLIM_LOADW(0, b + k * SLIM_GEMM_COLUMNS);
    const SLIM_FLOATW b1 = SLIM_LOADW(0, b + k * SLIM_GEMM_COLUMNS + SLIM_WIDTH);
    SLIM_GEMM_EACH_ROW(SLIM_GEMM_STEP_COLUMNS_)
  }
  SLIM_GEMM_STORE_TILE_
}

/* How k is walked in a that is not packed: outer times inner elements, in steps. */
typedef struct slim_gemm_walk {
  int outer, outer_step, inner, inner_step;
} slim_gemm_walk;

#define SLIM_GEMM_OFFSET_(i_) const int offset##i_ = offsets[i_];
#define SLIM_GEMM_STEP_WALK_(i_)                                                                                       \
  {                                                                                                                    \
    const SLIM_FLOATW v = (SLIM_FLOATW)(row[offset##i_]);                                                              \
    left##i_ = fma(v, b0, left##i_);                                                                                   \
    right##i_ = fma(v, b1, right##i_);                                                                                 \
  }

/* The same for rows that begin at offsets. */
static inline void slim_gemm_tile_walk(__local const float *a, const int *offsets, const slim_gemm_walk w,
                                       __local const float *b, const slim_gemm_out o)
{
  SLIM_GEMM_EACH_ROW(SLIM_GEMM_DECLARE_)
  SLIM_GEMM_EACH_ROW(SLIM_GEMM_OFFSET_)
  for (int j = 0; j < w.outer; j++, a += w.outer_step) {
    __local const float *row = a;
    for (int k = 0; k < w.inner; k++, row += w.inner_step, b += SLIM_GEMM_COLUMNS) {
      const SLIM_FLOATW b0 = SLIM_LOADW(0, b);
      const SLIM_FLOATW b1 = SLIM_LOADW(1, b);
      SLIM_GEMM_EACH_ROW(SLIM_GEMM_STEP_WALK_)
    }
  }
  SLIM_GEMM_STORE_TILE_
}

/* Copies count floats; the last vector may overlap the one before. */
static inline void slim_gemm_copy(__local float *to, __global const float *from, const int count)
{
  if (count < SLIM_WIDTH) {
    for (int i = 0; i < count; i++) {
      to[i] = from[i];
    }
    return;
  }
  for (int i = 0; i + SLIM_WIDTH <= count; i += SLIM_WIDTH) {
    SLIM_STOREW(SLIM_LOADW(0, from + i), 0, to + i);
  }
  SLIM_STOREW(SLIM_LOADW(0, from + count - SLIM_WIDTH), 0, to + count - SLIM_WIDTH);
}

static inline void slim_gemm_zero(__local float *to, const int count)
{
  for (int i = 0; i < count; i++) {
    to[i] = 0.0f;
  }
}

/* Packs depth rows of b, columns of them, into panels; b's rows lie stride apart. Columns up to a whole panel are 0. */
static inline void slim_gemm_pack_b(__local float *panels, __global const float *b, const int stride, const int depth,
                             const int columns)
{
  const int whole = columns / SLIM_GEMM_COLUMNS * SLIM_GEMM_COLUMNS, rest = columns - whole;
  for (int k = 0; k < depth; k++, b += stride) {
    __local float *to = panels + k * SLIM_GEMM_COLUMNS;
    for (int c = 0; c < whole; c += SLIM_GEMM_COLUMNS) {
      SLIM_STOREW(SLIM_LOADW(0, b + c), 0, to + c * depth);
      SLIM_STOREW(SLIM_LOADW(1, b + c), 1, to + c * depth);
    }
    if (rest > 0) {
      slim_gemm_copy(to + whole * depth, b + whole, rest);
      slim_gemm_zero(to + whole * depth + rest, SLIM_GEMM_COLUMNS - rest);
    }
  }
}

/* Column j of a panel from a row of the transposed b; 0 without one. */
static inline void slim_gemm_pack_column(__local float *panel, __global const float *from, const int depth, const bool valid)
{
  for (int k = 0; k < depth; k++) {
    panel[k * SLIM_GEMM_COLUMNS] = valid ? from[k] : 0.0f;
  }
}

/* Four columns of a panel from four rows of the transposed b, four of k at a time. */
static inline void slim_gemm_pack_four(__local float *panel, __global const float *from, const int stride, const int depth)
{
  int k = 0;
  for (; k + 4 <= depth; k += 4, panel += 4 * SLIM_GEMM_COLUMNS) {
    const float4 r0 = vload4(0, from + k), r1 = vload4(0, from + stride + k), r2 = vload4(0, from + 2 * stride + k),
                 r3 = vload4(0, from + 3 * stride + k);
    vstore4((float4)(r0.x, r1.x, r2.x, r3.x), 0, panel);
    vstore4((float4)(r0.y, r1.y, r2.y, r3.y), 0, panel + SLIM_GEMM_COLUMNS);
    vstore4((float4)(r0.z, r1.z, r2.z, r3.z), 0, panel + 2 * SLIM_GEMM_COLUMNS);
    vstore4((float4)(r0.w, r1.w, r2.w, r3.w), 0, panel + 3 * SLIM_GEMM_COLUMNS);
  }
  for (int j = 0; j < 4; j++) {
    slim_gemm_pack_column(panel + j, from + j * stride + k, depth - k, true);
  }
}

/* As slim_gemm_pack_b for b given transposed: its columns are rows that lie stride apart. */
static inline void slim_gemm_pack_b_transposed(__local float *panels, __global const float *b, const int stride,
                                        const int depth, const int columns)
{
  for (int c = 0; c < columns; c += SLIM_GEMM_COLUMNS, panels += SLIM_GEMM_COLUMNS * depth) {
    for (int j = 0; j < SLIM_GEMM_COLUMNS; j += 4) {
      __global const float *from = b + (size_t)(c + j) * stride;
      if (c + j + 4 <= columns) {
        slim_gemm_pack_four(panels + j, from, stride, depth);
      } else {
        for (int i = 0; i < 4; i++) {
          slim_gemm_pack_column(panels + j + i, from + (size_t)i * stride, depth, c + j + i < columns);
        }
      }
    }
  }
}

#endif
