/*
 * The gradient by the weights by Winograd's transforms, on CPU-like devices. For each of 36 points, a product of x's
 * transformed tiles v, transposed, by those of dy, z, summed over all tiles into du; then du is transformed to dw. Runs
 * of p.block tiles are worked on one after the other:
 *   v [point][c / width][tile][width], z [point][panel of SLIM_GEMM_COLUMNS outputs][tile][SLIM_GEMM_COLUMNS],
 *   du of p.depth channels and a panel [point][channel][SLIM_GEMM_COLUMNS].
 */
#include "common.h"
#include "winograd.h"

#if SLIM_CLASS == 0
#define CHANNELS (SLIM_WIDTH / 2) /* rows of a tile of du */
#define FETCH_MOST 128            /* channels of a pixel that is fetched; devices foresee longer runs */

static inline int panels_of(const slim_winograd_params p)
{
  return (p.o + SLIM_GEMM_COLUMNS - 1) / SLIM_GEMM_COLUMNS;
}

static inline size_t v_step(const slim_winograd_params p)
{
  return (size_t)p.block * p.c + SLIM_WINOGRAD_GAP;
}

static inline size_t z_step(const slim_winograd_params p)
{
  return (size_t)p.block * panels_of(p) * SLIM_GEMM_COLUMNS + SLIM_WINOGRAD_GAP;
}

static inline int du_step(const slim_winograd_params p)
{
  return p.depth * SLIM_GEMM_COLUMNS;
}

/* A vector of outputs of dy under a tile, at a constant m; pixels outside count as 0. */
static inline void open_gradient(__global const float *dy, const slim_winograd_params p, const slim_winograd_place at,
                                 const int o, SLIM_FLOATW *all, const int m)
{
  SLIM_FLOATW d[16], rows[SLIM_WINOGRAD_N * 4];
  SLIM_UNROLL
  for (int i = 0; i < m * m; i++) {
    const int y = at.y + i / m, x = at.x + i % m;
    const bool inside = y < p.oh && x < p.ow;
    d[i] = inside ? SLIM_LOADW(0, dy + (size_t)((at.image * p.oh + y) * p.ow + x) * p.o + o) : (SLIM_FLOATW)(0.0f);
  }
  SLIM_UNROLL
  for (int i = 0; i < m; i++) {
    slim_winograd_evaluate(d + i, m, rows + i, m, m);
  }
  SLIM_UNROLL
  for (int i = 0; i < SLIM_WINOGRAD_N; i++) {
    slim_winograd_evaluate(rows + i * m, 1, all + i * SLIM_WINOGRAD_N, 1, m);
  }
}

/* Fetches floats of neighbouring pixels, */
static inline void fetch_run(__global const float *from, const int count)
{
  for (int i = 0; i < count; i += 16) {
    SLIM_FETCH(from + i);
  }
}

/* and of what the tile to the right of a tile needs besides. */
static inline void fetch_next(__global const float *x, __global const float *dy, const slim_winograd_params p,
                              const slim_winograd_place at)
{
  for (int i = 0; i < SLIM_WINOGRAD_N; i++) {
    const int y = clamp(at.y - p.before_h + i, 0, p.h - 1), column = at.x - p.before_w + SLIM_WINOGRAD_N;
    fetch_run(x + (size_t)((at.image * p.h + y) * p.w + column) * p.c, p.m * p.c);
  }
  for (int i = 0; i < p.m; i++) {
    fetch_run(dy + (size_t)((at.image * p.oh + min(at.y + i, p.oh - 1)) * p.ow + at.x + p.m) * p.o, p.m * p.o);
  }
}

/* A group a tile of the run that begins at tile first. zeros: c of them. */
__kernel void slim_winograd_gradient_inputs_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(const float, x),
                                                SLIM_TENSOR(float, v), SLIM_TENSOR(float, z),
                                                __global const float *zeros, const slim_winograd_params p,
                                                const int first)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, v);
  SLIM_OPEN(float, z);
  const int t = (int)get_group_id(0);
  const slim_winograd_place at = slim_winograd_place_of(p, first + t);
  __global const float *from[SLIM_WINOGRAD_POINTS];
  SLIM_FLOATW d[SLIM_WINOGRAD_POINTS];
  slim_winograd_pixels(x, zeros, p, first + t, from);
  if (p.c <= FETCH_MOST && p.o <= FETCH_MOST) {
    fetch_next(x, dy, p, at);
  }
  for (int c = 0; c < p.c; c += SLIM_WIDTH) {
    slim_winograd_open(from, c, d);
    SLIM_UNROLL
    for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++) {
      SLIM_STOREW(d[i], 0, v + i * v_step(p) + (size_t)c * p.block + t * SLIM_WIDTH);
    }
  }
  for (int o = 0; o < p.o; o += SLIM_WIDTH) {
    if (p.m == 4) {
      open_gradient(dy, p, at, o, d, 4);
    } else {
      open_gradient(dy, p, at, o, d, 2);
    }
    __global float *to = z + (size_t)(o / SLIM_GEMM_COLUMNS * p.block + t) * SLIM_GEMM_COLUMNS + o % SLIM_GEMM_COLUMNS;
    SLIM_UNROLL
    for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++) {
      SLIM_STOREW(d[i], 0, to + i * z_step(p));
    }
  }
}

#define LOAD_DU(i_)                                                                                                    \
  left##i_ = SLIM_LOADW(2 * i_, du);                                                                                   \
  right##i_ = SLIM_LOADW(2 * i_ + 1, du);
#define STORE_DU(i_)                                                                                                   \
  SLIM_STOREW(left##i_, 2 * i_, du);                                                                                   \
  SLIM_STOREW(right##i_, 2 * i_ + 1, du);
#define ADD_CHANNEL(i_) SLIM_GEMM_ADD_(i_, x[i_])

/* CHANNELS rows of du: the products of tiles; adds: to what is there. ahead: a line for each tile, to be fetched. */
static inline void accumulate(__global const float *x, __global const float *z, __local float *du, const int tiles,
                              const bool adds, __global const float *ahead)
{
  SLIM_GEMM_EACH_SOME(SLIM_GEMM_DECLARE_)
  if (adds) {
    SLIM_GEMM_EACH_SOME(LOAD_DU)
  }
  for (int t = 0; t < tiles; t++, x += SLIM_WIDTH, z += SLIM_GEMM_COLUMNS, ahead += 16) {
    SLIM_FETCH(ahead);
    const SLIM_FLOATW b0 = SLIM_LOADW(0, z), b1 = SLIM_LOADW(1, z);
    SLIM_GEMM_EACH_SOME(ADD_CHANNEL)
  }
  SLIM_GEMM_EACH_SOME(STORE_DU)
}

/* A vector of outputs of a channel, at a constant number of taps a side. */
static inline void close_channel(__local const float *du, __global float *dw, const slim_winograd_params p,
                                 const int taps)
{
  SLIM_FLOATW v[SLIM_WINOGRAD_POINTS], rows[5 * SLIM_WINOGRAD_N], all[25];
  SLIM_UNROLL
  for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++) {
    const float scale = slim_winograd_scale(i / SLIM_WINOGRAD_N) * slim_winograd_scale(i % SLIM_WINOGRAD_N);
    v[i] = SLIM_LOADW(0, du + i * du_step(p)) * scale;
  }
  SLIM_UNROLL
  for (int i = 0; i < SLIM_WINOGRAD_N; i++) {
    slim_winograd_collect(v + i, SLIM_WINOGRAD_N, rows + i, SLIM_WINOGRAD_N, taps);
  }
  SLIM_UNROLL
  for (int i = 0; i < taps; i++) {
    slim_winograd_collect(rows + i * SLIM_WINOGRAD_N, 1, all + i * taps, 1, taps);
  }
  SLIM_UNROLL
  for (int i = 0; i < taps * taps; i++) {
    SLIM_STOREW(all[i], 0, dw + (size_t)i * p.c * p.o);
  }
}

/* Sums of a group that wait for the next run. */
static inline void keep(__global float *to, __local const float *du, const int count)
{
  for (int i = 0; i < count; i += SLIM_WIDTH) {
    SLIM_STOREW(SLIM_LOADW(0, du + i), 0, to + i);
  }
}

/* A group: a panel of outputs, p.depth channels, the run that begins at tile first. sums: of each group, between runs.
 */
__kernel void slim_winograd_gradient_panels_f32(SLIM_TENSOR(const float, v), SLIM_TENSOR(const float, z),
                                                SLIM_TENSOR(float, sums), SLIM_TENSOR(float, dw),
                                                const slim_winograd_params p, const int first, __local float *du)
{
  SLIM_OPEN(const float, v);
  SLIM_OPEN(const float, z);
  SLIM_OPEN(float, sums);
  SLIM_OPEN(float, dw);
  const int panel = (int)get_group_id(0), c0 = (int)get_group_id(1) * p.depth, channels = min(p.depth, p.c - c0);
  const int tiles = min(p.block, p.tiles - first), count = SLIM_WINOGRAD_POINTS * du_step(p);
  sums += (size_t)(get_group_id(1) * get_num_groups(0) + get_group_id(0)) * count;
  if (first > 0) {
    slim_gemm_copy(du, sums, count);
  }
  for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++) {
    __global const float *panels = z + i * z_step(p) + (size_t)panel * p.block * SLIM_GEMM_COLUMNS;
    for (int c = 0; c < channels; c += CHANNELS) {
      __global const float *from = v + i * v_step(p) + (size_t)((c0 + c) / SLIM_WIDTH) * p.block * SLIM_WIDTH;
      /* Of the next point: a vector's tiles, then a part of the panel's. */
      __global const float *ahead = c % SLIM_WIDTH == 0 ? from + v_step(p)
                                                        : panels + z_step(p) + (size_t)(c / SLIM_WIDTH) * tiles * 16;
      accumulate(from + c % SLIM_WIDTH, panels, du + i * du_step(p) + c * SLIM_GEMM_COLUMNS, tiles, first > 0, ahead);
    }
  }
  if (first + p.block < p.tiles) {
    keep(sums, du, count);
    return;
  }
  for (int o = panel * SLIM_GEMM_COLUMNS; o < min((panel + 1) * SLIM_GEMM_COLUMNS, p.o); o += SLIM_WIDTH) {
    for (int c = 0; c < channels; c++) {
      __local const float *from = du + c * SLIM_GEMM_COLUMNS + o % SLIM_GEMM_COLUMNS;
      if (p.taps == 3) {
        close_channel(from, dw + (size_t)(c0 + c) * p.o + o, p, 3);
      } else {
        close_channel(from, dw + (size_t)(c0 + c) * p.o + o, p, 5);
      }
    }
  }
}
#endif
