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
#include "winograd.h"

#if SLIM_CLASS == 0
#define M (SLIM_WINOGRAD_N + 1 - SLIM_WINOGRAD_TAPS) /* results of a tile along an axis */
#define TAPS (SLIM_WINOGRAD_TAPS * SLIM_WINOGRAD_TAPS)
#define TAPS_STEP (TAPS * SLIM_GEMM_COLUMNS) /* from a channel's packed taps to the next one's */

/* --- weights ------------------------------------------------------------------------------------------------------ */

#define AHEAD 48 /* rows of taps that are fetched before they are copied: they come from memory */

/* Taps [rows] that lie stride apart, and tap_step from one tap to the next: those that are read after the present ones. */
typedef struct taps_ahead {
  __global const slim_weight *from;
  size_t tap_step;
  int rows, stride, columns;
  __local float *to; /* where they are copied, [row][tap][SLIM_GEMM_COLUMNS]; 0: they are fetched */
} taps_ahead;

static inline __global const slim_weight *taps_row(const taps_ahead t, const int i)
{
  return t.from + i / t.rows * t.tap_step + (size_t)(i % t.rows) * t.stride;
}

/* Copies rows [begin, end) of all taps. */
SLIM_APART void copy_taps(const taps_ahead t, const int begin, const int end)
{
  for (int i = begin; i < end; i++) {
    __global const slim_weight *from = taps_row(t, i), *later = taps_row(t, min(i + AHEAD, TAPS * t.rows - 1));
    __local float *to = t.to + (i % t.rows * TAPS + i / t.rows) * SLIM_GEMM_COLUMNS;
    for (int c = 0; c < t.columns; c += SLIM_WIDTH) {
      SLIM_FETCH_LATER(later + c);
      SLIM_STOREW(SLIM_WEIGHTSW(from + c), 0, to + c);
    }
  }
}

/* One of so many shares of the taps, while others are multiplied. */
static inline void next_taps(const taps_ahead t, const int share, const int shares)
{
  const int rows = TAPS * t.rows;
  if (t.to != 0) {
    copy_taps(t, rows * share / shares, rows * (share + 1) / shares);
    return;
  }
  for (int i = share; i < rows; i += shares) {
    __global const slim_weight *from = taps_row(t, i);
    for (int j = 0; j < t.columns; j += 16) {
      SLIM_FETCH_LATER(from + j);
    }
  }
}

/* The taps of depth channels from k on and a panel of outputs from o on: [channel][tap][SLIM_GEMM_COLUMNS]. Read tap by
 * tap, as all taps of a channel may lie in few sets of a cache. */
static inline void pack_taps(__local float *taps, __global const slim_weight *weights, const slim_winograd_params p,
                             const int k, const int depth, const int o, const int columns)
{
  for (int i = 0; i < TAPS && p.turned; i++) {
    __global const slim_weight *from = weights + ((size_t)(TAPS - 1 - i) * p.o + o) * p.c + k;
    for (int c = 0; c < columns; c += SLIM_WIDTH) {
      slim_gemm_turn(taps + i * SLIM_GEMM_COLUMNS + c, TAPS_STEP, from + (size_t)c * p.c, p.c, depth, SLIM_WIDTH - 1);
    }
  }
  if (!p.turned) {
    const taps_ahead all = { weights + (size_t)k * p.o + o, (size_t)p.c * p.o, depth, p.o, columns, taps };
    copy_taps(all, 0, TAPS * depth);
  }
}

/* What each of the taps in a direction counts at the row's point. */
static inline void row_powers(const int row, float *power)
{
  const float point = slim_winograd_point(row);
  power[0] = row == SLIM_WINOGRAD_N - 1 ? 0.0f : 1.0f;
  SLIM_UNROLL
  for (int i = 1; i < SLIM_WINOGRAD_TAPS; i++) {
    power[i] = power[i - 1] * point;
  }
  power[SLIM_WINOGRAD_TAPS - 1] = row == SLIM_WINOGRAD_N - 1 ? 1.0f : power[SLIM_WINOGRAD_TAPS - 1];
}

/* A vector of a row of points, which lack their scales: their polynomials in one direction at the row's point, of taps
 * from first to last, then in the other at all points. */
#define ROW_POINTS_(space_, taps_, power_, first_, last_, all_)                                                        \
  SLIM_FLOATW g[5];                                                                                                    \
  SLIM_UNROLL                                                                                                          \
  for (int j = 0; j < SLIM_WINOGRAD_TAPS; j++) {                                                                       \
    g[j] = power_[first_] * SLIM_LOADW(0, (taps_) + ((first_) * SLIM_WINOGRAD_TAPS + j) * SLIM_GEMM_COLUMNS);          \
    SLIM_UNROLL                                                                                                        \
    for (int i = (first_) + 1; i <= last_; i++) {                                                                      \
      space_ const float *tap = (taps_) + (i * SLIM_WINOGRAD_TAPS + j) * SLIM_GEMM_COLUMNS;                            \
      g[j] = fma((SLIM_FLOATW)(power_[i]), SLIM_LOADW(0, tap), g[j]);                                                  \
    }                                                                                                                  \
  }                                                                                                                    \
  slim_winograd_evaluate(g, 1, all_, 1, SLIM_WINOGRAD_TAPS);

/* A row of points of depth channels, step apart. One for each side of the taps, not inlined: compilers would merge their
 * loops. */
#define FILTER_SOME_(space_, first_, last_)                                                                            \
  for (int c = 0; c < depth; c++, taps += TAPS_STEP, u += SLIM_GEMM_COLUMNS) {                                         \
    for (int at = 0; at < columns; at += SLIM_WIDTH) {                                                                 \
      SLIM_FLOATW all[SLIM_WINOGRAD_N];                                                                                \
      ROW_POINTS_(space_, taps + at, power, first_, last_, all)                                                        \
      SLIM_UNROLL                                                                                                      \
      for (int i = 0; i < SLIM_WINOGRAD_N; i++) {                                                                      \
        SLIM_STOREW(all[i] * (scale * slim_winograd_scale(i)), 0, u + i * step + at);                                  \
      }                                                                                                                \
    }                                                                                                                  \
  }
#define FILTER_ROW(name_, space_, to_)                                                                                 \
  SLIM_APART void name_(space_ const float *taps, to_ float *u, const int step, const int row, const int depth,        \
                        const int columns)                                                                             \
  {                                                                                                                    \
    const float scale = slim_winograd_scale(row);                                                                      \
    float power[5];                                                                                                    \
    row_powers(row, power);                                                                                            \
    if (row < SLIM_WINOGRAD_ZERO) {                                                                                    \
      FILTER_SOME_(space_, 0, 0)                                                                                       \
    } else if (row < SLIM_WINOGRAD_N - 1) {                                                                            \
      FILTER_SOME_(space_, 0, SLIM_WINOGRAD_TAPS - 1)                                                                  \
    } else {                                                                                                           \
      FILTER_SOME_(space_, SLIM_WINOGRAD_TAPS - 1, SLIM_WINOGRAD_TAPS - 1)                                             \
    }                                                                                                                  \
  }
FILTER_ROW(filter_row, __local, __local)
FILTER_ROW(filter_packed_row, __global, __local)
FILTER_ROW(filter_kept_row, __local, __global)

/* A group: a vector of outputs, by a vector of channels. */
__kernel void slim_winograd_weights_f32(SLIM_TENSOR(const slim_weight, weights), SLIM_TENSOR(float, u),
                                        const slim_winograd_params p, __local float *taps)
{
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(float, u);
  const int c = (int)get_group_id(0) * SLIM_WIDTH, o = (int)get_group_id(1) * SLIM_WIDTH;
  const int step = p.c * SLIM_GEMM_COLUMNS;
  u += (size_t)(o / SLIM_GEMM_COLUMNS) * SLIM_WINOGRAD_POINTS * step + c * SLIM_GEMM_COLUMNS + o % SLIM_GEMM_COLUMNS;
  pack_taps(taps, weights, p, c, SLIM_WIDTH, o, SLIM_WIDTH);
  for (int row = 0; row < SLIM_WINOGRAD_N; row++) {
    filter_kept_row(taps, u + row * SLIM_WINOGRAD_N * step, step, row, SLIM_WIDTH, SLIM_WIDTH);
  }
}

/* --- tiles -------------------------------------------------------------------------------------------------------- */

/* Tile number tile of all, which is number t of its block, into v. */
SLIM_APART void open_tile(__global const float *x, __global const float *zeros, const slim_winograd_params p,
                          const int tile, const int t, __global float *v)
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
static inline void close_vector(__global const float *product, const size_t step, __global const float *bias,
                                __global const float *residual, __global float *y, const slim_winograd_params p,
                                const slim_winograd_place place, const int o)
{
  SLIM_FLOATW half_done[M * SLIM_WINOGRAD_N], v[SLIM_WINOGRAD_N], sums[M];
  const SLIM_FLOATW base = p.epilogue.has_bias ? SLIM_LOADW(0, bias + o) : (SLIM_FLOATW)(0.0f);
  const int rows = min(M, p.oh - place.y), columns = min(M, p.ow - place.x);
  for (int x = 0; x < SLIM_WINOGRAD_N; x++) {
    SLIM_UNROLL
    for (int i = 0; i < SLIM_WINOGRAD_N; i++) {
      v[i] = SLIM_LOADW(0, product + (i * SLIM_WINOGRAD_N + x) * step);
    }
    slim_winograd_collect(v, 1, sums, 1, M);
    SLIM_UNROLL
    for (int i = 0; i < M; i++) {
      half_done[i * SLIM_WINOGRAD_N + x] = sums[i];
    }
  }
  size_t to = (size_t)((place.image * p.oh + place.y) * p.ow + place.x) * p.o + o;
  for (int row = 0; row < rows; row++, to += (size_t)p.ow * p.o) {
    SLIM_UNROLL
    for (int x = 0; x < SLIM_WINOGRAD_N; x++) {
      v[x] = half_done[row * SLIM_WINOGRAD_N + x];
    }
    slim_winograd_collect(v, 1, sums, 1, M);
    SLIM_UNROLL
    for (int i = 0; i < M; i++) {
      if (i < columns) {
        const size_t at = to + (size_t)i * p.o;
        if (!p.streams) {
          SLIM_FETCH_WRITTEN(y + at + (size_t)M * p.o);
        }
        slim_put(slim_winograd_end(sums[i] + base, residual, at, p.epilogue), y + at, p.streams);
      }
    }
  }
}

/* Activations that are no clamp, over the outputs of a tile in one panel. */
static inline void smooth_tile(__global float *y, const slim_winograd_params p, const slim_winograd_place at, const int o)
{
  for (int row = at.y; row < min(at.y + p.m, p.oh); row++) {
    for (int column = at.x; column < min(at.x + p.m, p.ow); column++) {
      slim_winograd_smooth(y + (size_t)((at.image * p.oh + row) * p.ow + column) * p.o + o,
                           min(SLIM_GEMM_COLUMNS, p.o - o), p.epilogue.activation);
    }
  }
}

/* The outputs of a tile in one panel, which begins at output o. */
static inline void close_tile(__global const float *product, const size_t step, __global const float *bias,
                              __global const float *residual, __global float *y, const slim_winograd_params p,
                              const int tile, const int o)
{
  const slim_winograd_place at = slim_winograd_place_of(p, tile);
  for (int i = 0; i < min(SLIM_GEMM_COLUMNS, p.o - o); i += SLIM_WIDTH) {
    close_vector(product + i, step, bias, residual, y, p, at, o + i);
  }
  if (p.epilogue.activation > SLIM_ACTIVATION_RELU6) {
    smooth_tile(y, p, at, o);
  }
}

SLIM_WINOGRAD_MULTIPLY_BY(multiply_local, __local)

/* The same by weights that come from far away, while of those at ahead a step is fetched for each channel. */
static inline void multiply(__global const float *a, __global const float *b, __global float *product,
                            const int channels, const int plane, const int rows, const int columns,
                            __global const float *ahead, const int ahead_step)
{
  const bool adds = false;
  SLIM_WINOGRAD_BY_ROWS_(SLIM_WINOGRAD_FETCH_PANEL_)
}

/* Products of the tiles at a point by a panel of weights; the next point's, or panel's, which lie behind, are fetched. */
static inline void multiply_point(__global const float *v, __global const float *u, __global float *product,
                                  const slim_winograd_params p, const slim_winograd_span at, const int columns)
{
  const int step = SLIM_GEMM_COLUMNS / max(1, (at.end - at.begin + p.rows - 1) / p.rows);
  __global const float *ahead = u + (size_t)p.c * SLIM_GEMM_COLUMNS;
  for (int t = at.begin; t < at.end; t += p.rows, ahead += p.c * step) {
    multiply(v + t * SLIM_WIDTH, u, product + t * SLIM_GEMM_COLUMNS, p.c, slim_winograd_plane(p.block),
             min(p.rows, at.end - t), columns, ahead, step);
  }
}

/* --- all in one: tasks of a block of tiles, in scratch of their groups' own ---------------------------------------- */

/* The tiles of a block from the first on; the pixels of that from next on are fetched meanwhile. */
SLIM_APART void fused_block(__global const float *x, __global const float *panel, __global const float *bias,
                            __global const float *residual, __global float *y, __global float *v,
                            __global float *product, __global const float *zeros, const slim_winograd_params p,
                            const int first, const int next)
{
  const size_t v_step = slim_winograd_inputs_step(p.block, p.c), step = slim_winograd_products_step(p.block);
  const int count = min(p.block, p.tiles - first), ahead = clamp(p.tiles - next, 0, p.block);
  const int shares = SLIM_WINOGRAD_POINTS * ((p.o + SLIM_GEMM_COLUMNS - 1) / SLIM_GEMM_COLUMNS);
  for (int t = 0; t < count; t++) {
    open_tile(x, zeros, p, first + t, t, v);
  }
  for (int o = 0; o < p.o; o += SLIM_GEMM_COLUMNS) {
    for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++, panel += (size_t)p.c * SLIM_GEMM_COLUMNS) {
      slim_winograd_fetch(x, p, p.h, p.w, p.c, p.taps - 1 - p.before_h, p.taps - 1 - p.before_w, next, ahead,
                          o / SLIM_GEMM_COLUMNS * SLIM_WINOGRAD_POINTS + i, shares);
      multiply_point(v + i * v_step, panel, product + i * step, p,
                     slim_winograd_tiles_at(p.order, SLIM_WINOGRAD_N, i, first, count), p.o - o);
    }
    for (int t = 0; t < count; t++) {
      close_tile(product + t * SLIM_GEMM_COLUMNS, step, bias, residual, y, p, first + t, o);
    }
  }
}

/* scratch: for each group inputs and products of a panel. zeros: c of them. */
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
  __global float *v = scratch + get_group_id(0) * SLIM_WINOGRAD_POINTS * (v_step + step);
  const int ahead = (int)get_num_groups(0) * p.block;
  SLIM_EACH_TASK(task)
  {
    const int first = task.x * p.block;
    fused_block(x, u, bias, residual, y, v, v + SLIM_WINOGRAD_POINTS * v_step, zeros, p, first, first + ahead);
  }
}

/* --- in two stages, for a block of tiles: their inputs, then panels of outputs ------------------------------------ */

/* A group a tile, from the first on. zeros: c of them. */
__kernel void slim_winograd_inputs_f32(SLIM_PLACED(const float, x), SLIM_PLACED(float, v), const uint4 at,
                                       __global const float *zeros, const slim_winograd_params p)
{
  SLIM_OPEN_PLACED(const float, x, 0);
  SLIM_OPEN_PLACED(float, v, 1);
  open_tile(x, zeros, p, p.first + (int)get_group_id(0), (int)get_group_id(0), v);
}

/* What a group of the second stage makes: tiles [begin, begin + tiles) of the block in a panel of outputs from o on. */
typedef struct panel {
  int o, columns, begin, tiles;
  int first;   /* number of the first tile, of all */
  size_t step; /* between the points of its products */
} panel;

static inline panel panel_of(const slim_winograd_params p)
{
  const int o = (int)get_group_id(0) * SLIM_GEMM_COLUMNS, begin = (int)get_group_id(1) * p.part;
  const panel t = { o, min(SLIM_GEMM_COLUMNS, p.o - o), begin, min(p.part, min(p.block, p.tiles - p.first) - begin),
                    p.first + begin, slim_winograd_products_step(p.part) };
  return t;
}

#define EACH_SUM_(p_, t_)                                                                                              \
  SLIM_UNROLL                                                                                                          \
  for (int p_ = 0; p_ < SLIM_WINOGRAD_N; p_++)                                                                         \
    SLIM_UNROLL                                                                                                        \
    for (int t_ = 0; t_ < SLIM_WINOGRAD_FEW; t_++)
/* Adds depth channels to the products of four tiles by a vector of outputs, a side of a panel, in a row of points: each
 * is multiplied as soon as it is made. Scales come last. */
#define SUM_SOME_(space_, first_, last_)                                                                               \
  for (int c = 0; c < depth; c += SLIM_WIDTH, v += slim_winograd_plane(SLIM_WINOGRAD_FEW)) {                           \
    next_taps(next, ((row * 2 + side) * depth + c) / SLIM_WIDTH, SLIM_WINOGRAD_N * 2 * depth / SLIM_WIDTH);            \
    for (int k = 0; k < SLIM_WIDTH; k++, taps += TAPS_STEP) {                                                          \
      ROW_POINTS_(space_, taps, power, first_, last_, all)                                                             \
      EACH_SUM_(p, t)                                                                                                  \
      {                                                                                                                \
        sums[p][t] = fma((SLIM_FLOATW)(v[p * v_step + t * SLIM_WIDTH + k]), all[p], sums[p][t]);                       \
      }                                                                                                                \
    }                                                                                                                  \
  }
#define SUM_ROW(name_, space_)                                                                                         \
  SLIM_APART void name_(__global const float *v, const size_t v_step, space_ const float *taps,                        \
                        __global float *products, const size_t step, const int row, const int side, const int depth,   \
                        const bool adds, const taps_ahead next)                                                        \
  {                                                                                                                    \
    SLIM_FLOATW sums[SLIM_WINOGRAD_N][SLIM_WINOGRAD_FEW], all[SLIM_WINOGRAD_N];                                        \
    float power[5];                                                                                                    \
    row_powers(row, power);                                                                                            \
    EACH_SUM_(p, t) { sums[p][t] = (SLIM_FLOATW)(0.0f); }                                                              \
    if (row < SLIM_WINOGRAD_ZERO) {                                                                                    \
      SUM_SOME_(space_, 0, 0)                                                                                          \
    } else if (row < SLIM_WINOGRAD_N - 1) {                                                                            \
      SUM_SOME_(space_, 0, SLIM_WINOGRAD_TAPS - 1)                                                                     \
    } else {                                                                                                           \
      SUM_SOME_(space_, SLIM_WINOGRAD_TAPS - 1, SLIM_WINOGRAD_TAPS - 1)                                                \
    }                                                                                                                  \
    EACH_SUM_(p, t)                                                                                                    \
    {                                                                                                                  \
      const float scale = slim_winograd_scale(row) * slim_winograd_scale(p);                                           \
      __global float *to = products + p * step + t * SLIM_GEMM_COLUMNS;                                                \
      SLIM_STOREW(adds ? SLIM_LOADW(0, to) + sums[p][t] * scale : sums[p][t] * scale, 0, to);                          \
    }                                                                                                                  \
  }
SUM_ROW(sum_row, __local)
SUM_ROW(sum_packed_row, __global)

/* Adds depth channels from k on to the products of a panel. u: a row of points of as many channels. */
#define SUM_PANEL(name_, space_, FILTER_)                                                                              \
  SLIM_APART void name_(__global const float *v, space_ const float *taps, __global float *products,                   \
                        __local float *u, const slim_winograd_params p, const panel t, const int k, const int depth,   \
                        const taps_ahead next)                                                                         \
  {                                                                                                                    \
    v += k / SLIM_WIDTH * slim_winograd_plane(p.block);                                                                \
    for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++) {                                                                   \
      if (i % SLIM_WINOGRAD_N == 0) {                                                                                  \
        FILTER_(taps, u, depth * SLIM_GEMM_COLUMNS, i / SLIM_WINOGRAD_N, depth, t.columns);                            \
      }                                                                                                                \
      next_taps(next, i, SLIM_WINOGRAD_POINTS);                                                                        \
      const slim_winograd_span at = slim_winograd_tiles_at(p.order, SLIM_WINOGRAD_N, i, t.first, t.tiles);             \
      for (int tile = at.begin; tile < at.end; tile += p.rows) {                                                       \
        multiply_local(v + i * slim_winograd_inputs_step(p.block, p.c) + (t.begin + tile) * SLIM_WIDTH,                \
                       u + i % SLIM_WINOGRAD_N * depth * SLIM_GEMM_COLUMNS,                                            \
                       products + i * t.step + tile * SLIM_GEMM_COLUMNS, depth, slim_winograd_plane(p.block),          \
                       min(p.rows, at.end - tile), t.columns, k > 0);                                                  \
      }                                                                                                                \
    }                                                                                                                  \
  }
SUM_PANEL(sum_panel, __local, filter_row)
SUM_PANEL(sum_packed_panel, __global, filter_packed_row)

/* The same of four tiles, without u. */
#define SUM_FEW(name_, space_, ROW_)                                                                                   \
  SLIM_APART void name_(__global const float *v, space_ const float *taps, __global float *products,                   \
                        const slim_winograd_params p, const panel t, const int k, const int depth,                     \
                        const taps_ahead next)                                                                         \
  {                                                                                                                    \
    const size_t v_step = slim_winograd_inputs_step(p.block, p.c);                                                     \
    v += k / SLIM_WIDTH * slim_winograd_plane(SLIM_WINOGRAD_FEW);                                                      \
    for (int row = 0; row < SLIM_WINOGRAD_N; row++) {                                                                  \
      for (int o = 0; o < t.columns; o += SLIM_WIDTH) {                                                                \
        ROW_(v + row * SLIM_WINOGRAD_N * v_step, v_step, taps + o,                                                     \
             products + row * SLIM_WINOGRAD_N * t.step + o, t.step, row, o / SLIM_WIDTH, depth, k > 0, next);          \
      }                                                                                                                \
    }                                                                                                                  \
  }
SUM_FEW(sum_few, __local, sum_row)
SUM_FEW(sum_packed_few, __global, sum_packed_row)

/* Where the taps of a group's channels behind k lie, or, behind the last ones, those of the next group. to: where the
 * former are copied, if there is a second place. */
static inline taps_ahead taps_behind(__global const slim_weight *weights, const slim_winograd_params p, const panel t,
                                     const int k, __local float *to)
{
  const bool deeper = k + p.depth < p.c;
  const int next_k = deeper ? k + p.depth : 0, depth = min(p.depth, p.c - next_k);
  const int o = deeper ? t.o : t.o + SLIM_GEMM_COLUMNS, columns = clamp(p.o - o, 0, SLIM_GEMM_COLUMNS);
  const taps_ahead next = { weights + (p.turned ? (size_t)o * p.c + next_k : (size_t)next_k * p.o + o),
                            (size_t)p.c * p.o, p.turned ? columns : depth, p.turned ? p.c : p.o,
                            p.turned ? depth : columns, deeper && p.places > 1 ? to : 0 };
  return next;
}

SLIM_APART void close_panel(__global const float *products, __global const float *bias,
                            __global const float *residual, __global float *y, const slim_winograd_params p,
                            const panel t)
{
  for (int i = 0; i < t.tiles; i++) {
    close_tile(products + i * SLIM_GEMM_COLUMNS, t.step, bias, residual, y, p, t.first + i, t.o);
  }
}

static inline size_t products_at(const slim_winograd_params p)
{
  return (SLIM_WINOGRAD_POINTS * slim_winograd_inputs_step(p.block, p.c) + 63) / 64 * 64;
}

/* What the kernels of panels read and write: products lie behind v, at a multiple of 256 bytes, */
#define PANEL_PARAMETERS_(weights_)                                                                                    \
  SLIM_PLACED(float, v), SLIM_PLACED(const float, bias), SLIM_PLACED(const float, residual), SLIM_PLACED(float, y),    \
      const uint4 at, weights_, const slim_winograd_params p

#define OPEN_PANEL_                                                                                                    \
  SLIM_OPEN_PLACED(float, v, 0);                                                                                       \
  SLIM_OPEN_PLACED(const float, bias, 1);                                                                              \
  SLIM_OPEN_PLACED(const float, residual, 2);                                                                          \
  SLIM_OPEN_PLACED(float, y, 3);                                                                                       \
  const panel t = panel_of(p);                                                                                         \
  __global float *products = v + products_at(p) +                                                                      \
                             (get_group_id(1) * get_num_groups(0) + get_group_id(0)) * SLIM_WINOGRAD_POINTS * t.step;

/* and how: sum_ adds depth channels from k on, whose taps are now, to the products. Weights as they lie, */
#define PANEL_(sum_)                                                                                                   \
  SLIM_OPEN(const slim_weight, weights);                                                                               \
  OPEN_PANEL_                                                                                                          \
  for (int k = 0; k < p.c; k += p.depth) {                                                                             \
    const int depth = min(p.depth, p.c - k), place = k / p.depth % p.places;                                           \
    __local float *now = taps + place * p.depth * TAPS_STEP;                                                           \
    const taps_ahead next = taps_behind(weights, p, t, k, taps + (1 - place) * p.depth * TAPS_STEP);                   \
    if (k == 0 || p.places == 1) {                                                                                     \
      pack_taps(now, weights, p, k, depth, t.o, t.columns);                                                            \
    }                                                                                                                  \
    sum_;                                                                                                              \
  }                                                                                                                    \
  close_panel(products, bias, residual, y, p, t);

/* or packed by slim_conv2d_pack_f32, all channels together: what is read next lies behind. */
#define PACKED_PANEL_(sum_)                                                                                            \
  OPEN_PANEL_                                                                                                          \
  __global const float *taps = packed + (size_t)t.o * p.c * TAPS;                                                      \
  for (int k = 0; k < p.c; k += p.depth) {                                                                             \
    const int depth = min(p.depth, p.c - k), left = p.c - k - depth;                                                   \
    const int next_depth = left > 0 ? min(p.depth, left) : t.o + SLIM_GEMM_COLUMNS < p.o ? min(p.depth, p.c) : 0;      \
    const taps_ahead next = { taps + depth * TAPS_STEP, next_depth * SLIM_GEMM_COLUMNS, next_depth, SLIM_GEMM_COLUMNS, \
                              SLIM_GEMM_COLUMNS, 0 };                                                                  \
    sum_;                                                                                                              \
    taps += depth * TAPS_STEP;                                                                                         \
  }                                                                                                                    \
  close_panel(products, bias, residual, y, p, t);

/* A group: a panel of outputs, a part of the tiles of the block. products: of each group;
 * taps: p.places of what pack_taps makes. */
__kernel void slim_winograd_panels_f32(PANEL_PARAMETERS_(SLIM_TENSOR(const slim_weight, weights)), __local float *taps,
                                       __local float *u)
{
  PANEL_(sum_panel(v, now, products, u, p, t, k, depth, next))
}

/* The same with packed weights. */
__kernel void slim_winograd_packed_f32(PANEL_PARAMETERS_(__global const float *packed), __local float *u)
{
  PACKED_PANEL_(sum_packed_panel(v, taps, products, u, p, t, k, depth, next))
}

/* Weights that slim_winograd_weights_f32 transformed. */
SLIM_APART void sum_points(__global const float *v, __global const float *u, __global float *products,
                           const slim_winograd_params p, const panel t)
{
  v += t.begin * SLIM_WIDTH;
  u += (size_t)t.o * SLIM_WINOGRAD_POINTS * p.c;
  for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++, u += (size_t)p.c * SLIM_GEMM_COLUMNS) {
    multiply_point(v + i * slim_winograd_inputs_step(p.block, p.c), u, products + i * t.step, p,
                   slim_winograd_tiles_at(p.order, SLIM_WINOGRAD_N, i, t.first, t.tiles), t.columns);
  }
}

__kernel void slim_winograd_points_f32(PANEL_PARAMETERS_(__global const float *u))
{
  OPEN_PANEL_
  sum_points(v, u, products, p, t);
  close_panel(products, bias, residual, y, p, t);
}

/* Both of four tiles, whose weights stay in registers. */
__kernel void slim_winograd_few_f32(PANEL_PARAMETERS_(SLIM_TENSOR(const slim_weight, weights)), __local float *taps)
{
  PANEL_(sum_few(v, now, products, p, t, k, depth, next))
}

__kernel void slim_winograd_few_packed_f32(PANEL_PARAMETERS_(__global const float *packed))
{
  PACKED_PANEL_(sum_packed_few(v, taps, products, p, t, k, depth, next))
}
#endif
