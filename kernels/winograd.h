/*
 * Winograd's transforms on CPU-like devices, with the points 0, +-3/4, +-3/2 and infinity, for vectors of channels.
 * A transform takes numbers s apart and gives numbers ts apart, so that the same serves rows and columns of a tile.
 */
#ifndef SLIM_KERNEL_WINOGRAD_H
#define SLIM_KERNEL_WINOGRAD_H

#include "epilogue.h"
#include "gemm.h"
#include "winograd_params.h"

#define SLIM_PA 0.75f
#define SLIM_PB 1.5f
#define SLIM_A2 (SLIM_PA * SLIM_PA)
#define SLIM_B2 (SLIM_PB * SLIM_PB)
/* One over the product of a point's distances to the others. */
#define SLIM_SCALE_0 (1.0f / (SLIM_A2 * SLIM_B2))
#define SLIM_SCALE_A (1.0f / (2.0f * SLIM_A2 * (SLIM_A2 - SLIM_B2)))
#define SLIM_SCALE_B (1.0f / (2.0f * SLIM_B2 * (SLIM_B2 - SLIM_A2)))

/* Of point number i along an axis. */
static inline float slim_winograd_scale(const int i)
{
  return i == 0 ? SLIM_SCALE_0 : i < 3 ? SLIM_SCALE_A : i < 5 ? SLIM_SCALE_B : 1.0f;
}

/* B^T: the coefficients of the polynomials that are 0 at all points but one, in even and odd parts. */
static inline void slim_winograd_input(const SLIM_FLOATW *d, const int s, SLIM_FLOATW *t, const int ts)
{
  const SLIM_FLOATW d0 = d[0], d1 = d[s], d2 = d[2 * s], d3 = d[3 * s], d4 = d[4 * s], d5 = d[5 * s];
  const SLIM_FLOATW even_a = d4 - SLIM_B2 * d2, odd_a = SLIM_PA * (d3 - SLIM_B2 * d1);
  const SLIM_FLOATW even_b = d4 - SLIM_A2 * d2, odd_b = SLIM_PB * (d3 - SLIM_A2 * d1);
  t[0] = (SLIM_A2 * SLIM_B2) * d0 - (SLIM_A2 + SLIM_B2) * d2 + d4;
  t[ts] = even_a + odd_a;
  t[2 * ts] = even_a - odd_a;
  t[3 * ts] = even_b + odd_b;
  t[4 * ts] = even_b - odd_b;
  t[5 * ts] = (SLIM_A2 * SLIM_B2) * d1 - (SLIM_A2 + SLIM_B2) * d3 + d5;
}

/* The polynomial of count (2 to 5) coefficients at all points; weights still lack their scale. */
static inline void slim_winograd_evaluate(const SLIM_FLOATW *g, const int s, SLIM_FLOATW *t, const int ts,
                                          const int count)
{
  SLIM_FLOATW even_a = g[0], even_b = g[0], odd_a = g[s], odd_b = g[s];
  if (count > 2) {
    even_a += SLIM_A2 * g[2 * s];
    even_b += SLIM_B2 * g[2 * s];
  }
  if (count > 3) {
    odd_a += SLIM_A2 * g[3 * s];
    odd_b += SLIM_B2 * g[3 * s];
  }
  if (count > 4) {
    even_a += (SLIM_A2 * SLIM_A2) * g[4 * s];
    even_b += (SLIM_B2 * SLIM_B2) * g[4 * s];
  }
  t[0] = g[0];
  t[ts] = even_a + SLIM_PA * odd_a;
  t[2 * ts] = even_a - SLIM_PA * odd_a;
  t[3 * ts] = even_b + SLIM_PB * odd_b;
  t[4 * ts] = even_b - SLIM_PB * odd_b;
  t[5 * ts] = g[(count - 1) * s];
}

/* The transpose of slim_winograd_evaluate: count sums over the points, each times a power. */
static inline void slim_winograd_collect(const SLIM_FLOATW *v, const int s, SLIM_FLOATW *y, const int ys,
                                         const int count)
{
  const SLIM_FLOATW sum_a = v[s] + v[2 * s], dif_a = v[s] - v[2 * s];
  const SLIM_FLOATW sum_b = v[3 * s] + v[4 * s], dif_b = v[3 * s] - v[4 * s];
  y[0] = v[0] + sum_a + sum_b;
  y[ys] = SLIM_PA * dif_a + SLIM_PB * dif_b;
  if (count > 2) {
    y[2 * ys] = SLIM_A2 * sum_a + SLIM_B2 * sum_b;
  }
  if (count > 3) {
    y[3 * ys] = (SLIM_A2 * SLIM_PA) * dif_a + (SLIM_B2 * SLIM_PB) * dif_b;
  }
  if (count > 4) {
    y[4 * ys] = (SLIM_A2 * SLIM_A2) * sum_a + (SLIM_B2 * SLIM_B2) * sum_b;
  }
  y[(count - 1) * ys] += v[5 * s];
}

/* Where a tile's first result lies. */
typedef struct slim_winograd_place {
  int image, y, x;
} slim_winograd_place;

static inline slim_winograd_place slim_winograd_place_of(const slim_winograd_params p, const int tile)
{
  const int in_image = tile % (p.down * p.across);
  const slim_winograd_place at = { tile / (p.down * p.across), in_image / p.across * p.m, in_image % p.across * p.m };
  return at;
}

/* A vector of channels of x under a tile, transformed. from: where each point's channels lie; d: the result. */
static inline void slim_winograd_open(__global const float *const *from, const int channel, SLIM_FLOATW *d)
{
  SLIM_FLOATW half_done[SLIM_WINOGRAD_POINTS];
  SLIM_UNROLL
  for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++) {
    d[i] = SLIM_LOADW(0, from[i] + channel);
  }
  SLIM_UNROLL
  for (int i = 0; i < SLIM_WINOGRAD_N; i++) {
    slim_winograd_input(d + i, SLIM_WINOGRAD_N, half_done + i, SLIM_WINOGRAD_N);
  }
  SLIM_UNROLL
  for (int i = 0; i < SLIM_WINOGRAD_N; i++) {
    slim_winograd_input(half_done + i * SLIM_WINOGRAD_N, 1, d + i * SLIM_WINOGRAD_N, 1);
  }
}

/* Where x's pixels under a tile lie; zeros: c of them, for pixels outside. */
static inline void slim_winograd_pixels(__global const float *x, __global const float *zeros,
                                        const slim_winograd_params p, const int tile, __global const float **from)
{
  const slim_winograd_place at = slim_winograd_place_of(p, tile);
  SLIM_UNROLL
  for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++) {
    const int y = at.y - p.before_h + i / SLIM_WINOGRAD_N, column = at.x - p.before_w + i % SLIM_WINOGRAD_N;
    const bool inside = y >= 0 && y < p.h && column >= 0 && column < p.w;
    from[i] = inside ? x + (size_t)((at.image * p.h + y) * p.w + column) * p.c : zeros;
  }
}

/* --- products: v [point][block of SLIM_GEMM_ROWS tiles][c / width][SLIM_GEMM_ROWS][width], by panels of weights --- */

static inline int slim_winograd_row_blocks(const int tiles)
{
  return (tiles + SLIM_GEMM_ROWS - 1) / SLIM_GEMM_ROWS;
}

/* Floats between the points of v, of so many tiles and channels, */
static inline size_t slim_winograd_inputs_step(const int tiles, const int c)
{
  return (size_t)slim_winograd_row_blocks(tiles) * SLIM_GEMM_ROWS * c + SLIM_WINOGRAD_GAP;
}

/* and of products of so many tiles by a panel, [point][tile][SLIM_GEMM_COLUMNS]. */
static inline size_t slim_winograd_products_step(const int tiles)
{
  return (size_t)slim_winograd_row_blocks(tiles) * SLIM_GEMM_ROWS * SLIM_GEMM_COLUMNS + SLIM_WINOGRAD_GAP;
}

#define SLIM_WINOGRAD_ADD_TILE_(i_) SLIM_GEMM_ADD_(i_, a[i_ * SLIM_WIDTH + k])
#define SLIM_WINOGRAD_LOAD_LEFT_(i_) left##i_ = SLIM_LOADW(2 * i_, product);
#define SLIM_WINOGRAD_LOAD_BOTH_(i_)                                                                                   \
  SLIM_WINOGRAD_LOAD_LEFT_(i_)                                                                                         \
  right##i_ = SLIM_LOADW(2 * i_ + 1, product);
#define SLIM_WINOGRAD_STORE_LEFT_(i_) SLIM_STOREW(left##i_, 2 * i_, product);
#define SLIM_WINOGRAD_STORE_BOTH_(i_)                                                                                  \
  SLIM_WINOGRAD_STORE_LEFT_(i_)                                                                                        \
  SLIM_STOREW(right##i_, 2 * i_ + 1, product);
#define SLIM_WINOGRAD_MULTIPLY_(EACH_, LOAD_, STORE_)                                                                  \
  EACH_(SLIM_GEMM_DECLARE_)                                                                                            \
  if (adds) {                                                                                                          \
    EACH_(LOAD_)                                                                                                       \
  }                                                                                                                    \
  for (int c = 0; c < channels; c += SLIM_WIDTH, a += SLIM_GEMM_ROWS * SLIM_WIDTH) {                                   \
    for (int k = 0; k < SLIM_WIDTH; k++, b += SLIM_GEMM_COLUMNS) {                                                     \
      const SLIM_FLOATW b0 = SLIM_LOADW(0, b), b1 = SLIM_LOADW(1, b);                                                  \
      EACH_(SLIM_WINOGRAD_ADD_TILE_)                                                                                   \
    }                                                                                                                  \
  }                                                                                                                    \
  EACH_(STORE_)
#define SLIM_WINOGRAD_WIDE_OR_NARROW_(EACH_)                                                                           \
  if (columns > SLIM_WIDTH) {                                                                                          \
    SLIM_WINOGRAD_MULTIPLY_(EACH_, SLIM_WINOGRAD_LOAD_BOTH_, SLIM_WINOGRAD_STORE_BOTH_)                                \
  } else {                                                                                                             \
    SLIM_WINOGRAD_MULTIPLY_(EACH_, SLIM_WINOGRAD_LOAD_LEFT_, SLIM_WINOGRAD_STORE_LEFT_)                                \
  }
/* rows tiles of a block, in so many channels, by a panel of weights at one point; adds: to the product so far. */
#define SLIM_WINOGRAD_MULTIPLY_BY(name_, space_)                                                                       \
  static inline void name_(__global const float *a, space_ const float *b, __global float *product,                    \
                           const int channels, const int rows, const int columns, const bool adds)                     \
  {                                                                                                                    \
    if (rows > SLIM_GEMM_SOME_ROWS) {                                                                                  \
      SLIM_WINOGRAD_WIDE_OR_NARROW_(SLIM_GEMM_EACH)                                                                    \
    } else if (rows > SLIM_GEMM_FEW_ROWS) {                                                                            \
      SLIM_WINOGRAD_WIDE_OR_NARROW_(SLIM_GEMM_EACH_SOME)                                                               \
    } else {                                                                                                           \
      SLIM_WINOGRAD_WIDE_OR_NARROW_(SLIM_GEMM_EACH_FEW)                                                                \
    }                                                                                                                  \
  }

/* --- weights and results ------------------------------------------------------------------------------------------ */

/* A vector of outputs from output on of one tap of an input channel. Weights [taps][c][o]; turned: [taps][o][c], from
 * the last tap to the first. */
static inline SLIM_FLOATW slim_winograd_tap(__global const slim_weight *weights, const int taps, const int tap,
                                            const int c, const int o, const int channel, const int output,
                                            const int turned)
{
  if (!turned) {
    return SLIM_WEIGHTSW(weights + (size_t)(tap * c + channel) * o + output);
  }
  __global const slim_weight *from = weights + (size_t)((taps - 1 - tap) * o + output) * c + channel;
  float part[SLIM_WIDTH];
  SLIM_UNROLL
  for (int j = 0; j < SLIM_WIDTH; j++) {
    part[j] = SLIM_WEIGHT(from, (size_t)j * c);
  }
  return SLIM_LOADW(0, part);
}

/* Ends a vector of results, to floats behind y, but for activations that are no clamp. */
static inline void slim_winograd_put(const SLIM_FLOATW sum, __global const float *residual, __global float *y,
                                     const size_t to, const slim_epilogue_params e)
{
  const SLIM_FLOATW low = (SLIM_FLOATW)(slim_gemm_low(e.activation)),
                    high = (SLIM_FLOATW)(slim_gemm_high(e.activation));
  SLIM_FLOATW value = e.has_residual ? sum + SLIM_LOADW(0, residual + to) : sum;
  value = value < low ? low : value;
  SLIM_STOREW(value > high ? high : value, 0, y + to);
}

/* Those, over the results of a pixel in a panel. */
static inline void slim_winograd_smooth(__global float *y, const int columns, const int kind)
{
  for (int i = 0; i < columns; i += SLIM_WIDTH) {
    SLIM_STOREW(slim_gemm_activate(SLIM_LOADW(0, y + i), kind), 0, y + i);
  }
}

#endif
