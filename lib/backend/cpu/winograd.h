/*
 * Convolution of stride 1 by Winograd's transforms with tiles of 6 x 6 inputs: 4 x 4 outputs of a 3x3 kernel, 2 x 2 of a
 * 5x5 kernel. Interpolation points 0, 3/4, -3/4, 3/2, -3/2 and infinity keep its rounding errors near those of the
 * direct sum: at most 2e-5 of the outputs' root mean square for up to 256 channels. SLIM_WINOGRAD=0 switches it off.
 */
#ifndef SLIM_CPU_WINOGRAD_H
#define SLIM_CPU_WINOGRAD_H

#include "backend/cpu/tile.h"

#define WINOGRAD_N 6
#define WINOGRAD_POINTS (WINOGRAD_N * WINOGRAD_N)

typedef struct winograd {
  int n, h, w, c;  /* in: NHWC without gaps */
  int oh, ow, oc;  /* out: the same */
  int kernel;      /* 3 or 5 */
  int top, left;   /* pixels of padding before */
  bool transposed; /* weights of the input gradient: turned by half a turn, a tap lies as [oc][c] */
  /* set by winograd_plan */
  int m, down, across, block, blocks; /* outputs of a tile's side; tiles of an image; tiles of a task; tasks */
} winograd;

/* Completes the plan. @return false when the direct sum serves better. */
bool CPU_OP(winograd_plan)(winograd *w, const tile_epilogue *epilogue);
/* Floats of the packed weights, and of the scratch memory of a worker. */
size_t CPU_OP(winograd_packed)(const winograd *w);
size_t CPU_OP(winograd_scratch)(const winograd *w);
void CPU_OP(winograd_pack)(const slim_cpu_step *step, const winograd *w, const float *weights, float *packed);
void CPU_OP(winograd_run)(const slim_cpu_step *step, const winograd *w, const float *in, const float *packed,
                          float *out, const tile_epilogue *epilogue, float *scratch);

#endif
