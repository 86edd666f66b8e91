/*
 * Convolution as implicit matrix product: out[n][j][i] = epilogue(sum over taps of in[n][j * stride + dy][i * stride + dx]
 * times that tap's weights). conv2d is one such sum; its input gradient is one for each phase of the stride.
 */
#ifndef SLIM_CPU_TAPS_H
#define SLIM_CPU_TAPS_H

#include "backend/cpu/conv2d.h"
#include "backend/cpu/tile.h"

typedef struct taps {
  int n, h, w, c;   /* in: NHWC without gaps */
  int oh, ow, oc;   /* the grid of outputs */
  size_t out_image, out_row, out_pixel; /* floats between neighbours of the grid */
  slim_hw stride;
  slim_taps rows, columns; /* distances are positive */
  int kernel_w;         /* taps of a kernel row in the weights' memory */
  bool transposed;      /* the weights of a tap lie as [oc][c] instead of [c][oc] */
  /* set by taps_plan */
  int segments, depth;  /* of the tiles */
  bool direct;          /* no tap leaves the image: no copy */
  int block_images, block_rows, blocks_down, blocks, panel_groups;
} taps;

/* Completes the plan. */
void CPU_OP(taps_plan)(taps *t);
/* Floats of the packed weights, and of the scratch memory of a worker. */
size_t CPU_OP(taps_packed)(const taps *t);
size_t CPU_OP(taps_scratch)(const taps *t);
void CPU_OP(taps_pack)(const slim_cpu_step *step, const taps *t, const slim_view *weights, float *packed);
/* in: image 0; out: output [0][0][0]; scratch: of all workers. */
void CPU_OP(taps_run)(const slim_cpu_step *step, const taps *t, const float *in, const float *packed, float *out,
                      const tile_epilogue *epilogue, float *scratch);

#endif
