/*
 * Convolution of stride 1 by Winograd's transforms along one axis, on CPU-like devices: 3 or 7 taps in a line, four
 * results at once. For each of 6 or 10 points, a product of transformed inputs v by transformed weights u:
 *   v [point][block of SLIM_GEMM_ROWS tiles][c / width][SLIM_GEMM_ROWS][width],
 *   u [panel of SLIM_GEMM_COLUMNS outputs][block of depth channels][point][channel][SLIM_GEMM_COLUMNS],
 *   products of a panel [point][tile][SLIM_GEMM_COLUMNS].
 * Three taps have the points of winograd.h; seven 0, +-1/2, +-3/4, +-5/4, +-5/2 and infinity. Channels and outputs are
 * multiples of the width.
 */
#include "common.h"
#include "winograd.h"
#include "winograd_line_params.h"

#if SLIM_CLASS == 0
#define M SLIM_WINOGRAD_LINE_M
#define POINTS_MOST 10
#define PAIRS 4 /* of points with both signs, for seven taps */

static inline int points_of(const slim_winograd_line_params p)
{
  return p.taps + M - 1;
}

/* --- transforms for seven taps ------------------------------------------------------------------------------------ */

static inline float point_of(const int pair)
{
  return pair == 0 ? 0.5f : pair == 1 ? 0.75f : pair == 2 ? 1.25f : 2.5f;
}

static inline float square_of(const int pair)
{
  return point_of(pair) * point_of(pair);
}

/* The polynomial in squares that is 0 at those of all pairs but one: its lower coefficients, the highest is 1. */
static inline float4 cubic_without(const int pair)
{
  const float x = square_of(pair == 0 ? 1 : 0), y = square_of(pair <= 1 ? 2 : 1), z = square_of(pair <= 2 ? 3 : 2);
  return (float4)(-x * y * z, x * y + y * z + z * x, -x - y - z, 1.0f);
}

/* B^T. */
static inline void open_ten(const SLIM_FLOATW *d, SLIM_FLOATW *t)
{
  SLIM_UNROLL
  for (int j = 0; j < PAIRS; j++) {
    const float4 q = cubic_without(j);
    const SLIM_FLOATW even = q.x * d[2] + q.y * d[4] + q.z * d[6] + d[8];
    const SLIM_FLOATW odd = point_of(j) * (q.x * d[1] + q.y * d[3] + q.z * d[5] + d[7]);
    t[1 + 2 * j] = even + odd;
    t[2 + 2 * j] = even - odd;
  }
  /* the cubic times what it lacks */
  const float4 q = cubic_without(PAIRS - 1);
  const float s = square_of(PAIRS - 1), c0 = -s * q.x, c1 = q.x - s * q.y, c2 = q.y - s * q.z, c3 = q.z - s;
  t[0] = c0 * d[0] + c1 * d[2] + c2 * d[4] + c3 * d[6] + d[8];
  t[9] = c0 * d[1] + c1 * d[3] + c2 * d[5] + c3 * d[7] + d[9];
}

/* A^T. */
static inline void close_ten(const SLIM_FLOATW *v, SLIM_FLOATW *y)
{
  y[0] = v[0];
  y[1] = y[2] = (SLIM_FLOATW)(0.0f);
  y[3] = v[9];
  SLIM_UNROLL
  for (int j = 0; j < PAIRS; j++) {
    const SLIM_FLOATW sum = v[1 + 2 * j] + v[2 + 2 * j];
    const SLIM_FLOATW difference = point_of(j) * (v[1 + 2 * j] - v[2 + 2 * j]);
    y[0] += sum;
    y[1] += difference;
    y[2] += square_of(j) * sum;
    y[3] += square_of(j) * difference;
  }
}

/* G, with each point's scale. */
static inline void filter_ten(const SLIM_FLOATW *g, SLIM_FLOATW *t)
{
  float all = 1.0f;
  SLIM_UNROLL
  for (int j = 0; j < PAIRS; j++) {
    const float4 q = cubic_without(j);
    const float s = square_of(j), scale = 0.5f / (s * (q.x + s * (q.y + s * (q.z + s))));
    const SLIM_FLOATW even = scale * (g[0] + s * (g[2] + s * (g[4] + s * g[6])));
    const SLIM_FLOATW odd = (scale * point_of(j)) * (g[1] + s * (g[3] + s * g[5]));
    t[1 + 2 * j] = even + odd;
    t[2 + 2 * j] = even - odd;
    all *= s;
  }
  t[0] = g[0] * (1.0f / all);
  t[9] = g[6];
}

/* --- weights ------------------------------------------------------------------------------------------------------ */

/* Input channel c of a vector of outputs from o on, at a constant number of taps. u: its points, step apart. */
static inline void transform_weights(__global const slim_weight *weights, __global float *u, const size_t step,
                                     const slim_winograd_line_params p, const int c, const int o, const int taps)
{
  SLIM_FLOATW g[7], t[POINTS_MOST];
  SLIM_UNROLL
  for (int i = 0; i < taps; i++) {
    g[i] = slim_winograd_tap(weights, taps, i, p.c, p.o, c, o, p.turned);
  }
  if (taps == 7) {
    filter_ten(g, t);
  } else {
    slim_winograd_evaluate(g, 1, t, 1, taps);
    SLIM_UNROLL
    for (int i = 0; i < SLIM_WINOGRAD_N; i++) {
      t[i] *= slim_winograd_scale(i);
    }
  }
  SLIM_UNROLL
  for (int i = 0; i < taps + M - 1; i++) {
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
  u += (size_t)(o / SLIM_GEMM_COLUMNS) * points_of(p) * p.c * SLIM_GEMM_COLUMNS + o % SLIM_GEMM_COLUMNS;
  for (int c = c0; c < c0 + SLIM_WIDTH; c++) {
    const int first = c / p.depth * p.depth;
    const size_t step = (size_t)min(p.depth, p.c - first) * SLIM_GEMM_COLUMNS;
    __global float *to = u + ((size_t)points_of(p) * first + c - first) * SLIM_GEMM_COLUMNS;
    if (p.taps == 3) {
      transform_weights(weights, to, step, p, c, o, 3);
    } else {
      transform_weights(weights, to, step, p, c, o, 7);
    }
  }
}

/* --- tiles -------------------------------------------------------------------------------------------------------- */

static inline slim_winograd_place place_of(const slim_winograd_line_params p, const int tile)
{
  const int in_image = tile % (p.down * p.across), y = in_image / p.across, x = in_image % p.across;
  const slim_winograd_place at = { tile / (p.down * p.across), p.upright ? M * y : y, p.upright ? x : M * x };
  return at;
}

/* Tile number tile of all, which is number t of its block, into v; at a constant number of points. zeros: c of them. */
static inline void open_tile(__global const float *x, __global const float *zeros, const slim_winograd_line_params p,
                             const int tile, const int t, __global float *v, const int points)
{
  __global const float *from[POINTS_MOST];
  const slim_winograd_place at = place_of(p, tile);
  const size_t step = slim_winograd_inputs_step(p.block, p.c);
  SLIM_UNROLL
  for (int i = 0; i < points; i++) {
    const int y = p.upright ? at.y - p.before + i : at.y, column = p.upright ? at.x : at.x - p.before + i;
    const bool inside = y >= 0 && y < p.h && column >= 0 && column < p.w;
    from[i] = inside ? x + (size_t)((at.image * p.h + y) * p.w + column) * p.c : zeros;
  }
  v += (size_t)(t / SLIM_GEMM_ROWS * p.c * SLIM_GEMM_ROWS) + t % SLIM_GEMM_ROWS * SLIM_WIDTH;
  for (int c = 0; c < p.c; c += SLIM_WIDTH, v += SLIM_GEMM_ROWS * SLIM_WIDTH) {
    SLIM_FLOATW d[POINTS_MOST], all[POINTS_MOST];
    SLIM_UNROLL
    for (int i = 0; i < points; i++) {
      d[i] = SLIM_LOADW(0, from[i] + c);
    }
    if (points == POINTS_MOST) {
      open_ten(d, all);
    } else {
      slim_winograd_input(d, 1, all, 1);
    }
    SLIM_UNROLL
    for (int i = 0; i < points; i++) {
      SLIM_STOREW(all[i], 0, v + i * step);
    }
  }
}

/* A tile's results in a panel that begins at output o, from its products. */
static inline void close_tile(__global const float *product, const size_t step, __global const float *bias,
                              __global const float *residual, __global float *y, const slim_winograd_line_params p,
                              const int tile, const int o, const int points)
{
  const slim_winograd_place at = place_of(p, tile);
  const int columns = min(SLIM_GEMM_COLUMNS, p.o - o), count = min(M, p.upright ? p.oh - at.y : p.ow - at.x);
  const size_t first = (size_t)((at.image * p.oh + at.y) * p.ow + at.x) * p.o + o;
  const size_t apart = (size_t)(p.upright ? p.ow : 1) * p.o;
  for (int c = 0; c < columns; c += SLIM_WIDTH) {
    const SLIM_FLOATW base = p.epilogue.has_bias ? SLIM_LOADW(0, bias + o + c) : (SLIM_FLOATW)(0.0f);
    SLIM_FLOATW v[POINTS_MOST], sums[M];
    SLIM_UNROLL
    for (int i = 0; i < points; i++) {
      v[i] = SLIM_LOADW(0, product + i * step + c);
    }
    if (points == POINTS_MOST) {
      close_ten(v, sums);
    } else {
      slim_winograd_collect(v, 1, sums, 1, M);
    }
    SLIM_UNROLL
    for (int i = 0; i < M; i++) {
      if (i < count) {
        slim_winograd_put(sums[i] + base, residual, y, first + i * apart + c, p.epilogue);
      }
    }
  }
  for (int i = 0; i < count && p.epilogue.activation > SLIM_ACTIVATION_RELU6; i++) {
    slim_winograd_smooth(y + first + i * apart, columns, p.epilogue.activation);
  }
}

SLIM_WINOGRAD_MULTIPLY_BY(multiply, __global)

/* The products of count tiles by a panel of weights. */
static inline void sum_panel(__global const float *v, __global const float *u, __global float *product,
                             const slim_winograd_line_params p, const int count, const int columns)
{
  const size_t v_step = slim_winograd_inputs_step(p.block, p.c), step = slim_winograd_products_step(p.block);
  for (int k = 0; k < p.c; k += p.depth) {
    const int depth = min(p.depth, p.c - k);
    for (int i = 0; i < points_of(p); i++, u += (size_t)depth * SLIM_GEMM_COLUMNS) {
      for (int t = 0; t < count; t += SLIM_GEMM_ROWS) {
        multiply(v + i * v_step + (size_t)t * p.c + k * SLIM_GEMM_ROWS, u, product + i * step + t * SLIM_GEMM_COLUMNS,
                 depth, count - t, columns, k > 0);
      }
    }
  }
}

/* Group (g, j) takes every so many blocks of tiles, from number g on, through p.panels panels from number j * p.panels
 * on. scratch: for each group inputs, and products of a panel. */
__kernel void slim_winograd_line_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const float, u),
                                     SLIM_TENSOR(const float, bias), SLIM_TENSOR(const float, residual),
                                     SLIM_TENSOR(float, y), SLIM_TENSOR(float, scratch), __global const float *zeros,
                                     const slim_winograd_line_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const float, u);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  SLIM_OPEN(float, scratch);
  const int points = points_of(p), groups = (int)get_num_groups(0);
  const int o0 = (int)get_group_id(1) * p.panels * SLIM_GEMM_COLUMNS;
  const size_t v_step = slim_winograd_inputs_step(p.block, p.c), step = slim_winograd_products_step(p.block);
  __global float *v = scratch + (get_group_id(1) * groups + get_group_id(0)) * points * (v_step + step);
  __global float *product = v + points * v_step;
  for (int first = (int)get_group_id(0) * p.block; first < p.tiles; first += groups * p.block) {
    const int count = min(p.block, p.tiles - first);
    for (int t = 0; t < count; t++) {
      if (p.taps == 3) {
        open_tile(x, zeros, p, first + t, t, v, SLIM_WINOGRAD_N);
      } else {
        open_tile(x, zeros, p, first + t, t, v, POINTS_MOST);
      }
    }
    for (int o = o0; o < min(o0 + p.panels * SLIM_GEMM_COLUMNS, p.o); o += SLIM_GEMM_COLUMNS) {
      sum_panel(v, u + (size_t)o * points * p.c, product, p, count, p.o - o);
      for (int t = 0; t < count; t++) {
        if (p.taps == 3) {
          close_tile(product + t * SLIM_GEMM_COLUMNS, step, bias, residual, y, p, first + t, o, SLIM_WINOGRAD_N);
        } else {
          close_tile(product + t * SLIM_GEMM_COLUMNS, step, bias, residual, y, p, first + t, o, POINTS_MOST);
        }
      }
    }
  }
}
#endif
