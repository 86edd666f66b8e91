/*
 * Convolution of stride 1 with 3x3 or 5x5 taps by Winograd's transforms, on CPU-like devices. For each of 36 points, a
 * product of transformed inputs v by transformed weights u:
 *   v [point][block of SLIM_GEMM_ROWS tiles][c / width][SLIM_GEMM_ROWS][width]: a vector of channels after the other,
 *   u [panel of SLIM_GEMM_COLUMNS outputs][point][c][SLIM_GEMM_COLUMNS],
 *   products [point][panel][tile][SLIM_GEMM_COLUMNS].
 * Channels and outputs are multiples of the width.
 */
#include "common.h"
#include "winograd.h"

#if SLIM_CLASS == 0
static inline int row_blocks(const int tiles)
{
  return (tiles + SLIM_GEMM_ROWS - 1) / SLIM_GEMM_ROWS;
}

static inline size_t inputs_step(const slim_winograd_params p)
{
  return (size_t)row_blocks(p.block) * SLIM_GEMM_ROWS * p.c + SLIM_WINOGRAD_GAP;
}

static inline size_t products_step(const slim_winograd_params p, const int panels)
{
  return (size_t)row_blocks(p.block) * SLIM_GEMM_ROWS * SLIM_GEMM_COLUMNS * panels + SLIM_WINOGRAD_GAP;
}

/* --- weights -------------------------------------------------------------------------------------------------------- */

/* One tap of input channel c and a vector of outputs from o on. */
static inline SLIM_FLOATW tap_of(__global const float *weights, const slim_winograd_params p, const int tap, const int c,
                                 const int o)
{
  if (!p.turned) {
    return SLIM_LOADW(0, weights + (size_t)(tap * p.c + c) * p.o + o);
  }
  const int last = p.taps * p.taps - 1;
  __global const float *from = weights + (size_t)((last - tap) * p.o + o) * p.c + c;
  float part[SLIM_WIDTH];
  for (int j = 0; j < SLIM_WIDTH; j++) {
    part[j] = from[(size_t)j * p.c];
  }
  return SLIM_LOADW(0, part);
}

static inline void transform_weights(__global const float *weights, __global float *u, const slim_winograd_params p,
                                     const int c, const int o, const int taps)
{
  SLIM_FLOATW g[25], rows[SLIM_WINOGRAD_N * 5], all[SLIM_WINOGRAD_POINTS];
  for (int t = 0; t < taps * taps; t++) {
    g[t] = tap_of(weights, p, t, c, o);
  }
  for (int i = 0; i < taps; i++) {
    slim_winograd_evaluate(g + i, taps, rows + i, taps, taps);
  }
  for (int i = 0; i < SLIM_WINOGRAD_N; i++) {
    slim_winograd_evaluate(rows + i * taps, 1, all + i * SLIM_WINOGRAD_N, 1, taps);
  }
  for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++) {
    const float scale = slim_winograd_scale(i / SLIM_WINOGRAD_N) * slim_winograd_scale(i % SLIM_WINOGRAD_N);
    SLIM_STOREW(all[i] * scale, 0, u + (size_t)i * p.c * SLIM_GEMM_COLUMNS);
  }
}

/* A group: a vector of outputs, by a vector of channels. */
__kernel void slim_winograd_weights_f32(SLIM_TENSOR(const float, weights), SLIM_TENSOR(float, u),
                                        const slim_winograd_params p)
{
  SLIM_OPEN(const float, weights);
  SLIM_OPEN(float, u);
  const int c0 = (int)get_group_id(0) * SLIM_WIDTH, o = (int)get_group_id(1) * SLIM_WIDTH;
  u += (size_t)(o / SLIM_GEMM_COLUMNS) * SLIM_WINOGRAD_POINTS * p.c * SLIM_GEMM_COLUMNS + o % SLIM_GEMM_COLUMNS;
  for (int c = c0; c < c0 + SLIM_WIDTH; c++) {
    if (p.taps == 3) {
      transform_weights(weights, u + (size_t)c * SLIM_GEMM_COLUMNS, p, c, o, 3);
    } else {
      transform_weights(weights, u + (size_t)c * SLIM_GEMM_COLUMNS, p, c, o, 5);
    }
  }
}

/* --- tiles ---------------------------------------------------------------------------------------------------------- */

/* Tile number tile of all, which is number t of its block, into v. */
static inline void open_tile(__global const float *x, __global const float *zeros, const slim_winograd_params p,
                             const int tile, const int t, __global float *v)
{
  __global const float *from[SLIM_WINOGRAD_POINTS];
  SLIM_FLOATW d[SLIM_WINOGRAD_POINTS];
  const size_t step = inputs_step(p);
  slim_winograd_pixels(x, zeros, p, tile, from);
  v += (size_t)(t / SLIM_GEMM_ROWS * p.c * SLIM_GEMM_ROWS) + t % SLIM_GEMM_ROWS * SLIM_WIDTH;
  for (int c = 0; c < p.c; c += SLIM_WIDTH, v += SLIM_GEMM_ROWS * SLIM_WIDTH) {
    slim_winograd_open(from, c, d);
    for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++) {
      SLIM_STOREW(d[i], 0, v + i * step);
    }
  }
}

/* A vector of outputs of a tile from its products, at a constant m. */
static inline void close_vector(__global const float *product, const size_t step, __global const float *bias,
                                __global const float *residual, __global float *y, const slim_winograd_params p,
                                const slim_winograd_place at, const int o, const int m)
{
  SLIM_FLOATW v[SLIM_WINOGRAD_POINTS], rows[4 * SLIM_WINOGRAD_N], all[16];
  const SLIM_FLOATW base = p.epilogue.has_bias ? SLIM_LOADW(0, bias + o) : (SLIM_FLOATW)(0.0f);
  for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++) {
    v[i] = SLIM_LOADW(0, product + i * step);
  }
  for (int i = 0; i < SLIM_WINOGRAD_N; i++) {
    slim_winograd_collect(v + i, SLIM_WINOGRAD_N, rows + i, SLIM_WINOGRAD_N, m);
  }
  for (int i = 0; i < m; i++) {
    slim_winograd_collect(rows + i * SLIM_WINOGRAD_N, 1, all + i * m, 1, m);
  }
  for (int i = 0; i < m * m; i++) {
    const int row = at.y + i / m, column = at.x + i % m;
    if (row < p.oh && column < p.ow) {
      const size_t to = (size_t)((at.image * p.oh + row) * p.ow + column) * p.o + o;
      SLIM_FLOATW value = all[i] + base;
      value = p.epilogue.has_residual ? value + SLIM_LOADW(0, residual + to) : value;
      SLIM_STOREW(SLIM_ACTIVATE(SLIM_FLOATW, value, p.epilogue.activation), 0, y + to);
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
    if (p.m == 4) {
      close_vector(product + i, step, bias, residual, y, p, at, o + i, 4);
    } else {
      close_vector(product + i, step, bias, residual, y, p, at, o + i, 2);
    }
  }
}

#define ADD_TILE(i_) SLIM_GEMM_ADD_(i_, a[i_ * SLIM_WIDTH + k])
#define STORE_LEFT(i_) SLIM_STOREW(left##i_, 2 * i_, product);
#define STORE_BOTH(i_)                                                                                                 \
  STORE_LEFT(i_)                                                                                                       \
  SLIM_STOREW(right##i_, 2 * i_ + 1, product);
#define MULTIPLY(EACH_, STORE_)                                                                                        \
  EACH_(SLIM_GEMM_DECLARE_)                                                                                            \
  for (int c = 0; c < channels; c += SLIM_WIDTH, a += SLIM_GEMM_ROWS * SLIM_WIDTH) {                                   \
    for (int k = 0; k < SLIM_WIDTH; k++, b += SLIM_GEMM_COLUMNS) {                                                     \
      const SLIM_FLOATW b0 = SLIM_LOADW(0, b), b1 = SLIM_LOADW(1, b);                                                  \
      EACH_(ADD_TILE)                                                                                                  \
    }                                                                                                                  \
  }                                                                                                                    \
  EACH_(STORE_)
#define MULTIPLY_WIDE_OR_NARROW(EACH_)                                                                                 \
  if (columns > SLIM_WIDTH) {                                                                                          \
    MULTIPLY(EACH_, STORE_BOTH)                                                                                        \
  } else {                                                                                                             \
    MULTIPLY(EACH_, STORE_LEFT)                                                                                        \
  }

/* rows tiles of a block, in all channels, by a panel of weights at one point. */
static inline void multiply(__global const float *a, __global const float *b, __global float *product,
                            const int channels, const int rows, const int columns)
{
  if (rows > SLIM_GEMM_SOME_ROWS) {
    MULTIPLY_WIDE_OR_NARROW(SLIM_GEMM_EACH)
  } else if (rows > SLIM_GEMM_FEW_ROWS) {
    MULTIPLY_WIDE_OR_NARROW(SLIM_GEMM_EACH_SOME)
  } else {
    MULTIPLY_WIDE_OR_NARROW(SLIM_GEMM_EACH_FEW)
  }
}

/* --- all in one: groups walk over blocks of tiles, each with a scratch of its own ------------------------------------- */

/* scratch: for each group inputs and products of a panel. zeros: c of them. */
__kernel void slim_winograd_fused_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const float, u),
                                      SLIM_TENSOR(const float, bias), SLIM_TENSOR(const float, residual),
                                      SLIM_TENSOR(float, y), SLIM_TENSOR(float, scratch),
                                      __global const float *zeros, const slim_winograd_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const float, u);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  SLIM_OPEN(float, scratch);
  const size_t v_step = inputs_step(p), step = products_step(p, 1);
  __global float *v = scratch + get_group_id(0) * SLIM_WINOGRAD_POINTS * (v_step + step);
  __global float *product = v + SLIM_WINOGRAD_POINTS * v_step;
  for (int first = (int)get_group_id(0) * p.block; first < p.tiles; first += (int)get_num_groups(0) * p.block) {
    const int count = min(p.block, p.tiles - first);
    for (int t = 0; t < count; t++) {
      open_tile(x, zeros, p, first + t, t, v);
    }
    __global const float *panel = u;
    for (int o = 0; o < p.o; o += SLIM_GEMM_COLUMNS) {
      for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++, panel += (size_t)p.c * SLIM_GEMM_COLUMNS) {
        for (int t = 0; t < count; t += SLIM_GEMM_ROWS) {
          multiply(v + i * v_step + (size_t)t * p.c, panel, product + i * step + t * SLIM_GEMM_COLUMNS, p.c, count - t,
                   p.o - o);
        }
      }
      for (int t = 0; t < count; t++) {
        close_tile(product + t * SLIM_GEMM_COLUMNS, step, bias, residual, y, p, first + t, o);
      }
    }
  }
}

/* --- in stages: all tiles' inputs, all products, all results ---------------------------------------------------------- */

/* A group a tile. zeros: c of them. */
__kernel void slim_winograd_inputs_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, v),
                                       __global const float *zeros, const slim_winograd_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, v);
  open_tile(x, zeros, p, (int)get_group_id(0), (int)get_group_id(0), v);
}

/* A group a point and a panel. */
__kernel void slim_winograd_products_f32(SLIM_TENSOR(const float, v), SLIM_TENSOR(const float, u),
                                         SLIM_TENSOR(float, product), const slim_winograd_params p)
{
  SLIM_OPEN(const float, v);
  SLIM_OPEN(const float, u);
  SLIM_OPEN(float, product);
  const int point = (int)get_group_id(1), panel = (int)get_group_id(0);
  const int panels = (p.o + SLIM_GEMM_COLUMNS - 1) / SLIM_GEMM_COLUMNS;
  v += point * inputs_step(p);
  u += (size_t)(panel * SLIM_WINOGRAD_POINTS + point) * p.c * SLIM_GEMM_COLUMNS;
  product += point * products_step(p, panels) + (size_t)panel * row_blocks(p.block) * SLIM_GEMM_ROWS * SLIM_GEMM_COLUMNS;
  for (int t = 0; t < p.tiles; t += SLIM_GEMM_ROWS) {
    multiply(v + (size_t)t * p.c, u, product + (size_t)t * SLIM_GEMM_COLUMNS, p.c, p.tiles - t,
             p.o - panel * SLIM_GEMM_COLUMNS);
  }
}

/* A group a tile. */
__kernel void slim_winograd_results_f32(SLIM_TENSOR(const float, product), SLIM_TENSOR(const float, bias),
                                        SLIM_TENSOR(const float, residual), SLIM_TENSOR(float, y),
                                        const slim_winograd_params p)
{
  SLIM_OPEN(const float, product);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  const int tile = (int)get_group_id(0), panels = (p.o + SLIM_GEMM_COLUMNS - 1) / SLIM_GEMM_COLUMNS;
  const size_t rows = (size_t)row_blocks(p.block) * SLIM_GEMM_ROWS;
  for (int panel = 0; panel < panels; panel++) {
    close_tile(product + (panel * rows + tile) * SLIM_GEMM_COLUMNS, products_step(p, panels), bias, residual, y, p, tile,
               panel * SLIM_GEMM_COLUMNS);
  }
}
#endif
