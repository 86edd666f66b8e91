/* Convolution on CPU-like devices, as blocked matrix products. */
#include "common.h"
#include "conv2d_cpu.h"
#include "deal.h"
#include "strassen.h"

#if SLIM_CLASS == 0
/* The tiles of a part over depth elements of the windows from k on, which panels have. tile: SLIM_GEMM_ROWS rows of
 * SLIM_GEMM_A_STRIDE. next: so many rows of panels that are read after these. */
#define SUM_BLOCK(name_, space_, TILE_, LYING_)                                                                        \
  SLIM_APART void name_(__global const float *x, space_ const float *panels, __global const float *bias,               \
                        __global const float *residual, __global float *y, const slim_conv2d_params p,                 \
                        const slim_gemm_part t, const int k, const int depth, __local float *tile,                     \
                        __global const float *next, const int next_rows)                                               \
  {                                                                                                                    \
    const bool last = k + depth == p.kernel_h * p.kernel_w * p.c;                                                      \
    const int tiles = slim_gemm_part_tiles(t);                                                                         \
    int number = 0;                                                                                                    \
    for (int row = t.row0; row < t.row1; row += SLIM_GEMM_ROWS) {                                                      \
      const bool lies = is_pixel(p) && slim_gemm_part_lies(t, row, p.c, depth);                                        \
      if (!lies) {                                                                                                     \
        gather_tile(tile, x, p, row, min(SLIM_GEMM_ROWS, t.row1 - row), k, depth);                                     \
      }                                                                                                                \
      for (int c = 0; c < t.columns; c += SLIM_GEMM_COLUMNS, number++) {                                               \
        const slim_gemm_ahead next_a = ahead_of(x, p, t, row + SLIM_GEMM_ROWS, k, depth, c);                           \
        const slim_gemm_ahead next_b =                                                                                 \
            slim_gemm_block_ahead(next, SLIM_GEMM_COLUMNS, next_rows, SLIM_GEMM_COLUMNS, number, tiles, depth);        \
        const slim_gemm_out o = slim_gemm_part_out(y, bias, residual, p.o, p.epilogue, t, row, c, k == 0, last);       \
        if (lies) {                                                                                                    \
          LYING_(x + (size_t)row * p.c + k, p.c, panels + c * depth, depth, &next_a, &next_b, &o);                     \
        } else {                                                                                                       \
          TILE_(tile, panels + c * depth, depth, &next_a, &next_b, &o);                                                \
        }                                                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
  }
SUM_BLOCK(sum_block, __local, slim_gemm_tile_rows, slim_gemm_tile_lying)
SUM_BLOCK(sum_packed, __global, slim_gemm_tile_packed, slim_gemm_tile_lying_packed)

/* A matrix product: windows of x by weights. panels: block_k rows of block_n. */
__kernel void slim_conv2d_cpu_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const slim_weight, weights),
                                  SLIM_TENSOR(const float, bias), SLIM_TENSOR(const float, residual),
                                  SLIM_TENSOR(float, y), const slim_conv2d_params p, const slim_gemm_params g,
                                  __local float *tile, __local float *panels, SLIM_DEALT)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  SLIM_EACH_TASK(task)
  {
    const slim_gemm_part t = slim_gemm_part_of(g, task.x, task.y, p.n * p.oh * p.ow, p.o);
    const int total = p.kernel_h * p.kernel_w * p.c;
    for (int k = 0; k < total; k += g.block_k) {
      const int depth = min(g.block_k, total - k);
      slim_gemm_pack_b(panels, weights + (size_t)k * p.o + t.column0, p.o, depth, t.columns);
      sum_block(x, panels, bias, residual, y, p, t, k, depth, tile, x, 0);
    }
  }
}

/* A task in products of halves, of windows that are pixels. tiles: its factors; sums: four tiles. */
SLIM_APART void multiply_halves(__global const float *x, __global const float *packed, __global const float *bias,
                                __global const float *residual, __global float *y, const slim_conv2d_params p,
                                const slim_gemm_params g, const int down, const int across, __local float *tiles,
                                __global float *sums)
{
  const int m = p.n * p.oh * p.ow, total = p.c, upper = (m + 1) / 2;
  const slim_gemm_part t = slim_gemm_part_of(g, down, across, upper, p.o / 2);
  for (int k = 0, depth; k < total; k += 2 * depth) {
    __local float *tile = tiles;
    depth = min(g.block_k, total - k) / 2;
    for (int row = t.row0; row < t.row1; row += SLIM_GEMM_ROWS, tile += SLIM_STRASSEN_FACTORS) {
      const int rows = min(SLIM_GEMM_ROWS, t.row1 - row), lower = slim_strassen_lower(m, row, rows);
      for (int i = 0; i < 4; i++) {
        __global const float *from = x + (size_t)(row + i / 2 * upper) * p.c + k + i % 2 * depth;
        for (int r = 0; r < (i < 2 ? rows : lower); r++, from += p.c) {
          slim_gemm_copy(tile + SLIM_STRASSEN_QUARTER(i) + r * SLIM_GEMM_A_STRIDE, from, depth);
        }
      }
      slim_strassen_add(tile, rows, lower, depth);
    }
    slim_strassen_part(tiles, packed, bias, residual, y, sums, m, p.o, p.epilogue, t, k, total, g.block_k);
  }
}

/* As slim_conv2d_cpu_f32, by such weights, or those of slim_strassen_pack_f32. While a block is multiplied, the next one is
 * fetched: of this task, or of that which the group will probably take next. */
__kernel void slim_conv2d_packed_f32(SLIM_PLACED(const float, x), __global float *packed,
                                     SLIM_PLACED(const float, bias), SLIM_PLACED(const float, residual),
                                     SLIM_PLACED(float, y), const uint4 at, const slim_conv2d_params p,
                                     const slim_gemm_params g, __local float *tile, SLIM_DEALT)
{
  SLIM_OPEN_PLACED(const float, x, 0);
  SLIM_OPEN_PLACED(const float, bias, 1);
  SLIM_OPEN_PLACED(const float, residual, 2);
  SLIM_OPEN_PLACED(float, y, 3);
  SLIM_EACH_TASK(task)
  {
    if (g.slice == SLIM_GEMM_HALVES) {
      __global float *sums = slim_strassen_sums(packed, p.c, p.o, (int)get_group_id(0));
      multiply_halves(x, packed, bias, residual, y, p, g, task.x, task.y, tile, sums);
      continue;
    }
    const int m = p.n * p.oh * p.ow, total = p.kernel_h * p.kernel_w * p.c;
    const int later = (task.x + (int)get_num_groups(0)) / deal.x; /* columns of tasks that come first */
    const slim_gemm_part t = slim_gemm_part_of(g, task.x, task.y, m, p.o);
    const slim_gemm_part then = slim_gemm_part_of(g, 0, min(task.y + later, deal.y - 1), m, p.o);
    for (int k = 0, depth; k < total; k += depth) {
      const packed_block now = packed_block_of(packed, p, g, t, k);
      depth = now.depth;
      const bool deeper = k + depth < total;
      const packed_block next = packed_block_of(packed, p, g, deeper ? t : then, deeper ? k + depth : 0);
      sum_packed(x, now.panels, bias, residual, y, p, t, k, depth, tile, next.panels,
                 next.panels == now.panels ? 0 : next.rows);
    }
  }
}

/* Row number k of the weights, of all panels: packed has blocks of block_k channels, of each the panels one after
 * another, of these the channels, of these the taps, with zeros behind the last column. */
__kernel void slim_conv2d_pack_f32(SLIM_TENSOR(const float, weights), __global float *packed,
                                   const slim_conv2d_params p, const slim_gemm_params g)
{
  SLIM_OPEN(const float, weights);
  const int k = (int)get_global_id(0), taps = p.kernel_h * p.kernel_w;
  if (k >= taps * p.c) {
    return;
  }
  const int channel = k % p.c, first = channel / g.block_k * g.block_k, depth = min(g.block_k, p.c - first);
  const int wide = (p.o + SLIM_GEMM_COLUMNS - 1) / SLIM_GEMM_COLUMNS * SLIM_GEMM_COLUMNS;
  packed += (size_t)first * taps * wide + ((channel - first) * taps + k / p.c) * SLIM_GEMM_COLUMNS;
  weights += (size_t)k * p.o;
  for (int c = 0; c < wide; c++) {
    packed[(size_t)(c / SLIM_GEMM_COLUMNS * taps * depth) * SLIM_GEMM_COLUMNS + c % SLIM_GEMM_COLUMNS] =
        c < p.o ? weights[c] : 0.0f;
  }
}
#endif
