/* A tile's way in, through products, and out, in convolutions by Winograd's transforms, on CPU-like devices. */
#ifndef SLIM_KERNEL_WINOGRAD_TILE_H
#define SLIM_KERNEL_WINOGRAD_TILE_H

#include "winograd.h"
#include "winograd_fold.h"

/* Tile number tile of all into v. */
static inline void slim_winograd_open_tile(__global const float *x, __global const float *zeros,
                                           const slim_winograd_params p, const int tile, __global float *v)
{
  __global const float *from[SLIM_WINOGRAD_POINTS];
  slim_winograd_pixels(x, zeros, p, tile, from);
  for (int c = 0; c < p.c; c += SLIM_WIDTH, v += slim_winograd_plane(p.block)) {
    slim_winograd_open(from, c, p.m * p.c, v, slim_winograd_inputs_step(p.block, p.c));
  }
}

/* Tiles of a block, from number first of all on. */
SLIM_APART void slim_winograd_open_tiles(__global const float *x, __global const float *zeros,
                                         const slim_winograd_params p, const int first, const int count,
                                         __global float *v)
{
  for (int t = 0; t < count; t++, v += SLIM_WIDTH) {
    slim_winograd_open_tile(x, zeros, p, first + t, v);
  }
}

#if SLIM_WINOGRAD_TAPS == 4
/* A row of a tile's pixels, each of 2x2 pixels of three channels, from two rows of these. What lies under the tile to the
 * right is fetched. */
static inline void slim_winograd_fold_colours(__global const float *upper, __global const float *lower,
                                              __global float *folded)
{
  const float8 none = (float8)(0.0f);
  SLIM_UNROLL
  for (int i = 0; i < SLIM_WINOGRAD_N; i++, upper += 6, lower += 6, folded += 16) {
    const float8 a = vload8(0, upper), b = vload8(0, lower);
    vstore16((float16)(a.s0123, a.s45, b.s01, b.s2345, none.s0123), 0, folded);
  }
  for (int i = 0; i < 2; i++, upper += 16, lower += 16) {
    SLIM_FETCH(upper + 8);
    SLIM_FETCH(lower + 8);
  }
}

/* The same at an edge of the image, where pixels outside are 0. */
SLIM_APART void slim_winograd_fold_edge(__global const float *image, __global float *folded,
                                        const slim_winograd_fold_params f, const int top, const int left)
{
  const int run = f.side * f.c;
  for (int i = 0; i < SLIM_WINOGRAD_N; i++, folded += f.fold_c) {
    for (int y = 0; y < f.side; y++) {
      const int floats = slim_fold_floats(f, top + y);
      slim_fold_run(folded + y * run, image + (floats ? top + y : 0) * f.w * f.c, left + i * run, run, floats);
    }
    slim_clear_few(folded + f.side * run, f.fold_c - f.side * run);
  }
}

/* The pixels of a tile of an image. */
static inline void slim_winograd_fold_tile(__global const float *x, __global float *folded,
                                           const slim_winograd_params p, const int tile)
{
  const slim_winograd_place at = slim_winograd_place_of(p, tile);
  const int left = (at.x * p.fold.side - p.fold.left) * p.fold.c, row = p.fold.w * p.fold.c;
  const bool inside = left >= 0 && left + 6 * (SLIM_WINOGRAD_N - 1) + 8 <= row; /* all that is read */
  x += (size_t)at.image * p.fold.h * row;
  for (int i = 0; i < SLIM_WINOGRAD_N; i++, folded += SLIM_WINOGRAD_N * p.fold.fold_c) {
    const int top = (at.y + i) * p.fold.side - p.fold.top;
    if (inside && top >= 0 && top + 1 < p.fold.h) {
      slim_winograd_fold_colours(x + top * row + left, x + (top + 1) * row + left, folded);
    } else {
      slim_winograd_fold_edge(x, folded, p.fold, top, left);
    }
  }
}

/* Tiles of a block, of an image that is not folded before; folded: room for the pixels of one. */
SLIM_APART void slim_winograd_open_colours(__global const float *x, __global float *folded,
                                           const slim_winograd_params p, const int first, const int count,
                                           __global float *v)
{
  __global const float *from[SLIM_WINOGRAD_POINTS];
  for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++) {
    from[i] = folded + i * p.fold.fold_c;
  }
  for (int t = 0; t < count; t++, v += SLIM_WIDTH) {
    slim_winograd_fold_tile(x, folded, p, first + t);
    for (int c = 0; c < p.c; c += SLIM_WIDTH) {
      slim_winograd_open(from, c, 0, v + c / SLIM_WIDTH * slim_winograd_plane(p.block),
                         slim_winograd_inputs_step(p.block, p.c));
    }
  }
}
#endif

/* Row number row of a tile's results, from columns that are transformed. */
static inline void slim_winograd_close_row(const SLIM_FLOATW *half_done, const int row, SLIM_FLOATW *sums)
{
  SLIM_FLOATW v[SLIM_WINOGRAD_N];
  SLIM_UNROLL
  for (int x = 0; x < SLIM_WINOGRAD_N; x++) {
    v[x] = half_done[row * SLIM_WINOGRAD_N + x];
  }
  slim_winograd_collect(v, 1, sums, 1, SLIM_WINOGRAD_M);
}

/* Where a vector of results goes; what lies a tile further to the right is fetched. */
static inline void slim_winograd_put(const SLIM_FLOATW value, __global float *y, const int ahead, const int streams)
{
  if (!streams) {
    SLIM_FETCH_WRITTEN(y + ahead);
  }
  slim_put(value, y, streams);
}

static inline void slim_winograd_put_results(const SLIM_FLOATW *half_done, const SLIM_FLOATW base,
                                             __global const float *residual, __global float *y,
                                             const slim_winograd_params p, const slim_winograd_place place, const int o)
{
  SLIM_FLOATW sums[SLIM_WINOGRAD_M];
  const int rows = min(SLIM_WINOGRAD_M, p.oh - place.y), columns = min(SLIM_WINOGRAD_M, p.ow - place.x);
  size_t to = (size_t)((place.image * p.oh + place.y) * p.ow + place.x) * p.o + o;
  for (int row = 0; row < rows; row++, to += (size_t)p.ow * p.o) {
    slim_winograd_close_row(half_done, row, sums);
    SLIM_UNROLL
    for (int i = 0; i < SLIM_WINOGRAD_M; i++) {
      if (i < columns) {
        const size_t at = to + (size_t)i * p.o;
        slim_winograd_put(slim_winograd_end(sums[i] + base, residual, at, p.epilogue), y + at, SLIM_WINOGRAD_M * p.o,
                          p.streams);
      }
    }
  }
}

#if SLIM_WINOGRAD_N == 6 && SLIM_WINOGRAD_TAPS == 3
/* value where it is larger than best, or NaN. */
static inline SLIM_FLOATW slim_winograd_larger(const SLIM_FLOATW best, const SLIM_FLOATW value)
{
  return value > best || value != value ? value : best;
}

/* The maxima of 2x2 results, of which a tile has four; those outside the image are below all. */
static inline void slim_winograd_put_maxima(const SLIM_FLOATW *half_done, const SLIM_FLOATW base,
                                            __global const float *residual, __global float *y,
                                            const slim_winograd_params p, const slim_winograd_place place, const int o)
{
  SLIM_FLOATW sums[SLIM_WINOGRAD_M], best[SLIM_WINOGRAD_M / 2];
  const slim_epilogue_params e = p.epilogue;
  const int rows = p.oh - place.y, columns = p.ow - place.x, left = place.x / 2;
  for (int row = 0; row < SLIM_WINOGRAD_M; row++) {
    const size_t from = (size_t)((place.image * p.oh + place.y + row) * p.ow + place.x) * p.o + o;
    const int top = (place.y + row) / 2;
    slim_winograd_close_row(half_done, row, sums);
    SLIM_UNROLL
    for (int i = 0; i < SLIM_WINOGRAD_M; i++) {
      sums[i] = row < rows && i < columns ? slim_winograd_end(sums[i] + base, residual, from + (size_t)i * p.o, e)
                                          : (SLIM_FLOATW)(-INFINITY);
    }
    SLIM_UNROLL
    for (int i = 0; i < SLIM_WINOGRAD_M / 2; i++) {
      const SLIM_FLOATW across = slim_winograd_larger(sums[2 * i], sums[2 * i + 1]);
      best[i] = row % 2 == 0 ? across : slim_winograd_larger(best[i], across);
      if (row % 2 == 1 && top < e.pooled_h && left + i < e.pooled_w) {
        const size_t to = (size_t)((place.image * e.pooled_h + top) * e.pooled_w + left + i) * p.o + o;
        slim_winograd_put(best[i], y + to, SLIM_WINOGRAD_M / 2 * p.o, p.streams);
      }
    }
  }
}
#endif

/* A vector of outputs of a tile from its products: columns, then rows, with the numbers between them in memory. */
static inline void slim_winograd_close_vector(__global const float *product, const size_t step,
                                              __global const float *bias, __global const float *residual,
                                              __global float *y, const slim_winograd_params p,
                                              const slim_winograd_place place, const int o)
{
  SLIM_FLOATW half_done[SLIM_WINOGRAD_M * SLIM_WINOGRAD_N], v[SLIM_WINOGRAD_N], sums[SLIM_WINOGRAD_M];
  const SLIM_FLOATW base = p.epilogue.has_bias ? SLIM_LOADW(0, bias + o) : (SLIM_FLOATW)(0.0f);
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
#if SLIM_WINOGRAD_N == 6 && SLIM_WINOGRAD_TAPS == 3
  if (p.epilogue.pooled_h > 0) {
    slim_winograd_put_maxima(half_done, base, residual, y, p, place, o);
    return;
  }
#endif
  slim_winograd_put_results(half_done, base, residual, y, p, place, o);
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

/* Panels of so many columns, or of a group if these are more. */
static inline int slim_winograd_panels(const slim_winograd_params p, const int columns)
{
  return min(p.panels, (columns + SLIM_GEMM_COLUMNS - 1) / SLIM_GEMM_COLUMNS);
}

/* Products by weights that come from far away, while of those at ahead a step is fetched for each channel, and of the
 * inputs a vector of tiles, later floats behind. */
static inline void slim_winograd_multiply(__global const float *a, __global const float *b, __global float *product,
                                          const int channels, const int plane, const int rows, const int columns,
                                          __global const float *ahead, const int ahead_step, const size_t later)
{
  const bool adds = false;
  SLIM_WINOGRAD_BY_ROWS_(SLIM_WINOGRAD_FETCH_STREAMS_, )
}

/* Products of the tiles at a point by a panel of weights, while those at ahead are fetched. */
static inline void slim_winograd_multiply_point(__global const float *v, const size_t later, __global const float *u,
                                                __global const float *ahead, __global float *product,
                                                const slim_winograd_params p, const slim_winograd_span at,
                                                const int columns)
{
  const int step = SLIM_GEMM_COLUMNS / max(1, (at.end - at.begin + p.rows - 1) / p.rows);
  for (int t = at.begin; t < at.end; t += p.rows, ahead += p.c * step) {
    slim_winograd_multiply(v + t * SLIM_WIDTH, u, product + t * SLIM_GEMM_COLUMNS, p.live, slim_winograd_plane(p.block),
                           min(p.rows, at.end - t), columns, ahead, step, later);
  }
}

/* Products of count tiles, the first of which is number first of all, at all points by p.panels panels of outputs or the
 * columns that are left, which meet a point's inputs one after another: those of all points leave the core's cache before
 * the next panels come. u: the first panel's weights; what is read next lies behind it, or behind all. */
static inline void slim_winograd_multiply_panels(__global const float *v, __global const float *u,
                                                 __global float *products, const size_t step,
                                                 const slim_winograd_params p, const int first, const int count,
                                                 const int columns)
{
  const size_t v_step = slim_winograd_inputs_step(p.block, p.c), point = (size_t)p.c * SLIM_GEMM_COLUMNS;
  const int panels = slim_winograd_panels(p, columns);
  for (int turn = 0; turn < SLIM_WINOGRAD_POINTS * panels; turn++) {
    const int i = turn / panels, number = turn % panels, next = (turn + 1) / panels, then = (turn + 1) % panels;
    __global const float *now = u + (number * SLIM_WINOGRAD_POINTS + i) * point;
    __global const float *ahead = u + (next < SLIM_WINOGRAD_POINTS ? then * SLIM_WINOGRAD_POINTS + next
                                                                   : panels * SLIM_WINOGRAD_POINTS) * point;
    slim_winograd_multiply_point(v + i * v_step, (next - i) * v_step, now, ahead,
                                 products + (number * SLIM_WINOGRAD_POINTS + i) * step, p,
                                 slim_winograd_tiles_at(p.order, SLIM_WINOGRAD_N, i, first, count),
                                 columns - number * SLIM_GEMM_COLUMNS);
  }
}

/* The outputs of those tiles, of panels from output o on. */
static inline void slim_winograd_close_panels(__global const float *products, const size_t step,
                                              __global const float *bias, __global const float *residual,
                                              __global float *y, const slim_winograd_params p, const int first,
                                              const int count, const int o)
{
  const int panels = slim_winograd_panels(p, p.o - o);
  for (int i = 0; i < panels * count; i++) {
    const int number = i / count, t = i % count;
    slim_winograd_close_tile(products + number * SLIM_WINOGRAD_POINTS * step + t * SLIM_GEMM_COLUMNS, step, bias,
                             residual, y, p, first + t, o + number * SLIM_GEMM_COLUMNS);
  }
}

#endif
