/*
 * Convolution of stride 1 by Winograd's transforms along one axis, on CPU-like devices: 3 or 7 taps in a line. For each
 * point, a product of transformed inputs v by transformed weights u:
 *   v [point][block of SLIM_GEMM_ROWS tiles][c / width][SLIM_GEMM_ROWS][width],
 *   u [panel of SLIM_GEMM_COLUMNS outputs][block of depth channels][point][channel][SLIM_GEMM_COLUMNS],
 *   products of a panel [point][tile][SLIM_GEMM_COLUMNS].
 * Channels and outputs are multiples of the width.
 */
#include "common.h"
#include "deal.h"
#include "winograd_line.h"

#if SLIM_CLASS == 0
#define M SLIM_WINOGRAD_LINE_M

/* --- weights ------------------------------------------------------------------------------------------------------ */

/* A vector of outputs from output on of one tap of an input channel. Weights [taps][c][o]; turned: [taps][o][c], from
 * the last tap to the first. */
static inline SLIM_FLOATW tap_of(__global const slim_weight *weights, const slim_winograd_line_params p, const int tap,
                                 const int channel, const int output)
{
  if (!p.turned) {
    return SLIM_WEIGHTSW(weights + (size_t)(tap * p.c + channel) * p.o + output);
  }
  __global const slim_weight *from =
      weights + (size_t)((SLIM_WINOGRAD_TAPS - 1 - tap) * p.o + output) * p.c + channel;
  float part[SLIM_WIDTH];
  SLIM_UNROLL
  for (int j = 0; j < SLIM_WIDTH; j++) {
    part[j] = SLIM_WEIGHT(from, (size_t)j * p.c);
  }
  return SLIM_LOADW(0, part);
}

/* Input channel c of a vector of outputs from o on. u: its points, step apart. */
static inline void transform_weights(__global const slim_weight *weights, __global float *u, const size_t step,
                                     const slim_winograd_line_params p, const int c, const int o)
{
  SLIM_FLOATW g[SLIM_WINOGRAD_TAPS], t[SLIM_LINE_POINTS];
  SLIM_UNROLL
  for (int i = 0; i < SLIM_WINOGRAD_TAPS; i++) {
    g[i] = tap_of(weights, p, i, c, o);
  }
  slim_line_filter(g, t);
  SLIM_UNROLL
  for (int i = 0; i < SLIM_LINE_POINTS; i++) {
    SLIM_STOREW(t[i], 0, u + i * step);
  }
}

/* A group: a vector of outputs, by a vector of channels. */
__kernel void slim_winograd_line_weights_f32(SLIM_TENSOR(const slim_weight, weights), SLIM_TENSOR(float, u),
                                             const slim_winograd_line_params p)
{
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(float, u);
  const int c0 = (int)get_group_id(0) * SLIM_WIDTH, o = (int)get_group_id(1) * SLIM_WIDTH;
  u += (size_t)(o / SLIM_GEMM_COLUMNS) * SLIM_LINE_POINTS * p.c * SLIM_GEMM_COLUMNS + o % SLIM_GEMM_COLUMNS;
  for (int c = c0; c < c0 + SLIM_WIDTH; c++) {
    const int first = c / p.depth * p.depth;
    const size_t step = (size_t)min(p.depth, p.c - first) * SLIM_GEMM_COLUMNS;
    __global float *to = u + ((size_t)SLIM_LINE_POINTS * first + c - first) * SLIM_GEMM_COLUMNS;
    transform_weights(weights, to, step, p, c, o);
  }
}

/* --- tiles -------------------------------------------------------------------------------------------------------- */

/* Tile number tile of all, which is number t of its block, into v. zeros: c of them. */
static inline void open_line(__global const float *x, __global const float *zeros, const slim_winograd_line_params p,
                             const int tile, const int t, __global float *v)
{
  __global const float *from[SLIM_LINE_POINTS];
  slim_line_pixels(x, zeros, p, tile, from);
  v += t * SLIM_WIDTH;
  for (int c = 0; c < p.c; c += SLIM_WIDTH, v += slim_winograd_plane(p.block)) {
    slim_line_open(from, c, v, slim_winograd_inputs_step(p.block, p.c));
  }
}

/* A tile's results in a panel that begins at output o, from its products. */
static inline void close_line(__global const float *product, const size_t step, __global const float *bias,
                              __global const float *residual, __global float *y, const slim_winograd_line_params p,
                              const int tile, const int o)
{
  const slim_winograd_place at = slim_line_place_of(p, tile);
  const int columns = min(SLIM_GEMM_COLUMNS, p.o - o), count = min(M, p.upright ? p.oh - at.y : p.ow - at.x);
  const size_t first = (size_t)((at.image * p.oh + at.y) * p.ow + at.x) * p.o + o;
  const size_t apart = (size_t)(p.upright ? p.ow : 1) * p.o;
  for (int c = 0; c < columns; c += SLIM_WIDTH) {
    const SLIM_FLOATW base = p.epilogue.has_bias ? SLIM_LOADW(0, bias + o + c) : (SLIM_FLOATW)(0.0f);
    SLIM_FLOATW v[SLIM_LINE_POINTS], sums[M];
    SLIM_UNROLL
    for (int i = 0; i < SLIM_LINE_POINTS; i++) {
      v[i] = SLIM_LOADW(0, product + i * step + c);
    }
    slim_line_close(v, sums);
    SLIM_UNROLL
    for (int i = 0; i < M; i++) {
      if (i < count) {
        const size_t to = first + i * apart + c;
        SLIM_STOREW(slim_winograd_end(sums[i] + base, residual, to, p.epilogue), 0, y + to);
      }
    }
  }
  for (int i = 0; i < count && p.epilogue.activation > SLIM_ACTIVATION_RELU6; i++) {
    slim_winograd_smooth(y + first + i * apart, columns, p.epilogue.activation);
  }
}

SLIM_WINOGRAD_MULTIPLY_BY(multiply_line, __global)

/* The products of count tiles by a panel of weights. */
static inline void sum_line(__global const float *v, __global const float *u, __global float *product,
                            const slim_winograd_line_params p, const int count, const int columns)
{
  const size_t v_step = slim_winograd_inputs_step(p.block, p.c), step = slim_winograd_products_step(p.block);
  for (int k = 0; k < p.c; k += p.depth, v += p.depth / SLIM_WIDTH * slim_winograd_plane(p.block)) {
    const int depth = min(p.depth, p.c - k);
    for (int i = 0; i < SLIM_LINE_POINTS; i++, u += (size_t)depth * SLIM_GEMM_COLUMNS) {
      for (int t = 0; t < count; t += SLIM_GEMM_ROWS) {
        multiply_line(v + i * v_step + t * SLIM_WIDTH, u, product + i * step + t * SLIM_GEMM_COLUMNS, depth,
                      slim_winograd_plane(p.block), count - t, columns, k > 0);
      }
    }
  }
}

/* A task: a block of tiles, through p.panels panels. scratch: for each group inputs, and products of a panel. */
__kernel void slim_winograd_line_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const float, u),
                                     SLIM_TENSOR(const float, bias), SLIM_TENSOR(const float, residual),
                                     SLIM_TENSOR(float, y), SLIM_TENSOR(float, scratch), __global const float *zeros,
                                     const slim_winograd_line_params p, SLIM_DEALT)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const float, u);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  SLIM_OPEN(float, scratch);
  const size_t v_step = slim_winograd_inputs_step(p.block, p.c), step = slim_winograd_products_step(p.block);
  __global float *v = scratch + get_group_id(0) * SLIM_LINE_POINTS * (v_step + step);
  __global float *product = v + SLIM_LINE_POINTS * v_step;
  SLIM_EACH_TASK(task)
  {
    const int first = task.x * p.block, count = min(p.block, p.tiles - first);
    const int o0 = task.y * p.panels * SLIM_GEMM_COLUMNS;
    for (int t = 0; t < count; t++) {
      open_line(x, zeros, p, first + t, t, v);
    }
    for (int o = o0; o < min(o0 + p.panels * SLIM_GEMM_COLUMNS, p.o); o += SLIM_GEMM_COLUMNS) {
      sum_line(v, u + (size_t)o * SLIM_LINE_POINTS * p.c, product, p, count, p.o - o);
      for (int t = 0; t < count; t++) {
        close_line(product + t * SLIM_GEMM_COLUMNS, step, bias, residual, y, p, first + t, o);
      }
    }
  }
}
#endif
