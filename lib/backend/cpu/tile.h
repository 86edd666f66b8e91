/*
 * The innermost kernel of matmul and the convolutions: a tile of C in registers, a few rows by two vectors of columns.
 * C[r][j] (+)= sum over segments s and k of A(s, r, k) * b[s][k][j]; b is packed, TILE_COLUMNS (or, in a narrow last
 * panel, VL) floats a k, segments one after another.
 */
#ifndef SLIM_CPU_TILE_H
#define SLIM_CPU_TILE_H

#include "backend/cpu/vec.h"

#define TILE_COLUMNS (2 * VL)
#if defined(__AVX512F__)
#define TILE_ROWS 14
#elif defined(__aarch64__)
#define TILE_ROWS 12
#else
#define TILE_ROWS 6
#endif
#define TILE_STRIDE ((TILE_ROWS + VL - 1) / VL * VL) /* floats from k to k of a packed tile of A */

/* What is done to a row of C on its way to memory: + bias, + residual, activation. */
typedef struct tile_epilogue {
  const float *bias;     /* of all columns; NULL: none */
  const float *residual; /* lies as C does; NULL: none */
  slim_activation_kind activation;
} tile_epilogue;

typedef struct tile {
  /* A by rows: A(s, r, k) = rows[r][offset[s] + k] */
  const float *const *rows;
  const ptrdiff_t *offset;
  /* A by even rows: A(s, r, k) = a[r * stride + offset[s] + k] */
  const float *a;
  /* A by columns: A(s, r, k) = base[s][k * stride + r] */
  const float *const *base;
  size_t stride;
  int segments, depth; /* depth: how many k a segment has */
  const float *b;
  size_t b_gap; /* floats between the rows of b; 0: packed */
  const float *const *b_rows; /* A by columns: where each segment's b is; NULL: one after another */
  const float *ahead;     /* fetched meanwhile, NULL: nothing: at each k a panel's width, from k to k ahead_step */
  size_t ahead_step;
  size_t ahead_jump;      /* A by rows: from the end of a segment's to the next's */
  float *const *c;        /* where each row of C begins */
  size_t column;          /* the first of this panel in them */
  ptrdiff_t to_residual;  /* from an element of C to its residual, in floats */
  const float *more;      /* sums that are added, rows of TILE_COLUMNS without gaps; NULL: none */
  const float *bias;      /* of all columns, NULL: none */
  slim_activation_kind activation;
  bool add_residual, accumulate; /* accumulate: C has the sum so far */
  bool stream;                   /* C's rows are aligned and go past the caches */
  int columns;                   /* valid ones of this panel */
} tile;

typedef void (*tile_fn)(const tile *t);

/* By the number of rows less one; [0]: panels of VL columns, [1]: of TILE_COLUMNS. */
extern const tile_fn CPU_OP(tile_rows)[2][TILE_ROWS];
extern const tile_fn CPU_OP(tile_even_rows)[2][TILE_ROWS];
extern const tile_fn CPU_OP(tile_columns)[2][TILE_ROWS];

/* Columns that a panel has in packed memory when so many are left. */
static inline int panel_width(int columns)
{
  return columns <= VL ? VL : TILE_COLUMNS;
}

/* Packed floats a k for n columns: whole panels, the last perhaps narrow. */
static inline size_t panels_width(size_t n)
{
  const size_t whole = n / TILE_COLUMNS * TILE_COLUMNS;
  return n == whole ? n : whole + (size_t)panel_width((int)(n - whole));
}

/* Tiles that rows are cut into, all of nearly the same height; the first row of tile i. */
static inline int tiles_of(int rows)
{
  return (rows + TILE_ROWS - 1) / TILE_ROWS;
}

static inline int tile_begin(int rows, int tiles, int i)
{
  return (int)((int64_t)rows * i / tiles);
}

#endif
