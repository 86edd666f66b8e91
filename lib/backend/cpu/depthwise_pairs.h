/* Gradients by the input of depthwise convolutions of 3x3 taps and stride 2 both ways. */
#ifndef SLIM_CPU_DEPTHWISE_PAIRS_H
#define SLIM_CPU_DEPTHWISE_PAIRS_H

#include "backend/cpu/depthwise.h"

static inline bool depthwise_pairs_fits(const conv2d *g)
{
  return g->kh == 3 && g->kw == 3 && g->stride.h == 2 && g->stride.w == 2 && g->rate.h == 1 && g->rate.w == 1;
}

/* dx = what dy gives back through the weights; all with channels last, as d->g says. */
void CPU_OP(depthwise_pairs_run)(const slim_cpu_step *step, const depthwise *d, const float *dy, const float *weights,
                                 float *dx);

#endif
