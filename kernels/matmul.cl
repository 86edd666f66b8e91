#include "common.h"
#include "gemm.h"
#include "gemm_params.h"
#include "matmul_params.h"

__kernel void slim_matmul_naive_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const float, b),
                                    SLIM_TENSOR(const float, bias), SLIM_TENSOR(float, y), const slim_matmul_params p)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const float, b);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(float, y);
  const int i = (int)get_global_id(0);
  if (i >= p.m * p.n) {
    return;
  }
  const int row = i / p.n, column = i % p.n;
  float sum = 0.0f;
  for (int k = 0; k < p.k; k++) {
    sum = fma(a[row * p.a_row + k * p.a_k], b[k * p.b_k + column * p.b_column], sum);
  }
  y[i] = slim_epilogue(sum, bias, column, p.epilogue);
}

#if SLIM_CLASS == 0
/* Packs depth rows of b's columns from column0 on into panels. */
static inline void pack_panels(__local float *panels, __global const float *b, const slim_matmul_params p, const int k,
                               const int depth, const int column0, const int columns)
{
  if (p.b_column == 1) {
    slim_gemm_pack_b(panels, b + (size_t)k * p.b_k + column0, p.b_k, depth, columns);
  } else {
    slim_gemm_pack_b_transposed(panels, b + (size_t)column0 * p.b_column + k, p.b_column, depth, columns);
  }
}

/* a by rows. tile: SLIM_GEMM_ROWS rows of SLIM_GEMM_A_STRIDE; panels: block_k rows of block_n. */
__kernel void slim_matmul_rows_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const float, b),
                                   SLIM_TENSOR(const float, bias), SLIM_TENSOR(float, y), const slim_matmul_params p,
                                   const slim_gemm_params g, __local float *tile, __local float *panels)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const float, b);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(float, y);
  const int row0 = (int)get_group_id(0) * g.block_m, row1 = min(row0 + g.block_m, p.m);
  const int column0 = (int)get_group_id(1) * g.block_n, columns = min(g.block_n, p.n - column0);
  for (int k = 0; k < p.k; k += g.block_k) {
    const int depth = min(g.block_k, p.k - k);
    pack_panels(panels, b, p, k, depth, column0, columns);
    for (int row = row0; row < row1; row += SLIM_GEMM_ROWS) {
      for (int i = 0; i < min(SLIM_GEMM_ROWS, row1 - row); i++) {
        slim_gemm_copy(tile + i * SLIM_GEMM_A_STRIDE, a + (size_t)(row + i) * p.a_row + k, depth);
      }
      for (int c = 0; c < columns; c += SLIM_GEMM_COLUMNS) {
        const slim_gemm_out o = { y + (size_t)row * p.n + column0 + c,
                                  bias + column0 + c,
                                  p.n,
                                  row1 - row,
                                  columns - c,
                                  k == 0,
                                  k + depth == p.k,
                                  p.epilogue };
        slim_gemm_tile_rows(tile, panels + c * depth, depth, o);
      }
    }
  }
}

/* a is given transposed: its block is packed whole, as it lies, block_k rows of block_m. Sums slice get_group_id(2) of
 * k into its own part of y. */
__kernel void slim_matmul_columns_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const float, b),
                                      SLIM_TENSOR(const float, bias), SLIM_TENSOR(float, y),
                                      const slim_matmul_params p, const slim_gemm_params g, __local float *block,
                                      __local float *panels)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const float, b);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(float, y);
  const int row0 = (int)get_group_id(0) * g.block_m, row1 = min(row0 + g.block_m, p.m);
  const int column0 = (int)get_group_id(1) * g.block_n, columns = min(g.block_n, p.n - column0);
  const int begin = (int)get_group_id(2) * g.slice, end = min(begin + g.slice, p.k);
  y += (size_t)get_group_id(2) * p.m * p.n;
  for (int k = begin; k < end; k += g.block_k) {
    const int depth = min(g.block_k, end - k);
    pack_panels(panels, b, p, k, depth, column0, columns);
    for (int i = 0; i < depth; i++) {
      slim_gemm_copy(block + i * g.block_m, a + (size_t)(k + i) * p.a_k + row0, row1 - row0);
    }
    for (int row = row0; row < row1; row += SLIM_GEMM_ROWS) {
      for (int c = 0; c < columns; c += SLIM_GEMM_COLUMNS) {
        const slim_gemm_out o = { y + (size_t)row * p.n + column0 + c,
                                  bias + column0 + c,
                                  p.n,
                                  row1 - row,
                                  columns - c,
                                  k == begin,
                                  k + depth == end,
                                  p.epilogue };
        slim_gemm_tile_columns(block + row - row0, g.block_m, panels + c * depth, depth, o);
      }
    }
  }
}
#endif
