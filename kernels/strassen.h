/*
 * C = A B in seven products of halves, as in lib/backend/cpu/strassen.h, of packed sums of B's quarters. A task has some rows
 * of either half of A, of which it makes the sums for a block of k, and some pairs of panels: as many columns of either half
 * of B. The sums of a tile's products stay in the nearest cache.
 */
#ifndef SLIM_KERNEL_STRASSEN_H
#define SLIM_KERNEL_STRASSEN_H

#include "gemm_part.h"

/* The factors in the order of their use: A11, A12, S2, S1, S3, A22, S4 and B11, B21, T2, T1, T3, T4, B22. */
enum { SLIM_STRASSEN_P1, SLIM_STRASSEN_P2, SLIM_STRASSEN_P6, SLIM_STRASSEN_P5, SLIM_STRASSEN_P7, SLIM_STRASSEN_P4,
       SLIM_STRASSEN_P3, SLIM_STRASSEN_PRODUCTS };
#define SLIM_STRASSEN_FACTOR (SLIM_GEMM_ROWS * SLIM_GEMM_A_STRIDE)             /* floats of a tile's rows, */
#define SLIM_STRASSEN_FACTORS (SLIM_STRASSEN_PRODUCTS * SLIM_STRASSEN_FACTOR) /* of all products */
#define SLIM_STRASSEN_SUMS (SLIM_GEMM_ROWS * SLIM_GEMM_COLUMNS)                /* of a tile's, of which it has four */
/* Where quarter number i_ of a tile's rows comes first: A11, A12, A21, which S1 replaces, A22. */
#define SLIM_STRASSEN_QUARTER(i_)                                                                                      \
  (((i_) == 0   ? SLIM_STRASSEN_P1                                                                                     \
    : (i_) == 1 ? SLIM_STRASSEN_P2                                                                                     \
    : (i_) == 2 ? SLIM_STRASSEN_P5                                                                                     \
                : SLIM_STRASSEN_P4) *                                                                                  \
   SLIM_STRASSEN_FACTOR)

/* The sums of A's quarters; those of rows from lower on have nothing below them. */
SLIM_APART void slim_strassen_add(__local float *a, const int rows, const int lower, const int depth)
{
  for (int row = 0; row < rows; row++) {
    __local float *at = a + row * SLIM_GEMM_A_STRIDE;
    for (int k = 0; k < depth; k += SLIM_WIDTH) {
      const SLIM_FLOATW zero = (SLIM_FLOATW)(0.0f), a11 = SLIM_LOADW(0, at + SLIM_STRASSEN_QUARTER(0) + k),
                        a12 = SLIM_LOADW(0, at + SLIM_STRASSEN_QUARTER(1) + k),
                        a21 = row < lower ? SLIM_LOADW(0, at + SLIM_STRASSEN_QUARTER(2) + k) : zero,
                        a22 = row < lower ? SLIM_LOADW(0, at + SLIM_STRASSEN_QUARTER(3) + k) : zero;
      const SLIM_FLOATW s1 = a21 + a22, s2 = s1 - a11;
      SLIM_STOREW(s2, 0, at + SLIM_STRASSEN_P6 * SLIM_STRASSEN_FACTOR + k);
      SLIM_STOREW(s1, 0, at + SLIM_STRASSEN_P5 * SLIM_STRASSEN_FACTOR + k);
      SLIM_STOREW(a11 - a21, 0, at + SLIM_STRASSEN_P7 * SLIM_STRASSEN_FACTOR + k);
      SLIM_STOREW(a22, 0, at + SLIM_STRASSEN_P4 * SLIM_STRASSEN_FACTOR + k);
      SLIM_STOREW(a12 - s2, 0, at + SLIM_STRASSEN_P3 * SLIM_STRASSEN_FACTOR + k);
    }
  }
}

/* Ends a tile of a quarter of C, of two or three sums; w NULL: of two. */
SLIM_APART void slim_strassen_end(const slim_gemm_out o, __global const float *u, __global const float *v,
                                  __global const float *w)
{
  const int kind = o.last ? o.epilogue.activation : 0;
  const SLIM_FLOATW low = (SLIM_FLOATW)(slim_gemm_low(kind)), high = (SLIM_FLOATW)(slim_gemm_high(kind));
  for (int side = 0; side < 2; side++) {
    const bool biased = o.last && o.epilogue.has_bias;
    const SLIM_FLOATW base = biased ? SLIM_LOADW(side, o.bias) : (SLIM_FLOATW)(0.0f);
    for (int row = 0; row < o.rows; row++) {
      const int at = 2 * row + side;
      const size_t place = (size_t)row * o.stride + side * SLIM_WIDTH;
      SLIM_FLOATW sum = SLIM_LOADW(at, u) + SLIM_LOADW(at, v) + base;
      sum = w == 0 ? sum : sum + SLIM_LOADW(at, w);
      sum = o.first ? sum : sum + SLIM_LOADW(0, o.y + place);
      sum = o.last && o.epilogue.has_residual ? sum + SLIM_LOADW(0, o.residual + place) : sum;
      sum = sum < low ? low : sum;
      slim_put(sum > high ? high : sum, o.y + place, o.streams);
    }
  }
  if (kind > SLIM_ACTIVATION_RELU6) {
    slim_gemm_activate_rows(o);
  }
}

/* A tile's rows and a pair of panels. */
typedef struct slim_strassen_block {
  __local const float *a;
  __global const float *panels;
  int depth, rows;
  __global float *sums;
  slim_gemm_ahead later, soon; /* shares of panels that are read later, and what a quarter's end reads and writes */
} slim_strassen_block;

/* The sums number to = a product, or + it. from: where those of the quarter that is fetched meanwhile begin. */
static inline void slim_strassen_multiply(const slim_strassen_block *b, const int product, const int to, const bool first,
                                          __global const float *from)
{
  const int panel = product * b->depth * SLIM_GEMM_COLUMNS;
  const slim_gemm_out sums = { b->sums + to * SLIM_STRASSEN_SUMS, b->sums, SLIM_GEMM_COLUMNS, b->rows, SLIM_GEMM_COLUMNS,
                               first, false, { 0, 0, 0 }, b->sums, 0, false };
  slim_gemm_ahead later = b->later, soon = b->soon;
  later.from += panel;
  soon.from = from;
  slim_gemm_tile_packed(b->a + product * SLIM_STRASSEN_FACTOR, b->panels + panel, b->depth, &soon, &later, &sums);
}

/* The end of a tile moved to another quarter. */
static inline slim_gemm_out slim_strassen_moved(slim_gemm_out o, const size_t down, const int right, const int rows)
{
  o.y += down + right;
  o.residual += down + right;
  o.bias += right;
  o.rows = rows;
  return o;
}

/* o: the end of a tile in C's upper left quarter; down, right: to the other quarters; lower: rows of those below. */
SLIM_APART void slim_strassen_tile(const slim_strassen_block *b, const slim_gemm_out *o, const size_t down,
                                   const int right, const int lower)
{
  __global float *const s0 = b->sums, *const s1 = s0 + SLIM_STRASSEN_SUMS, *const s2 = s1 + SLIM_STRASSEN_SUMS,
                        *const s3 = s2 + SLIM_STRASSEN_SUMS;
  __global const float *soon = b->soon.from;
  slim_strassen_multiply(b, SLIM_STRASSEN_P1, 0, true, soon);
  slim_strassen_multiply(b, SLIM_STRASSEN_P2, 1, true, soon + down + right);
  slim_strassen_end(slim_strassen_moved(*o, 0, 0, b->rows), s0, s1, 0);
  slim_strassen_multiply(b, SLIM_STRASSEN_P6, 0, false, soon + down);
  slim_strassen_multiply(b, SLIM_STRASSEN_P5, 2, true, soon + right);
  slim_strassen_multiply(b, SLIM_STRASSEN_P7, 3, true, soon + right);
  slim_strassen_end(slim_strassen_moved(*o, down, right, lower), s0, s2, s3);
  slim_strassen_multiply(b, SLIM_STRASSEN_P4, 1, true, soon + right);
  slim_strassen_end(slim_strassen_moved(*o, down, 0, lower), s0, s3, s1);
  slim_strassen_multiply(b, SLIM_STRASSEN_P3, 1, true, soon + right);
  slim_strassen_end(slim_strassen_moved(*o, 0, right, b->rows), s0, s2, s1);
}

/* Floats of the packed sums before those of k and column. o: columns of b; depth: of half the block that begins at k. */
static inline size_t slim_strassen_panel(const int k, const int column, const int o, const int depth)
{
  return (size_t)(k / 2) * (o / 2) * SLIM_STRASSEN_PRODUCTS + (size_t)column * depth * SLIM_STRASSEN_PRODUCTS;
}

/* Behind the packed sums of b, of total rows and o columns: a group's four tiles. */
static inline __global float *slim_strassen_sums(__global float *packed, const int total, const int o, const int group)
{
  return packed + slim_strassen_panel(total, 0, o, 0) + group * 4 * SLIM_STRASSEN_SUMS;
}

/* Rows of C's lower half beside those of the upper one from row on. */
static inline int slim_strassen_lower(const int m, const int row, const int rows)
{
  return clamp(m - (m + 1) / 2 - row, 0, rows);
}

/* Ends a part of the upper left quarter, of m rows and n columns in all, and those beside it and below, for 2 * depth of k from
 * k on of total. a: its tiles' factors; block_k: of k. */
SLIM_APART void slim_strassen_part(__local const float *a, __global const float *packed, __global const float *bias,
                                   __global const float *residual, __global float *y, __global float *sums, const int m,
                                   const int n, const slim_epilogue_params epilogue, const slim_gemm_part t, const int k,
                                   const int total, const int block_k)
{
  const int depth = min(block_k, total - k) / 2, later = k + 2 * depth;
  const int tiles = (t.row1 - t.row0 + SLIM_GEMM_ROWS - 1) / SLIM_GEMM_ROWS;
  for (int c = 0; c < t.columns; c += SLIM_GEMM_COLUMNS) {
    __global const float *panels = packed + slim_strassen_panel(k, t.column0 + c, n, depth);
    const bool ends = c + SLIM_GEMM_COLUMNS >= t.columns;
    __global const float *next =
        !ends           ? panels + (size_t)SLIM_STRASSEN_PRODUCTS * depth * SLIM_GEMM_COLUMNS
        : later < total ? packed + slim_strassen_panel(later, t.column0, n, min(block_k, total - later) / 2)
                        : panels;
    for (int i = 0; i < tiles; i++) {
      const int row = t.row0 + i * SLIM_GEMM_ROWS, rows = min(SLIM_GEMM_ROWS, t.row1 - row);
      const bool begins = c == 0 && i == 0; /* nobody has fetched these panels: each product does for the next */
      const slim_gemm_out o = slim_gemm_part_out(y, bias, residual, n, epilogue, t, row, c, k == 0, later == total);
      const bool adds = o.last && epilogue.has_residual;
      const slim_strassen_block b = {
        a + i * SLIM_STRASSEN_FACTORS,
        panels,
        depth,
        rows,
        sums,
        slim_gemm_block_ahead(begins ? panels + depth * SLIM_GEMM_COLUMNS : next, SLIM_GEMM_COLUMNS, depth,
                              SLIM_GEMM_COLUMNS, begins ? 0 : i, begins ? 1 : tiles, depth),
        slim_gemm_block_ahead(adds ? o.residual : o.y, n, o.streams && !adds ? 0 : rows, SLIM_GEMM_COLUMNS, 0, 1, depth)
      };
      slim_strassen_tile(&b, &o, (size_t)((m + 1) / 2) * n, n / 2, slim_strassen_lower(m, row, rows));
    }
  }
}

#endif
