/*
 * The gradient by the weights of depthwise sums of 3x3 taps and stride 1, as many results as pixels, on CPU-like
 * devices: two rows of dy at a time, each number of x read once for both. All channels of a few rows and columns are
 * summed before the next ones, so that memory is read nearly as it lies, in few places at once: processors fetch that
 * in time. Channels fill whole vectors.
 */
#include "common.h"
#include "depthwise_conv2d_params.h"
#include "vector.h"

#if SLIM_CLASS == 0 && SLIM_WIDTH == 16 /* whose 32 registers hold nine sums, and three columns of four rows of x */
#define PAIRS 2   /* of rows of dy, summed at once */
#define COLUMNS 8 /* of those */
#define EACH_ROW(X) X(0) X(1) X(2) X(3)
#define EACH_SUM(X) X(0, 0, 1) X(0, 1, 1) X(0, 2, 1) X(1, 0, 2) X(1, 1, 2) X(1, 2, 2) X(2, 0, 3) X(2, 1, 3) X(2, 2, 3)
#define DECLARE_SUM(r_, t_, below_) SLIM_FLOATW sum##r_##t_ = zero;
#define OPEN_ROW(r_)                                                                                                   \
  SLIM_FLOATW in##r_##0 = inside##r_ && x0 > 0 ? SLIM_LOADW(0, in + r_ * width - p.c) : zero,                          \
              in##r_##1 = inside##r_ ? SLIM_LOADW(0, in + r_ * width) : zero;
#define READ_ROW(r_)                                                                                                   \
  const SLIM_FLOATW in##r_##2 = inside##r_ && ox + 1 < p.w ? SLIM_LOADW(0, in + r_ * width + p.c) : zero;
#define ADD_SUM(r_, t_, below_)                                                                                        \
  sum##r_##t_ = fma(upper, in##r_##t_, sum##r_##t_);                                                                   \
  sum##r_##t_ = fma(lower, in##below_##t_, sum##r_##t_);
#define SHIFT(r_)                                                                                                      \
  in##r_##0 = in##r_##1;                                                                                               \
  in##r_##1 = in##r_##2;
#define STORE_SUM(r_, t_, below_)                                                                                      \
  {                                                                                                                    \
    __global float *to = dw + ((r_)*3 + (t_)) * p.c + k;                                                               \
    SLIM_STOREW(pair0 == begin && x0 == 0 ? sum##r_##t_ : SLIM_LOADW(0, to) + sum##r_##t_, 0, to);                  \
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
  const int k0 = (int)get_group_id(1) * channels;
  const SLIM_FLOATW zero = (SLIM_FLOATW)(0.0f);
  dw += (size_t)slice * 9 * p.c;
  for (int pair0 = begin; pair0 < end; pair0 += PAIRS) {
    for (int x0 = 0; x0 < p.w; x0 += COLUMNS) {
      const int x1 = min(x0 + COLUMNS, p.w);
      for (int k = k0; k < k0 + channels; k += SLIM_WIDTH) {
        EACH_SUM(DECLARE_SUM)
        for (int pair = pair0; pair < min(pair0 + PAIRS, end); pair++) {
          const int top = pair % pairs * 2;
          const bool inside0 = top > 0, inside1 = true, inside2 = top + 1 < p.h, inside3 = top + 2 < p.h;
          const size_t at = (size_t)(pair / pairs * p.h + top) * width + x0 * p.c + k;
          __global const float *in = x + at - width, *out = dy + at;
          EACH_ROW(OPEN_ROW)
          for (int ox = x0; ox < x1; ox++, in += p.c, out += p.c) {
            const SLIM_FLOATW upper = SLIM_LOADW(0, out), lower = inside2 ? SLIM_LOADW(0, out + width) : zero;
            EACH_ROW(READ_ROW)
            EACH_SUM(ADD_SUM)
            EACH_ROW(SHIFT)
          }
        }
        EACH_SUM(STORE_SUM)
      }
    }
  }
}
#endif
