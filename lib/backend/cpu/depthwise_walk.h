/* Depthwise sums of 3x3 taps and stride 1 or 2 by a few rows of outputs; only where 32 registers hold them. */
#ifndef SLIM_CPU_DEPTHWISE_WALK_H
#define SLIM_CPU_DEPTHWISE_WALK_H

#include "backend/cpu/depthwise.h"

#if defined(__AVX512F__)
#define DEPTHWISE_WALKS 1
#else
#define DEPTHWISE_WALKS 0
#endif

#define DEPTHWISE_ROWS 4

/* An image in and out, of stride 1 of the same size; outputs [begin, end) of its rows. The order of the sums is always
 * the same. */
typedef struct depthwise_walk {
  const float *in, *bias, *weights; /* weights: of the tap above and left of a pixel; bias NULL: none */
  float *out;
  ptrdiff_t row, pixel, tap; /* tap: from the weights of a tap to those of the next */
  ptrdiff_t out_row, out_pixel, to_residual;
  int h, w, begin, end, channels; /* h, w: of the input */
  int columns;                    /* of outputs, at most, that are walked at once */
  int before_h, before_w;         /* 0 or 1; of stride 2 */
  bool strided;                   /* by 2 both ways */
  bool add_residual, clamped;
  float ceiling;
} depthwise_walk;

/* Rows [y, y + rows), DEPTHWISE_ROWS at most. */
void CPU_OP(depthwise_walk_run)(const depthwise_walk *l, int y, int rows);

#endif
