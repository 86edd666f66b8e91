/*
 * Winograd's convolution along one axis: a kernel of 1 x 3, 3 x 1, 1 x 7 or 7 x 1, stride 1, four outputs in a row at
 * once. Y = A^T [sum over channels of (G g) * (B^T d)]: six points for three taps, ten for seven, instead of 12 and 28
 * products. Errors and extreme values are those of winograd.h, whose points serve the three taps; seven have 0, +-1/2,
 * +-3/4, +-5/4, +-5/2 and infinity, transformed inputs are up to 44 times larger than the inputs, and more than 128
 * channels are summed by parts. The gradient of the weights is G^T [sum over tiles of (B^T d) * (A dY)].
 */
#ifndef SLIM_CPU_WINOGRAD_LINE_H
#define SLIM_CPU_WINOGRAD_LINE_H

#include "backend/cpu/conv2d.h"

typedef struct winograd_line {
  int n, h, w, c;  /* in: NHWC without gaps */
  int oh, ow, oc;  /* out: the same */
  int kernel;      /* 3 or 7; 0: none for these transforms */
  bool upright;    /* it goes down a column */
  int before;      /* pixels of padding */
  bool transposed; /* weights of the input gradient: turned by half a turn, a tap lies as [oc][c] */
  /* set by the plan */
  int points, down, across, tiles; /* tiles of an image; of all images */
  int block, blocks, groups;       /* tiles of a block; of blocks, and of groups of panels, there are as many tasks */
} winograd_line;

/* The geometry of a convolution; without a kernel when it is none for these transforms. */
static inline winograd_line winograd_line_of(const conv2d *g)
{
  const bool unit = g->stride.h == 1 && g->stride.w == 1 && g->rate.h == 1 && g->rate.w == 1;
  const bool upright = g->kw == 1;
  const int kernel = upright ? g->kh : g->kh == 1 ? g->kw : 0;
  return (winograd_line){ .n = g->x.n,
                          .h = g->x.h,
                          .w = g->x.w,
                          .c = g->x.c,
                          .oh = g->y.h,
                          .ow = g->y.w,
                          .oc = g->y.c,
                          .kernel = unit && (kernel == 3 || kernel == 7) ? kernel : 0,
                          .upright = upright,
                          .before = upright ? g->before_h : g->before_w };
}

/* The same of the gradient by input. */
static inline winograd_line winograd_line_of_input_gradient(const conv2d *g)
{
  const winograd_line l = winograd_line_of(g);
  return (winograd_line){ .n = l.n,
                          .h = l.oh,
                          .w = l.ow,
                          .c = l.oc,
                          .oh = l.h,
                          .ow = l.w,
                          .oc = l.c,
                          .kernel = l.kernel,
                          .upright = l.upright,
                          .before = l.kernel - 1 - l.before,
                          .transposed = true };
}

/* Completes the plan. @return false when the direct sum serves better. */
bool CPU_OP(winograd_line_plan)(winograd_line *l, const slim_cpu_step *step, const tile_epilogue *epilogue);
/* Floats of the workspace. */
size_t CPU_OP(winograd_line_workspace)(const winograd_line *l, const slim_cpu_step *step);
/* factor: of each output channel's weights; NULL: none. */
void CPU_OP(winograd_line_run)(const slim_cpu_step *step, const winograd_line *l, const float *in,
                               const slim_view *weights, const float *factor, float *out,
                               const tile_epilogue *epilogue, float *workspace);

/* The gradient by weights: in is x, dy lies as out, dw as the weights. */
bool CPU_OP(winograd_line_gradient_plan)(winograd_line *l, const slim_cpu_step *step);
size_t CPU_OP(winograd_line_gradient_workspace)(const winograd_line *l, const slim_cpu_step *step);
void CPU_OP(winograd_line_gradient_run)(const slim_cpu_step *step, const winograd_line *l, const float *in,
                                        const float *dy, float *dw, float *workspace);

#endif
