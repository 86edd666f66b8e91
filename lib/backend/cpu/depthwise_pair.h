/* Depthwise sums of 3x3 taps and stride 1 by two rows of outputs; only where 32 registers hold them. */
#ifndef SLIM_CPU_DEPTHWISE_PAIR_H
#define SLIM_CPU_DEPTHWISE_PAIR_H

#include "backend/cpu/depthwise.h"

#if defined(__AVX512F__)
#define DEPTHWISE_PAIRS 1
#else
#define DEPTHWISE_PAIRS 0
#endif

/* An image in and out, of the same size. */
typedef struct depthwise_pair {
  const float *in, *bias, *weights; /* weights: of the tap above and left of a pixel; bias NULL: none */
  float *out;
  ptrdiff_t row, c, tap;    /* tap: from the weights of a tap to those of the next */
  ptrdiff_t out_row, out_pixel, to_residual;
  int h, w;
  bool add_residual, clamped;
  float ceiling;
} depthwise_pair;

/* Rows y and, inside of the image, y + 1. */
void CPU_OP(depthwise_pair_run)(const depthwise_pair *l, int y);

#endif
