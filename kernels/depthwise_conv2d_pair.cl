/*
 * Depthwise sums of 3x3 taps and stride 1, as many results as pixels, on CPU-like devices: two rows at a time, so that
 * each number that is read serves up to six sums, and the weights stay in registers. Rows are whole blocks of PIXELS
 * pixels, channels fill whole vectors.
 */
#include "activation.h"
#include "common.h"
#include "depthwise_conv2d_params.h"
#include "gemm.h"
#include "weights.h"

#if SLIM_CLASS == 0
#define PIXELS 7
/* A pixel, and the columns under its taps. */
#define EACH_PIXEL(X) X(0, 0, 1, 2) X(1, 1, 2, 3) X(2, 2, 3, 4) X(3, 3, 4, 5) X(4, 4, 5, 6) X(5, 5, 6, 7) X(6, 6, 7, 8)
#define EACH_TAP(X) X(0, 0) X(0, 1) X(0, 2) X(1, 0) X(1, 1) X(1, 2) X(2, 0) X(2, 1) X(2, 2)

/* turned: from the last tap to the first. */
#define WEIGHT(r_, t_)                                                                                                 \
  const SLIM_FLOATW w##r_##t_ = SLIM_WEIGHTSW(weights + (turned ? 8 - (r_)*3 - (t_) : (r_)*3 + (t_)) * p.c + k);
#define OPEN(p_, a_, b_, c_) SLIM_FLOATW upper##p_ = start, lower##p_ = start;
#define UPPER(r_, p_, a_, b_, c_)                                                                                      \
  upper##p_ = fma(w##r_##0, x##a_, upper##p_);                                                                         \
  upper##p_ = fma(w##r_##1, x##b_, upper##p_);                                                                         \
  upper##p_ = fma(w##r_##2, x##c_, upper##p_);
#define LOWER(r_, p_, a_, b_, c_)                                                                                      \
  lower##p_ = fma(w##r_##0, x##a_, lower##p_);                                                                         \
  lower##p_ = fma(w##r_##1, x##b_, lower##p_);                                                                         \
  lower##p_ = fma(w##r_##2, x##c_, lower##p_);
#define FIRST(p_, a_, b_, c_) UPPER(0, p_, a_, b_, c_)
#define SECOND(p_, a_, b_, c_) UPPER(1, p_, a_, b_, c_) LOWER(0, p_, a_, b_, c_)
#define THIRD(p_, a_, b_, c_) UPPER(2, p_, a_, b_, c_) LOWER(1, p_, a_, b_, c_)
#define FOURTH(p_, a_, b_, c_) LOWER(2, p_, a_, b_, c_)
/* A row of the input, where it is inside of the image; what its next pair of rows reads is fetched meanwhile. */
#define ROW(inside_, from_, ADD_)                                                                                      \
  if (inside_) {                                                                                                       \
    __global const float *row = (from_);                                                                               \
    const SLIM_FLOATW x0 = left ? SLIM_LOADW(0, row - p.c) : zero, x1 = SLIM_LOADW(0, row);                            \
    const SLIM_FLOATW x2 = SLIM_LOADW(0, row + p.c), x3 = SLIM_LOADW(0, row + 2 * p.c);                                \
    const SLIM_FLOATW x4 = SLIM_LOADW(0, row + 3 * p.c), x5 = SLIM_LOADW(0, row + 4 * p.c);                            \
    const SLIM_FLOATW x6 = SLIM_LOADW(0, row + 5 * p.c), x7 = SLIM_LOADW(0, row + 6 * p.c);                            \
    const SLIM_FLOATW x8 = right ? SLIM_LOADW(0, row + 7 * p.c) : zero;                                                \
    EACH_PIXEL(ADD_)                                                                                                   \
  }
#define FETCH(p_, a_, b_, c_)                                                                                          \
  SLIM_FETCH_LATER(in + next + p_ * p.c);                                                                              \
  SLIM_FETCH_LATER(in + next + width + p_ * p.c);
#define CLOSE(sum_, i_)                                                                                                \
  {                                                                                                                    \
    const size_t to = at + (i_);                                                                                       \
    SLIM_FLOATW v = p.epilogue.has_residual ? sum_ + SLIM_LOADW(0, residual + to) : sum_;                              \
    v = v < low ? low : v;                                                                                             \
    SLIM_STOREW(v > high ? high : v, 0, y + to);                                                                       \
  }
#define CLOSE_UPPER(p_, a_, b_, c_) CLOSE(upper##p_, p_ * p.c)
#define CLOSE_LOWER(p_, a_, b_, c_) CLOSE(lower##p_, width + p_ * p.c)

/* A work-item makes a pair of rows. turned: the gradient by the input, of dy in the place of x. */
__kernel void slim_depthwise_conv2d_pair_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const slim_weight, weights),
                                             SLIM_TENSOR(const float, bias), SLIM_TENSOR(const float, residual),
                                             SLIM_TENSOR(float, y), const slim_depthwise_conv2d_params p,
                                             const int turned)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  const int pairs = (p.h + 1) / 2, pair = (int)get_global_id(0), image = pair / pairs, top = pair % pairs * 2;
  const int width = p.w * p.c;
  const bool above = top > 0, two = top + 1 < p.h, below = top + 2 < p.h;
  const SLIM_FLOATW zero = (SLIM_FLOATW)(0.0f), low = (SLIM_FLOATW)(slim_gemm_low(p.epilogue.activation)),
                    high = (SLIM_FLOATW)(slim_gemm_high(p.epilogue.activation));
  if (image >= p.n) {
    return;
  }
  for (int block = 0; block < p.w; block += PIXELS) {
    const bool left = block > 0, right = block + PIXELS < p.w;
    for (int k = 0; k < p.c; k += SLIM_WIDTH) {
      const size_t at = (size_t)((image * p.h + top) * p.w + block) * p.c + k;
      const size_t next = top + 4 < p.h ? (size_t)3 * width : 0;
      __global const float *in = x + at;
      const SLIM_FLOATW start = p.epilogue.has_bias ? SLIM_LOADW(0, bias + k) : zero;
      EACH_TAP(WEIGHT)
      EACH_PIXEL(OPEN)
      EACH_PIXEL(FETCH)
      ROW(above, in - width, FIRST)
      ROW(true, in, SECOND)
      ROW(two, in + width, THIRD)
      ROW(below, in + 2 * width, FOURTH)
      EACH_PIXEL(CLOSE_UPPER)
      if (two) {
        EACH_PIXEL(CLOSE_LOWER)
      }
    }
  }
}

/* --- the gradient by the weights: two rows of dy at a time, each number of x read once for both ------------------- */

#if SLIM_WIDTH == 16 /* whose 32 registers hold nine sums, and the three columns of four rows of x under the taps */
#define BAND_PIXELS 224 /* of dy, about: so that to begin and end the sums costs little */
#define EACH_ROW(X) X(0) X(1) X(2) X(3)
#define EACH_SUM(X) X(0, 0, 1) X(0, 1, 1) X(0, 2, 1) X(1, 0, 2) X(1, 1, 2) X(1, 2, 2) X(2, 0, 3) X(2, 1, 3) X(2, 2, 3)
#define DECLARE_SUM(r_, t_, below_) SLIM_FLOATW sum##r_##t_ = zero;
#define OPEN_ROW(r_) SLIM_FLOATW in##r_##0 = zero, in##r_##1 = inside##r_ ? SLIM_LOADW(0, in + r_ * width) : zero;
#define READ_ROW(r_)                                                                                                   \
  const SLIM_FLOATW in##r_##2 = inside##r_ && ox + 1 < p.w ? SLIM_LOADW(0, in + r_ * width + (ox + 1) * p.c) : zero;
#define ADD_SUM(r_, t_, below_)                                                                                        \
  sum##r_##t_ = fma(upper, in##r_##t_, sum##r_##t_);                                                                   \
  sum##r_##t_ = fma(lower, in##below_##t_, sum##r_##t_);
#define SHIFT(r_)                                                                                                      \
  in##r_##0 = in##r_##1;                                                                                               \
  in##r_##1 = in##r_##2;
#define STORE_SUM(r_, t_, below_)                                                                                      \
  {                                                                                                                    \
    __global float *to = dw + ((r_)*3 + (t_)) * p.c + k;                                                               \
    SLIM_STOREW(pair0 == begin ? sum##r_##t_ : SLIM_LOADW(0, to) + sum##r_##t_, 0, to);                                \
  }

/* Pairs of rows of each slice of slices, into its own part of dw. A group takes so many channels. */
__kernel void slim_depthwise_conv2d_weights_gradient_pair_f32(SLIM_TENSOR(const float, dy),
                                                              SLIM_TENSOR(const float, x), SLIM_TENSOR(float, dw),
                                                              const slim_depthwise_conv2d_params p, const int slices,
                                                              const int channels)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, dw);
  const int pairs = (p.h + 1) / 2, total = p.n * pairs, slice = (int)get_group_id(0), width = p.w * p.c;
  if (slice >= slices) {
    return;
  }
  const int begin = (int)((long)total * slice / slices), end = (int)((long)total * (slice + 1) / slices);
  const int band = (BAND_PIXELS + 2 * p.w - 1) / (2 * p.w);
  const int k0 = (int)get_group_id(1) * channels;
  const SLIM_FLOATW zero = (SLIM_FLOATW)(0.0f);
  dw += (size_t)slice * 9 * p.c;
  for (int pair0 = begin; pair0 < end; pair0 += band) {
    for (int k = k0; k < k0 + channels; k += SLIM_WIDTH) {
      EACH_SUM(DECLARE_SUM)
      for (int pair = pair0; pair < min(pair0 + band, end); pair++) {
        const int top = pair % pairs * 2;
        const bool inside0 = top > 0, inside1 = true, inside2 = top + 1 < p.h, inside3 = top + 2 < p.h;
        const size_t at = (size_t)(pair / pairs * p.h + top) * width + k;
        __global const float *in = x + at - width, *out = dy + at;
        const int next = min(2, p.h - top) * width; /* the next pair's, which may be of the next image */
        EACH_ROW(OPEN_ROW)
        for (int ox = 0; ox < p.w; ox++, out += p.c) {
          const SLIM_FLOATW upper = SLIM_LOADW(0, out), lower = inside2 ? SLIM_LOADW(0, out + width) : zero;
          EACH_ROW(READ_ROW)
          SLIM_FETCH_LATER(out + next);
          SLIM_FETCH_LATER(out + next + width);
          SLIM_FETCH_LATER(in + next + 2 * width + ox * p.c);
          SLIM_FETCH_LATER(in + next + 3 * width + ox * p.c);
          EACH_SUM(ADD_SUM)
          EACH_ROW(SHIFT)
        }
      }
      EACH_SUM(STORE_SUM)
    }
  }
}
#endif
#endif
