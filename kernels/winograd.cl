/*
 * Convolution of stride 1 with 3x3 to 5x5 taps by Winograd's transforms, on CPU-like devices. For each of 36 or 49
 * points, a product of transformed inputs v by transformed weights u:
 *   v [point][c / width][tile][width]: a vector of channels after the other,
 *   u [panel of SLIM_GEMM_COLUMNS outputs][point][c][SLIM_GEMM_COLUMNS],
 *   products of a panel [point][tile][SLIM_GEMM_COLUMNS].
 * Channels and outputs are multiples of the width.
 */
#include "common.h"
#include "deal.h"
#include "winograd_taps.h"
#include "winograd_tile.h"

#if SLIM_CLASS == 0
/* --- weights ------------------------------------------------------------------------------------------------------ */

SLIM_WINOGRAD_FILTER_ROW(filter_kept_row, __local, __global)

/* A group: a vector of outputs, by a vector of channels. */
__kernel void slim_winograd_weights_f32(SLIM_TENSOR(const slim_weight, weights), SLIM_TENSOR(float, u),
                                        const slim_winograd_params p, __local float *taps)
{
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(float, u);
  const int c = (int)get_group_id(0) * SLIM_WIDTH, o = (int)get_group_id(1) * SLIM_WIDTH;
  const int step = p.c * SLIM_GEMM_COLUMNS;
  u += (size_t)(o / SLIM_GEMM_COLUMNS) * SLIM_WINOGRAD_POINTS * step + c * SLIM_GEMM_COLUMNS + o % SLIM_GEMM_COLUMNS;
  slim_winograd_pack_taps(taps, weights, p, c, SLIM_WIDTH, o, SLIM_WIDTH);
  for (int row = 0; row < SLIM_WINOGRAD_N; row++) {
    filter_kept_row(taps, u + row * SLIM_WINOGRAD_N * step, step, row, SLIM_WIDTH, SLIM_WIDTH);
  }
}

/* --- all in one: tasks of a block of tiles, in scratch of their groups' own --------------------------------------- */

/* Tiles of a block into v. pixels: room for those of a tile. */
static inline void open_block(__global const float *x, __global float *v, __global float *pixels,
                              __global const float *zeros, const slim_winograd_params p, const int first,
                              const int count)
{
#if SLIM_WINOGRAD_TAPS == 4
  if (p.fold.side > 0) {
    slim_winograd_open_colours(x, pixels, p, first, count, v);
    return;
  }
#endif
  slim_winograd_open_tiles(x, zeros, p, first, count, v);
}

/* The tiles of a block from the first on. */
SLIM_APART void fused_block(__global const float *x, __global const float *u, __global const float *bias,
                            __global const float *residual, __global float *y, __global float *v,
                            __global float *product, __global const float *zeros, const slim_winograd_params p,
                            const int first)
{
  const size_t step = slim_winograd_products_step(p.block);
  const int count = min(p.block, p.tiles - first);
  open_block(x, v, product, zeros, p, first, count);
  const size_t panel = (size_t)SLIM_WINOGRAD_POINTS * p.c * SLIM_GEMM_COLUMNS;
  for (int o = 0; o < p.o; o += p.panels * SLIM_GEMM_COLUMNS, u += p.panels * panel) {
    slim_winograd_multiply_panels(v, u, product, step, p, first, count, p.o - o);
    slim_winograd_close_panels(product, step, bias, residual, y, p, first, count, o);
  }
}

/* scratch: for each group inputs and products of its panels. zeros: c of them. */
__kernel void slim_winograd_fused_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const float, u),
                                      SLIM_TENSOR(const float, bias), SLIM_TENSOR(const float, residual),
                                      SLIM_TENSOR(float, y), SLIM_TENSOR(float, scratch),
                                      __global const float *zeros, const slim_winograd_params p, SLIM_DEALT)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const float, u);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  SLIM_OPEN(float, scratch);
  const size_t v_step = slim_winograd_inputs_step(p.block, p.c), step = slim_winograd_products_step(p.block);
  __global float *v = scratch + get_group_id(0) * SLIM_WINOGRAD_POINTS * (v_step + p.panels * step);
  SLIM_EACH_TASK(task)
  {
    fused_block(x, u, bias, residual, y, v, v + SLIM_WINOGRAD_POINTS * v_step, zeros, p, task.x * p.block);
  }
}

/* --- in two stages, for a block of tiles: their inputs, then panels of outputs ------------------------------------ */

/* A group a tile, from the first on. zeros: c of them. */
__kernel void slim_winograd_inputs_f32(SLIM_PLACED(const float, x), SLIM_PLACED(float, v), const uint4 at,
                                       __global const float *zeros, const slim_winograd_params p)
{
  SLIM_OPEN_PLACED(const float, x, 0);
  SLIM_OPEN_PLACED(float, v, 1);
  slim_winograd_open_tile(x, zeros, p, p.first + (int)get_group_id(0), v + get_group_id(0) * SLIM_WIDTH);
}
#endif
