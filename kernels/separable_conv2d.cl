/*
 * A depthwise convolution and the 1x1 convolution behind it on CPU-like devices: the depthwise sums of a tile's pixels are
 * made where the product reads them (gemm.h), and never come to memory. Channels fill whole vectors.
 */
#include "common.h"
#include "deal.h"
#include "gemm_pack.h"
#include "gemm_part.h"
#include "separable_conv2d_params.h"
#include "strassen.h"

#if SLIM_CLASS == 0
/* A tile of the product has whole runs of so many pixels. */
#if SLIM_WIDTH == 16
#define PIXELS 7
#define EACH_PIXEL(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6)
#else
#define PIXELS 6
#define EACH_PIXEL(X) X(0) X(1) X(2) X(3) X(4) X(5)
#endif
#include "depthwise_conv2d.h"

/* Three taps of a row for pixels that are all there: the first may lack its first tap, and the last its last. */
#define ADD_AT(p_, t_) sum##p_ = fma(SLIM_LOADW(0, in + ((p_)*t.step + (t_)) * t.c), w##t_, sum##p_);
#define ADD_FIRST(p_)                                                                                                  \
  if ((p_) > 0 || left) {                                                                                              \
    ADD_AT(p_, 0)                                                                                                      \
  }
#define ADD_SECOND(p_) ADD_AT(p_, 1)
#define ADD_THIRD(p_)                                                                                                  \
  if ((p_) < PIXELS - 1 || right) {                                                                                    \
    ADD_AT(p_, 2)                                                                                                      \
  }
#define ADD_THREES                                                                                                     \
  for (int ky = 0; ky < 3; ky++) {                                                                                     \
    const int row = oy * p.stride_h - p.before_h + ky * p.rate_h;                                                      \
    if (row >= 0 && row < p.h) {                                                                                       \
      __global const float *in = from + (row * t.width + t.column) * t.c + k;                                          \
      __global const slim_weight *taps = weights + ky * 3 * p.c + k;                                                   \
      const SLIM_FLOATW w0 = SLIM_WEIGHTSW(taps), w1 = SLIM_WEIGHTSW(taps + p.c), w2 = SLIM_WEIGHTSW(taps + 2 * p.c);  \
      EACH_PIXEL(ADD_FIRST)                                                                                            \
      EACH_PIXEL(ADD_SECOND)                                                                                           \
      EACH_PIXEL(ADD_THIRD)                                                                                            \
    }                                                                                                                  \
  }

#define FINISH(p_)                                                                                                     \
  if ((p_) < count) {                                                                                                  \
    SLIM_FLOATW v = sum##p_;                                                                                           \
    v = v < low ? low : v;                                                                                             \
    SLIM_STOREW(v > high ? high : v, 0, to + (p_)*SLIM_GEMM_A_STRIDE + k);                                             \
  }

/* Depthwise sums of rows pixels from number m on, of channels [k0, k0 + depth): rows of a tile. */
static inline __attribute__((always_inline)) void make_sums(__local float *tile, __global const float *x,
                                                            __global const slim_weight *weights,
                                                            __global const float *bias,
                                                            const slim_depthwise_conv2d_params p, const int m,
                                                            const int rows, const int k0, const int depth)
{
  const SLIM_FLOATW zero = (SLIM_FLOATW)(0.0f), low = (SLIM_FLOATW)(slim_gemm_low(p.epilogue.activation)),
                    high = (SLIM_FLOATW)(slim_gemm_high(p.epilogue.activation));
  const bool three_taps = p.kernel_h == 3 && p.kernel_w == 3 && p.rate_w == 1;
  for (int made = 0; made < rows;) {
    const int at = (m + made) % p.ow, oy = (m + made) / p.ow % p.oh, image = (m + made) / (p.ow * p.oh);
    const int count = min(min(rows - made, p.ow - at), PIXELS);
    const slim_depthwise_tile t = { at, at + count, at * p.stride_w - p.before_w, p.stride_w, p.w, p.c };
    const int end = t.column + (PIXELS - 1) * t.step + 3; /* of what whole windows read */
    const bool left = t.column >= 0, right = end <= p.w;
    const bool threes = three_taps && count == PIXELS && t.column >= -1 && end <= p.w + 1;
    __global const float *from = x + (size_t)image * p.h * p.w * p.c;
    __local float *to = tile + made * SLIM_GEMM_A_STRIDE - k0;
    for (int k = k0; k < k0 + depth; k += SLIM_WIDTH) {
      const SLIM_FLOATW start = p.epilogue.has_bias ? SLIM_LOADW(0, bias + k) : zero;
      EACH_PIXEL(SLIM_DEPTHWISE_DECLARE)
      if (threes) {
        ADD_THREES
      } else {
        SLIM_DEPTHWISE_ADD_TAPS
      }
      EACH_PIXEL(FINISH)
    }
    made += count;
  }
}

/* What the sums of pixels from row on read that those above did not: one row of an image, or two, of so many floats and a
 * gap, which panels of columns fetch in equal shares while the tile before is multiplied. */
typedef struct made_ahead {
  __global const float *from;
  int floats, gap, share;
} made_ahead;

static inline made_ahead made_ahead_of(__global const float *x, const slim_depthwise_conv2d_params p,
                                       const slim_gemm_part t, const int row)
{
  const int m = min(row, t.row1 - 1), ox = m % p.ow, oy = m / p.ow % p.oh, image = m / (p.ow * p.oh);
  const int y = clamp(oy * p.stride_h - p.before_h + p.kernel_h - p.stride_h, 0, p.h - 1);
  const int floats = min(SLIM_GEMM_ROWS, t.row1 - row) * p.stride_w * p.c;
  const made_ahead next = { x + (size_t)((image * p.h + y) * p.w + ox * p.stride_w) * p.c, floats, p.w * p.c - floats,
                            max(floats, 0) * min(p.stride_h, 2) / slim_gemm_part_panels(t) };
  return next;
}

/* The share of the panel of columns from c on, with so many numbers of k. */
static inline slim_gemm_strip made_strip(const made_ahead next, const int c, const int depth)
{
  const int at = c / SLIM_GEMM_COLUMNS * next.share;
  const slim_gemm_strip strip = { next.from + at + (at < next.floats ? 0 : next.gap),
                                  (next.share + depth - 1) / depth };
  return strip;
}

/* The tiles of a part over depth channels from k on, whose weights panels have; in the kernels' bodies. tile:
 * SLIM_GEMM_ROWS rows of SLIM_GEMM_A_STRIDE. All channels are fetched with the first. */
#define MULTIPLY_MADE(panels_, TILE_)                                                                                  \
  for (int row = t.row0; row < t.row1; row += SLIM_GEMM_ROWS) {                                                        \
    made_ahead next = made_ahead_of(x, p.sums, t, row + SLIM_GEMM_ROWS);                                               \
    next.share = k == 0 ? next.share : 0;                                                                              \
    make_sums(tile, x, weights, bias, p.sums, row, min(SLIM_GEMM_ROWS, t.row1 - row), k, depth);                       \
    for (int c = 0; c < t.columns; c += SLIM_GEMM_COLUMNS) {                                                           \
      const slim_gemm_strip strip = made_strip(next, c, depth);                                                        \
      const slim_gemm_out o =                                                                                          \
          slim_gemm_part_out(y, out_bias, residual, p.o, p.epilogue, t, row, c, k == 0, k + depth == p.sums.c);        \
      TILE_(tile, (panels_) + c * depth, depth, &strip, &o);                                                           \
    }                                                                                                                  \
  }

/* panels: block_k rows of block_n of the 1x1 convolution's weights. */
__kernel void slim_separable_conv2d_cpu_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const slim_weight, weights),
                                            SLIM_TENSOR(const float, bias), SLIM_TENSOR(const slim_weight, pointwise),
                                            SLIM_TENSOR(const float, out_bias), SLIM_TENSOR(const float, residual),
                                            SLIM_TENSOR(float, y), const slim_separable_conv2d_params p,
                                            const slim_gemm_params g, __local float *tile, __local float *panels,
                                            SLIM_DEALT)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const slim_weight, pointwise);
  SLIM_OPEN(const float, out_bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  SLIM_EACH_TASK(task)
  {
    const slim_gemm_part t = slim_gemm_part_of(g, task.x, task.y, p.sums.n * p.sums.oh * p.sums.ow, p.o);
    for (int k = 0; k < p.sums.c; k += g.block_k) {
      const int depth = min(g.block_k, p.sums.c - k);
      slim_gemm_pack_b(panels, pointwise + (size_t)k * p.o + t.column0, p.o, depth, t.columns);
      MULTIPLY_MADE(panels, slim_gemm_tile_made)
    }
  }
}

/* A task in products of halves. tiles: its factors; sums: four tiles. */
SLIM_APART void multiply_made_halves(__global const float *x, __global const slim_weight *weights,
                                     __global const float *bias, __global const float *packed,
                                     __global const float *out_bias, __global const float *residual, __global float *y,
                                     const slim_separable_conv2d_params p, const slim_gemm_params g, const int down,
                                     const int across, __local float *tiles, __global float *sums)
{
  const int m = p.sums.n * p.sums.oh * p.sums.ow, total = p.sums.c, upper = (m + 1) / 2;
  const slim_gemm_part t = slim_gemm_part_of(g, down, across, upper, p.o / 2);
  for (int k = 0, depth; k < total; k += 2 * depth) {
    __local float *tile = tiles;
    depth = min(g.block_k, total - k) / 2;
    for (int row = t.row0; row < t.row1; row += SLIM_GEMM_ROWS, tile += SLIM_STRASSEN_FACTORS) {
      const int rows = min(SLIM_GEMM_ROWS, t.row1 - row), lower = slim_strassen_lower(m, row, rows);
      for (int i = 0; i < 4; i++) {
        make_sums(tile + SLIM_STRASSEN_QUARTER(i), x, weights, bias, p.sums, row + i / 2 * upper, i < 2 ? rows : lower,
                  k + i % 2 * depth, depth);
      }
      slim_strassen_add(tile, rows, lower, depth);
    }
    slim_strassen_part(tiles, packed, out_bias, residual, y, sums, m, p.o, p.epilogue, t, k, total, g.block_k);
  }
}

/* The same with weights that slim_conv2d_pack_f32 has packed, or slim_strassen_pack_f32. */
__kernel void slim_separable_conv2d_packed_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const slim_weight, weights),
                                               SLIM_TENSOR(const float, bias), __global float *packed,
                                               SLIM_TENSOR(const float, out_bias), SLIM_TENSOR(const float, residual),
                                               SLIM_TENSOR(float, y), const slim_separable_conv2d_params p,
                                               const slim_gemm_params g, __local float *tile, SLIM_DEALT)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, out_bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  SLIM_EACH_TASK(task)
  {
    if (g.slice == SLIM_GEMM_HALVES) {
      multiply_made_halves(x, weights, bias, packed, out_bias, residual, y, p, g, task.x, task.y, tile,
                           slim_strassen_sums(packed, p.sums.c, p.o, (int)get_group_id(0)));
      continue;
    }
    const slim_gemm_part t = slim_gemm_part_of(g, task.x, task.y, p.sums.n * p.sums.oh * p.sums.ow, p.o);
    const size_t wide = (size_t)(p.o + SLIM_GEMM_COLUMNS - 1) / SLIM_GEMM_COLUMNS * SLIM_GEMM_COLUMNS;
    for (int k = 0; k < p.sums.c; k += g.block_k) {
      const int depth = min(g.block_k, p.sums.c - k);
      __global const float *panels = packed + k * wide + (size_t)t.column0 * depth;
      MULTIPLY_MADE(panels, slim_gemm_tile_made_packed)
    }
  }
}
#endif
