/* The part of a product's result that a task makes, see gemm.h. */
#ifndef SLIM_KERNEL_GEMM_PART_H
#define SLIM_KERNEL_GEMM_PART_H

#include "gemm.h"
#include "gemm_params.h"

/* Rows [row0, row1) of the result, and columns of it from column0 on. */
typedef struct slim_gemm_part {
  int row0, row1, column0, columns;
  bool streams; /* past the caches */
} slim_gemm_part;

/* The part of a result of m rows and n columns that is number down and across. */
static inline slim_gemm_part slim_gemm_part_of(const slim_gemm_params g, const int down, const int across, const int m,
                                               const int n)
{
  const int row0 = down * g.block_m, column0 = across * g.block_n;
  const slim_gemm_part t = { row0, min(row0 + g.block_m, m), column0, min(g.block_n, n - column0), g.slice == 0 };
  return t;
}

/* Panels of its columns, and tiles of SLIM_GEMM_ROWS rows in all of them. */
static inline int slim_gemm_part_panels(const slim_gemm_part t)
{
  return (t.columns + SLIM_GEMM_COLUMNS - 1) / SLIM_GEMM_COLUMNS;
}

static inline int slim_gemm_part_tiles(const slim_gemm_part t)
{
  return (t.row1 - t.row0 + SLIM_GEMM_ROWS - 1) / SLIM_GEMM_ROWS * slim_gemm_part_panels(t);
}

/* Where the part's tile of rows from row on and of columns from its column c on goes, in a result of n columns. */
static inline slim_gemm_out slim_gemm_part_out(__global float *y, __global const float *bias,
                                               __global const float *residual, const int n,
                                               const slim_epilogue_params epilogue, const slim_gemm_part t,
                                               const int row, const int c, const bool first, const bool last)
{
  const size_t at = (size_t)row * n + t.column0 + c;
  /* member by member: a copied struct is not taken apart, but copied again with what was just stored beside it */
  const slim_epilogue_params end = { epilogue.has_bias, epilogue.activation, epilogue.has_residual };
  const slim_gemm_out o = { y + at, bias + t.column0 + c, n,   t.row1 - row,  t.columns - c,
                            first,  last,                 end, residual + at, 0, t.streams };
  return o;
}

#endif
