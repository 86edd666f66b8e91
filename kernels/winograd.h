/*
 * Winograd's transforms on CPU-like devices, for vectors of channels. Tiles have SLIM_WINOGRAD_N points along an axis:
 * 6, which are 0, +-3/4, +-3/2 and infinity; or 7 in a kernel's twin slim_..._n7_..., which are +-1/4, +-7/8, +-7/4 and
 * infinity. A transform takes numbers s apart and gives numbers ts apart, so that the same serves rows and columns of a
 * tile.
 */
#ifndef SLIM_KERNEL_WINOGRAD_H
#define SLIM_KERNEL_WINOGRAD_H

#include "epilogue.h"
#include "gemm.h"
#include "winograd_params.h"

#ifndef SLIM_WINOGRAD_N
#define SLIM_WINOGRAD_N 6
#endif
#ifndef SLIM_WINOGRAD_TAPS /* along an axis: 3, or 4 or 5 in a twin slim_..._t4_... or _t5_..., 7 in slim_..._t7_... */
#define SLIM_WINOGRAD_TAPS 3
#endif
#define SLIM_WINOGRAD_POINTS (SLIM_WINOGRAD_N * SLIM_WINOGRAD_N)
#define SLIM_WINOGRAD_M (SLIM_WINOGRAD_N + 1 - SLIM_WINOGRAD_TAPS) /* results of a tile along an axis */

#if SLIM_WINOGRAD_N == 7
#define SLIM_WINOGRAD_ZERO 0 /* points before the pairs of both signs */
#define SLIM_PA 0.25f
#define SLIM_PB 0.875f
#define SLIM_PC 1.75f
#define SLIM_C2 (SLIM_PC * SLIM_PC)
#else
#define SLIM_WINOGRAD_ZERO 1
#define SLIM_PA 0.75f
#define SLIM_PB 1.5f
#endif
#define SLIM_A2 (SLIM_PA * SLIM_PA)
#define SLIM_B2 (SLIM_PB * SLIM_PB)

/* Point number i along an axis; infinity as 0. */
static inline float slim_winograd_point(const int i)
{
#if SLIM_WINOGRAD_N == 7
  const float point = i < 2 ? SLIM_PA : i < 4 ? SLIM_PB : i < 6 ? SLIM_PC : 0.0f;
#else
  const float point = i == 0 ? 0.0f : i < 3 ? SLIM_PA : i < 5 ? SLIM_PB : 0.0f;
#endif
  return (i - SLIM_WINOGRAD_ZERO) % 2 == 0 ? point : -point;
}

/* B^T: the coefficients of the polynomials that are 0 at all points but one, in even and odd parts; and, of point
 * number i along an axis, one over the product of its distances to the others. */
#if SLIM_WINOGRAD_N == 7
/* Squares q and r are the other pairs'. The negative point's polynomial has the other sign, and so has its scale. */
static inline void slim_winograd_input_pair(const SLIM_FLOATW *d, const int s, SLIM_FLOATW *t, const int ts,
                                            const float point, const float q, const float r)
{
  const SLIM_FLOATW even = (q * r) * d[0] - (q + r) * d[2 * s] + d[4 * s];
  const SLIM_FLOATW odd = (q * r) * d[s] - (q + r) * d[3 * s] + d[5 * s];
  t[0] = point * even + odd;
  t[ts] = point * even - odd;
}

static inline void slim_winograd_input(const SLIM_FLOATW *d, const int s, SLIM_FLOATW *t, const int ts)
{
  const float sum = SLIM_A2 + SLIM_B2 + SLIM_C2, products = SLIM_A2 * SLIM_B2 + SLIM_B2 * SLIM_C2 + SLIM_C2 * SLIM_A2;
  slim_winograd_input_pair(d, s, t, ts, SLIM_PA, SLIM_B2, SLIM_C2);
  slim_winograd_input_pair(d, s, t + 2 * ts, ts, SLIM_PB, SLIM_A2, SLIM_C2);
  slim_winograd_input_pair(d, s, t + 4 * ts, ts, SLIM_PC, SLIM_A2, SLIM_B2);
  t[6 * ts] = products * d[2 * s] - (SLIM_A2 * SLIM_B2 * SLIM_C2) * d[0] - sum * d[4 * s] + d[6 * s];
}

static inline float slim_winograd_scale(const int i)
{
  return i < 2   ? 1.0f / (2.0f * SLIM_PA * (SLIM_A2 - SLIM_B2) * (SLIM_A2 - SLIM_C2))
         : i < 4 ? 1.0f / (2.0f * SLIM_PB * (SLIM_B2 - SLIM_A2) * (SLIM_B2 - SLIM_C2))
         : i < 6 ? 1.0f / (2.0f * SLIM_PC * (SLIM_C2 - SLIM_A2) * (SLIM_C2 - SLIM_B2))
                 : 1.0f;
}
#else
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

static inline float slim_winograd_scale(const int i)
{
  return i == 0  ? 1.0f / (SLIM_A2 * SLIM_B2)
         : i < 3 ? 1.0f / (2.0f * SLIM_A2 * (SLIM_A2 - SLIM_B2))
         : i < 5 ? 1.0f / (2.0f * SLIM_B2 * (SLIM_B2 - SLIM_A2))
                 : 1.0f;
}
#endif

/* The polynomial of count coefficients at a point and its negative. */
static inline void slim_winograd_evaluate_pair(const SLIM_FLOATW *g, const int s, SLIM_FLOATW *t, const int ts,
                                               const int count, const float point)
{
  const float square = point * point;
  SLIM_FLOATW even = g[0], odd = g[s];
  if (count > 2) {
    even += square * g[2 * s];
  }
  if (count > 3) {
    odd += square * g[3 * s];
  }
  if (count > 4) {
    even += (square * square) * g[4 * s];
  }
  t[0] = even + point * odd;
  t[ts] = even - point * odd;
}

/* The polynomial of count (2 to 5) coefficients at all points; weights still lack their scale. */
static inline void slim_winograd_evaluate(const SLIM_FLOATW *g, const int s, SLIM_FLOATW *t, const int ts,
                                          const int count)
{
  SLIM_FLOATW *pairs = t + SLIM_WINOGRAD_ZERO * ts;
  slim_winograd_evaluate_pair(g, s, pairs, ts, count, SLIM_PA);
  slim_winograd_evaluate_pair(g, s, pairs + 2 * ts, ts, count, SLIM_PB);
#if SLIM_WINOGRAD_N == 7
  slim_winograd_evaluate_pair(g, s, pairs + 4 * ts, ts, count, SLIM_PC);
#else
  t[0] = g[0];
#endif
  t[(SLIM_WINOGRAD_N - 1) * ts] = g[(count - 1) * s];
}

/* Adds a point's and its negative's part, v and v[s], to count sums, each times a power. */
static inline void slim_winograd_collect_pair(const SLIM_FLOATW *v, const int s, SLIM_FLOATW *y, const int ys,
                                              const int count, const float point)
{
  const float square = point * point;
  const SLIM_FLOATW sum = v[0] + v[s], difference = v[0] - v[s];
  y[0] += sum;
  y[ys] += point * difference;
  if (count > 2) {
    y[2 * ys] += square * sum;
  }
  if (count > 3) {
    y[3 * ys] += (square * point) * difference;
  }
  if (count > 4) {
    y[4 * ys] += (square * square) * sum;
  }
}

/* The transpose of slim_winograd_evaluate: count sums over the points, each times a power. */
static inline void slim_winograd_collect(const SLIM_FLOATW *v, const int s, SLIM_FLOATW *y, const int ys,
                                         const int count)
{
  const SLIM_FLOATW *pairs = v + SLIM_WINOGRAD_ZERO * s;
  SLIM_UNROLL
  for (int i = 0; i < count; i++) {
    y[i * ys] = (SLIM_FLOATW)(0.0f);
  }
#if SLIM_WINOGRAD_N == 6
  y[0] = v[0];
#endif
  y[(count - 1) * ys] = v[(SLIM_WINOGRAD_N - 1) * s];
  slim_winograd_collect_pair(pairs, s, y, ys, count, SLIM_PA);
  slim_winograd_collect_pair(pairs + 2 * s, s, y, ys, count, SLIM_PB);
#if SLIM_WINOGRAD_N == 7
  slim_winograd_collect_pair(pairs + 4 * s, s, y, ys, count, SLIM_PC);
#endif
}

/* Where a tile's first result lies. */
typedef struct slim_winograd_place {
  int image, y, x;
} slim_winograd_place;

static inline slim_winograd_place slim_winograd_place_of(const slim_winograd_params p, const int tile)
{
  const slim_winograd_order o = p.order;
  const int down = p.oh / p.m, across = p.ow / p.m; /* whole ones */
  const bool lower = tile < o.below || tile >= o.right, outer = tile >= o.whole;
  const int first = tile < o.below ? 0 : tile < o.whole ? o.below : tile < o.right ? o.whole : o.right;
  const int rows = lower ? p.down - down : down, columns = outer ? p.across - across : across;
  const int image = (tile - first) / (rows * columns), in_image = (tile - first) % (rows * columns);
  const slim_winograd_place at = { image, ((lower ? down : 0) + in_image / columns) * p.m,
                                   ((outer ? across : 0) + in_image % columns) * p.m };
  return at;
}

/* Of tiles [first, first + count) those that need a point, side of which are an axis, counted from first. */
typedef struct slim_winograd_span {
  int begin, end;
} slim_winograd_span;

static inline slim_winograd_span slim_winograd_tiles_at(const slim_winograd_order o, const int side, const int point,
                                                        const int first, const int count)
{
  const bool last_row = point / side == side - 1, last_column = point % side == side - 1;
  const int begin = last_row ? o.below - first : 0;
  const int end = last_column ? o.whole - first : last_row ? o.right - first : count;
  const slim_winograd_span span = { clamp(begin, 0, count), clamp(end, 0, count) };
  return span;
}

/* What tiles that come later read first, a share of it for each product that is made meanwhile: under each of count tiles
 * from number first on m rows of m pixels of c channels, so many down and right of its place, of images of h x w. */
static inline void slim_winograd_fetch(__global const float *images, const slim_winograd_params p, const int h,
                                       const int w, const int c, const int down, const int right, const int first,
                                       const int count, const int share, const int shares)
{
  for (int i = count * p.m * share / shares; i < count * p.m * (share + 1) / shares; i++) {
    const slim_winograd_place at = slim_winograd_place_of(p, first + i / p.m);
    const int y = min(at.y + down + i % p.m, h - 1), x = min(at.x + right, w - 1);
    __global const float *from = images + (size_t)((at.image * h + y) * w + x) * c;
    for (int j = 0; j < p.m * c; j += 16) {
      SLIM_FETCH_LATER(from + j);
    }
  }
}

/* A vector of channels of x under a tile, transformed: columns, then rows, with the numbers between them in memory.
 * from: where each point's channels lie, next floats before those of the tile to the right; points go step floats apart. */
static inline void slim_winograd_open(__global const float *const *from, const int channel, const int next,
                                      __global float *to, const size_t step)
{
  SLIM_FLOATW half_done[SLIM_WINOGRAD_POINTS], d[SLIM_WINOGRAD_N], t[SLIM_WINOGRAD_N];
  for (int x = 0; x < SLIM_WINOGRAD_N; x++) {
    SLIM_UNROLL
    for (int y = 0; y < SLIM_WINOGRAD_N; y++) {
      if (x >= SLIM_WINOGRAD_TAPS - 1) { /* the others are in this tile too */
        SLIM_FETCH(from[y * SLIM_WINOGRAD_N + x] + channel + next);
      }
      d[y] = SLIM_LOADW(0, from[y * SLIM_WINOGRAD_N + x] + channel);
    }
    slim_winograd_input(d, 1, t, 1);
    SLIM_UNROLL
    for (int y = 0; y < SLIM_WINOGRAD_N; y++) {
      half_done[y * SLIM_WINOGRAD_N + x] = t[y];
    }
  }
  for (int y = 0; y < SLIM_WINOGRAD_N; y++) {
    SLIM_UNROLL
    for (int x = 0; x < SLIM_WINOGRAD_N; x++) {
      d[x] = half_done[y * SLIM_WINOGRAD_N + x];
    }
    slim_winograd_input(d, 1, t, 1);
    SLIM_UNROLL
    for (int x = 0; x < SLIM_WINOGRAD_N; x++) {
      SLIM_STOREW(t[x], 0, to + (y * SLIM_WINOGRAD_N + x) * step);
    }
  }
}

/* Where x's pixels under a tile lie; zeros: c of them, for pixels outside. */
static inline void slim_winograd_pixels(__global const float *x, __global const float *zeros,
                                        const slim_winograd_params p, const int tile, __global const float **from)
{
  const slim_winograd_place at = slim_winograd_place_of(p, tile);
  for (int i = 0; i < SLIM_WINOGRAD_N; i++, from += SLIM_WINOGRAD_N) {
    const int y = at.y - p.before_h + i, left = at.x - p.before_w;
    const bool inside = y >= 0 && y < p.h;
    SLIM_UNROLL
    for (int j = 0; j < SLIM_WINOGRAD_N; j++) {
      const int column = left + j;
      const bool lies = inside && column >= 0 && column < p.w;
      from[j] = lies ? x + (size_t)((at.image * p.h + y) * p.w + column) * p.c : zeros;
    }
  }
}

/* --- products: v [point][c / width][tile][width], by panels of weights ------------------------------------------- */

/* Floats between vectors of channels of v, of so many tiles: an odd number of lines, or they would share cache sets, */
static inline int slim_winograd_plane(const int tiles)
{
  return (tiles | 1) * SLIM_WIDTH;
}

/* between its points, */
static inline size_t slim_winograd_inputs_step(const int tiles, const int c)
{
  return (size_t)c / SLIM_WIDTH * slim_winograd_plane(tiles) + SLIM_WINOGRAD_GAP;
}

/* and between those of products of so many tiles by a panel, [point][tile][SLIM_GEMM_COLUMNS]. */
static inline size_t slim_winograd_products_step(const int tiles)
{
  return (size_t)(tiles + SLIM_WINOGRAD_SPARE) * SLIM_GEMM_COLUMNS + SLIM_WINOGRAD_GAP;
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
#define SLIM_WINOGRAD_MULTIPLY_(EACH_, LOAD_, STORE_, FETCH_)                                                          \
  EACH_(SLIM_GEMM_DECLARE_)                                                                                            \
  if (adds) {                                                                                                          \
    EACH_(LOAD_)                                                                                                       \
  }                                                                                                                    \
  for (int c = 0; c < channels; c += SLIM_WIDTH, a += plane) {                                                         \
    for (int k = 0; k < SLIM_WIDTH; k++, b += SLIM_GEMM_COLUMNS) {                                                     \
      const SLIM_FLOATW b0 = SLIM_LOADW(0, b), b1 = SLIM_LOADW(1, b);                                                  \
      EACH_(SLIM_WINOGRAD_ADD_TILE_)                                                                                   \
      FETCH_                                                                                                           \
    }                                                                                                                  \
  }                                                                                                                    \
  EACH_(STORE_)
/* Lower loops are for whole panels only: others have room for the columns they lack, and need them seldom. */
#define SLIM_WINOGRAD_WIDE_(EACH_, FETCH_)                                                                             \
  SLIM_WINOGRAD_MULTIPLY_(EACH_, SLIM_WINOGRAD_LOAD_BOTH_, SLIM_WINOGRAD_STORE_BOTH_, FETCH_)
#define SLIM_WINOGRAD_WIDE_OR_NARROW_(EACH_, FETCH_)                                                                   \
  if (columns > SLIM_WIDTH) {                                                                                          \
    SLIM_WINOGRAD_WIDE_(EACH_, FETCH_)                                                                                 \
  } else {                                                                                                             \
    SLIM_WINOGRAD_MULTIPLY_(EACH_, SLIM_WINOGRAD_LOAD_LEFT_, SLIM_WINOGRAD_STORE_LEFT_, FETCH_)                        \
  }
#if SLIM_GEMM_ROWS > SLIM_WINOGRAD_FEWER_ROWS
#define SLIM_WINOGRAD_EACH_TEN(X) SLIM_GEMM_EACH_SOME(X) X(8) X(9)
#define SLIM_WINOGRAD_EACH_FEWER(X) SLIM_WINOGRAD_EACH_TEN(X) X(10) X(11)
#define SLIM_WINOGRAD_ALL_OR_FEWER_(FETCH_)                                                                            \
  if (rows > SLIM_WINOGRAD_FEWER_ROWS) {                                                                               \
    SLIM_WINOGRAD_WIDE_OR_NARROW_(SLIM_GEMM_EACH, FETCH_)                                                              \
  } else if (rows > SLIM_WINOGRAD_TEN_ROWS) {                                                                          \
    SLIM_WINOGRAD_WIDE_(SLIM_WINOGRAD_EACH_FEWER, FETCH_)                                                              \
  } else {                                                                                                             \
    SLIM_WINOGRAD_WIDE_(SLIM_WINOGRAD_EACH_TEN, FETCH_)                                                                \
  }
#else
#define SLIM_WINOGRAD_ALL_OR_FEWER_(FETCH_) SLIM_WINOGRAD_WIDE_OR_NARROW_(SLIM_GEMM_EACH, FETCH_)
#endif
#define SLIM_WINOGRAD_BY_ROWS_(FETCH_)                                                                                 \
  if (rows > SLIM_GEMM_SOME_ROWS) {                                                                                    \
    SLIM_WINOGRAD_ALL_OR_FEWER_(FETCH_)                                                                                \
  } else if (rows > SLIM_GEMM_FEW_ROWS) {                                                                              \
    SLIM_WINOGRAD_WIDE_(SLIM_GEMM_EACH_SOME, FETCH_)                                                                   \
  } else {                                                                                                             \
    SLIM_WINOGRAD_WIDE_(SLIM_GEMM_EACH_FEW, FETCH_)                                                                    \
  }
#define SLIM_WINOGRAD_FETCH_NONE_
#define SLIM_WINOGRAD_FETCH_PANEL_                                                                                     \
  SLIM_FETCH_LATER(ahead);                                                                                             \
  SLIM_FETCH_LATER(ahead + SLIM_WIDTH);                                                                                \
  ahead += ahead_step;
/* rows tiles, in so many channels, by a panel of weights at one point; adds: to the product so far. Rows are rounded up
 * to those of a loop. */
#define SLIM_WINOGRAD_MULTIPLY_BY(name_, space_)                                                                       \
  static inline void name_(__global const float *a, space_ const float *b, __global float *product,                    \
                           const int channels, const int plane, const int rows, const int columns, const bool adds)    \
  {                                                                                                                    \
    SLIM_WINOGRAD_BY_ROWS_(SLIM_WINOGRAD_FETCH_NONE_)                                                                  \
  }

/* --- results ------------------------------------------------------------------------------------------------------ */

/* A vector of results, to floats behind the first, but for activations that are no clamp. */
static inline SLIM_FLOATW slim_winograd_end(const SLIM_FLOATW sum, __global const float *residual, const size_t to,
                                            const slim_epilogue_params e)
{
  const SLIM_FLOATW low = (SLIM_FLOATW)(slim_gemm_low(e.activation)),
                    high = (SLIM_FLOATW)(slim_gemm_high(e.activation));
  SLIM_FLOATW value = e.has_residual ? sum + SLIM_LOADW(0, residual + to) : sum;
  value = value < low ? low : value;
  return value > high ? high : value;
}

/* Those, over the results of a pixel in a panel. */
static inline void slim_winograd_smooth(__global float *y, const int columns, const int kind)
{
  for (int i = 0; i < columns; i += SLIM_WIDTH) {
    SLIM_STOREW(slim_gemm_activate(SLIM_LOADW(0, y + i), kind), 0, y + i);
  }
}

#endif
