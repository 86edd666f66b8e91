/*
 * Depthwise sums of neighbouring results, sum0 and so on, for a vector of channels from k on: one load of weights a tap.
 * Who includes this defines EACH_PIXEL(X) as X(0) to X(PIXELS - 1).
 */
#ifndef SLIM_KERNEL_DEPTHWISE_CONV2D_H
#define SLIM_KERNEL_DEPTHWISE_CONV2D_H

#include "depthwise_conv2d_params.h"
#include "weights.h"

/* Outputs at + [0, PIXELS) of a row or phase of count. column: what a tap at place 0 reads for the first of them, step
 * further for each other, in rows of width pixels. */
typedef struct slim_depthwise_tile {
  int at, count, column, step, width, c;
} slim_depthwise_tile;

#define SLIM_DEPTHWISE_DECLARE(p_) SLIM_FLOATW sum##p_ = start;
#define SLIM_DEPTHWISE_ADD_(p_) sum##p_ = fma(SLIM_LOADW(0, in + (p_)*t.step * t.c), weight, sum##p_);
#define SLIM_DEPTHWISE_ADD_CHECKED_(p_)                                                                                \
  if ((uint)(column + (p_)*t.step) < end) {                                                                            \
    SLIM_DEPTHWISE_ADD_(p_)                                                                                            \
  }
/* Adds the tap whose first place is column of row row. */
#define SLIM_DEPTHWISE_ADD_TAP                                                                                         \
  {                                                                                                                    \
    __global const float *in = from + (row * t.width + column) * t.c + k;                                              \
    if (t.at + PIXELS <= t.count && column >= 0 && column + (PIXELS - 1) * t.step < t.width) {                         \
      EACH_PIXEL(SLIM_DEPTHWISE_ADD_)                                                                                  \
    } else {                                                                                                           \
      const uint end = (uint)clamp(column + (t.count - t.at) * t.step, 0, t.width);                                    \
      EACH_PIXEL(SLIM_DEPTHWISE_ADD_CHECKED_)                                                                          \
    }                                                                                                                  \
  }

/* Adds all taps of row oy of the result, which reads the image from on. */
#define SLIM_DEPTHWISE_ADD_TAPS                                                                                        \
  for (int ky = 0; ky < p.kernel_h; ky++) {                                                                            \
    const int row = oy * p.stride_h - p.before_h + ky * p.rate_h;                                                      \
    for (int kx = 0; kx < p.kernel_w && row >= 0 && row < p.h; kx++) {                                                 \
      const int column = t.column + kx * p.rate_w;                                                                     \
      const SLIM_FLOATW weight = SLIM_WEIGHTSW(weights + (ky * p.kernel_w + kx) * p.c + k);                            \
      SLIM_DEPTHWISE_ADD_TAP                                                                                           \
    }                                                                                                                  \
  }

#endif
