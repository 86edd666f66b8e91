/* Winograd's tiles on CPU-like devices: their order, transforms of vectors of channels, and products. */
#ifndef SLIM_KERNEL_WINOGRAD_H
#define SLIM_KERNEL_WINOGRAD_H

#include "epilogue.h"
#include "gemm.h"
#include "winograd_params.h"
#include "winograd_transform.h"

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
#define SLIM_WINOGRAD_MULTIPLY_(EACH_, LOAD_, STORE_, FETCH_, MAKE_)                                                   \
  EACH_(SLIM_GEMM_DECLARE_)                                                                                            \
  if (adds) {                                                                                                          \
    EACH_(LOAD_)                                                                                                       \
  }                                                                                                                    \
  for (int c = 0; c < channels; c += SLIM_WIDTH, a += plane) {                                                         \
    for (int k = 0; k < min(SLIM_WIDTH, channels - c); k++, b += SLIM_GEMM_COLUMNS) {                                  \
      const SLIM_FLOATW b0 = SLIM_LOADW(0, b), b1 = SLIM_LOADW(1, b);                                                  \
      EACH_(SLIM_WINOGRAD_ADD_TILE_)                                                                                   \
      FETCH_                                                                                                           \
    }                                                                                                                  \
    MAKE_                                                                                                              \
  }                                                                                                                    \
  EACH_(STORE_)
/* Lower loops are for whole panels only: others have room for the columns they lack, and need them seldom. */
#define SLIM_WINOGRAD_WIDE_(EACH_, FETCH_, MAKE_)                                                                      \
  SLIM_WINOGRAD_MULTIPLY_(EACH_, SLIM_WINOGRAD_LOAD_BOTH_, SLIM_WINOGRAD_STORE_BOTH_, FETCH_, MAKE_)
#define SLIM_WINOGRAD_WIDE_OR_NARROW_(EACH_, FETCH_, MAKE_)                                                            \
  if (columns > SLIM_WIDTH) {                                                                                          \
    SLIM_WINOGRAD_WIDE_(EACH_, FETCH_, MAKE_)                                                                          \
  } else {                                                                                                             \
    SLIM_WINOGRAD_MULTIPLY_(EACH_, SLIM_WINOGRAD_LOAD_LEFT_, SLIM_WINOGRAD_STORE_LEFT_, FETCH_, )                      \
  }
#if SLIM_GEMM_ROWS > SLIM_WINOGRAD_FEWER_ROWS
#define SLIM_WINOGRAD_EACH_TEN(X) SLIM_GEMM_EACH_SOME(X) X(8) X(9)
#define SLIM_WINOGRAD_EACH_FEWER(X) SLIM_WINOGRAD_EACH_TEN(X) X(10) X(11)
#define SLIM_WINOGRAD_ALL_OR_FEWER_(FETCH_, MAKE_)                                                                     \
  if (rows > SLIM_WINOGRAD_FEWER_ROWS) {                                                                               \
    SLIM_WINOGRAD_WIDE_OR_NARROW_(SLIM_GEMM_EACH, FETCH_, MAKE_)                                                       \
  } else if (rows > SLIM_WINOGRAD_TEN_ROWS) {                                                                          \
    SLIM_WINOGRAD_WIDE_(SLIM_WINOGRAD_EACH_FEWER, FETCH_, MAKE_)                                                       \
  } else {                                                                                                             \
    SLIM_WINOGRAD_WIDE_(SLIM_WINOGRAD_EACH_TEN, FETCH_, MAKE_)                                                         \
  }
#else
#define SLIM_WINOGRAD_ALL_OR_FEWER_(FETCH_, MAKE_) SLIM_WINOGRAD_WIDE_OR_NARROW_(SLIM_GEMM_EACH, FETCH_, MAKE_)
#endif
/* MAKE_: what is done after each vector of channels. */
#define SLIM_WINOGRAD_BY_ROWS_(FETCH_, MAKE_)                                                                          \
  if (rows > SLIM_GEMM_SOME_ROWS) {                                                                                    \
    SLIM_WINOGRAD_ALL_OR_FEWER_(FETCH_, MAKE_)                                                                         \
  } else if (rows > SLIM_GEMM_FEW_ROWS) {                                                                              \
    SLIM_WINOGRAD_WIDE_(SLIM_GEMM_EACH_SOME, FETCH_, MAKE_)                                                            \
  } else {                                                                                                             \
    SLIM_WINOGRAD_WIDE_(SLIM_GEMM_EACH_FEW, FETCH_, MAKE_)                                                             \
  }
#define SLIM_WINOGRAD_FETCH_NONE_
#define SLIM_WINOGRAD_FETCH_PANEL_                                                                                     \
  SLIM_FETCH_LATER(ahead);                                                                                             \
  SLIM_FETCH_LATER(ahead + SLIM_WIDTH);                                                                                \
  ahead += ahead_step;
#define SLIM_WINOGRAD_FETCH_STREAMS_                                                                                   \
  SLIM_WINOGRAD_FETCH_PANEL_                                                                                           \
  SLIM_FETCH_LATER(a + k * SLIM_WIDTH + later);
/* Of tiles as many as those of a product, or a few more, at another point. */
#define SLIM_WINOGRAD_FETCH_TILES_ SLIM_FETCH_LATER(a + k * SLIM_WIDTH + ahead);
/* rows tiles, in so many channels, by a panel of weights at one point; adds: to the product so far. Rows are rounded up
 * to those of a loop. */
#define SLIM_WINOGRAD_MULTIPLY_BY(name_, space_)                                                                       \
  static inline void name_(__global const float *a, space_ const float *b, __global float *product,                    \
                           const int channels, const int plane, const int rows, const int columns, const bool adds)    \
  {                                                                                                                    \
    SLIM_WINOGRAD_BY_ROWS_(SLIM_WINOGRAD_FETCH_NONE_, )                                                                \
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
