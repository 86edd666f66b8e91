/* A tile's way in, through products, and out, in convolutions by Winograd's transforms, on CPU-like devices. */
#ifndef SLIM_KERNEL_WINOGRAD_TILE_H
#define SLIM_KERNEL_WINOGRAD_TILE_H

#include "winograd.h"

/* Tile number tile of all, which is number t of its block, into v. */
SLIM_APART void slim_winograd_open_tile(__global const float *x, __global const float *zeros,
                                        const slim_winograd_params p, const int tile, const int t, __global float *v)
{
  __global const float *from[SLIM_WINOGRAD_POINTS];
  slim_winograd_pixels(x, zeros, p, tile, from);
  v += t * SLIM_WIDTH;
  for (int c = 0; c < p.c; c += SLIM_WIDTH, v += slim_winograd_plane(p.block)) {
    slim_winograd_open(from, c, p.m * p.c, v, slim_winograd_inputs_step(p.block, p.c));
  }
}

/* A vector of outputs of a tile from its products: columns, then rows, with the numbers between them in memory. Fetches
 * those of the tile to the right. */
static inline void slim_winograd_close_vector(__global const float *product, const size_t step,
                                              __global const float *bias, __global const float *residual,
                                              __global float *y, const slim_winograd_params p,
                                              const slim_winograd_place place, const int o)
{
  SLIM_FLOATW half_done[SLIM_WINOGRAD_M * SLIM_WINOGRAD_N], v[SLIM_WINOGRAD_N], sums[SLIM_WINOGRAD_M];
  const SLIM_FLOATW base = p.epilogue.has_bias ? SLIM_LOADW(0, bias + o) : (SLIM_FLOATW)(0.0f);
  const int rows = min(SLIM_WINOGRAD_M, p.oh - place.y), columns = min(SLIM_WINOGRAD_M, p.ow - place.x);
  for (int x = 0; x < SLIM_WINOGRAD_N; x++) {
    SLIM_UNROLL
    for (int i = 0; i < SLIM_WINOGRAD_N; i++) {
      v[i] = SLIM_LOADW(0, product + (i * SLIM_WINOGRAD_N + x) * step);
    }
    slim_winograd_collect(v, 1, sums, 1, SLIM_WINOGRAD_M);
    SLIM_UNROLL
    for (int i = 0; i < SLIM_WINOGRAD_M; i++) {
      half_done[i * SLIM_WINOGRAD_N + x] = sums[i];
    }
  }
  size_t to = (size_t)((place.image * p.oh + place.y) * p.ow + place.x) * p.o + o;
  for (int row = 0; row < rows; row++, to += (size_t)p.ow * p.o) {
    SLIM_UNROLL
    for (int x = 0; x < SLIM_WINOGRAD_N; x++) {
      v[x] = half_done[row * SLIM_WINOGRAD_N + x];
    }
    slim_winograd_collect(v, 1, sums, 1, SLIM_WINOGRAD_M);
    SLIM_UNROLL
    for (int i = 0; i < SLIM_WINOGRAD_M; i++) {
      if (i < columns) {
        const size_t at = to + (size_t)i * p.o;
        if (!p.streams) {
          SLIM_FETCH_WRITTEN(y + at + (size_t)SLIM_WINOGRAD_M * p.o);
        }
        slim_put(slim_winograd_end(sums[i] + base, residual, at, p.epilogue), y + at, p.streams);
      }
    }
  }
}

/* Activations that are no clamp, over the outputs of a tile in one panel. */
static inline void slim_winograd_smooth_tile(__global float *y, const slim_winograd_params p,
                                             const slim_winograd_place at, const int o)
{
  for (int row = at.y; row < min(at.y + p.m, p.oh); row++) {
    for (int column = at.x; column < min(at.x + p.m, p.ow); column++) {
      slim_winograd_smooth(y + (size_t)((at.image * p.oh + row) * p.ow + column) * p.o + o,
                           min(SLIM_GEMM_COLUMNS, p.o - o), p.epilogue.activation);
    }
  }
}

/* The outputs of a tile in one panel, which begins at output o. */
static inline void slim_winograd_close_tile(__global const float *product, const size_t step,
                                            __global const float *bias, __global const float *residual,
                                            __global float *y, const slim_winograd_params p, const int tile,
                                            const int o)
{
  const slim_winograd_place at = slim_winograd_place_of(p, tile);
  for (int i = 0; i < min(SLIM_GEMM_COLUMNS, p.o - o); i += SLIM_WIDTH) {
    slim_winograd_close_vector(product + i, step, bias, residual, y, p, at, o + i);
  }
  if (p.epilogue.activation > SLIM_ACTIVATION_RELU6) {
    slim_winograd_smooth_tile(y, p, at, o);
  }
}

/* Products by weights that come from far away, while of those at ahead a step is fetched for each channel. */
static inline void slim_winograd_multiply(__global const float *a, __global const float *b, __global float *product,
                                          const int channels, const int plane, const int rows, const int columns,
                                          __global const float *ahead, const int ahead_step)
{
  const bool adds = false;
  SLIM_WINOGRAD_BY_ROWS_(SLIM_WINOGRAD_FETCH_PANEL_)
}

/* Products of the tiles at a point by a panel of weights; the next point's, or panel's, which lie behind, are
 * fetched. */
static inline void slim_winograd_multiply_point(__global const float *v, __global const float *u,
                                                __global float *product, const slim_winograd_params p,
                                                const slim_winograd_span at, const int columns)
{
  const int step = SLIM_GEMM_COLUMNS / max(1, (at.end - at.begin + p.rows - 1) / p.rows);
  __global const float *ahead = u + (size_t)p.c * SLIM_GEMM_COLUMNS;
  for (int t = at.begin; t < at.end; t += p.rows, ahead += p.c * step) {
    slim_winograd_multiply(v + t * SLIM_WIDTH, u, product + t * SLIM_GEMM_COLUMNS, p.live, slim_winograd_plane(p.block),
                           min(p.rows, at.end - t), columns, ahead, step);
  }
}

#endif
