/* Blocks of pixels that are folded into one, on CPU-like devices. */
#ifndef SLIM_KERNEL_WINOGRAD_FOLD_H
#define SLIM_KERNEL_WINOGRAD_FOLD_H

#include "common.h"
#include "winograd_fold_params.h"

#if SLIM_CLASS == 0
/* A run of few floats. */
static inline void slim_copy_few(__global float *to, __global const float *from, const int count)
{
  int i = 0;
  for (; i + 4 <= count; i += 4) {
    vstore4(vload4(0, from + i), 0, to + i);
  }
  for (; i < count; i++) {
    to[i] = from[i];
  }
}

static inline void slim_clear_few(__global float *to, const int count)
{
  int i = 0;
  for (; i + 4 <= count; i += 4) {
    vstore4((float4)(0.0f), 0, to + i);
  }
  for (; i < count; i++) {
    to[i] = 0.0f;
  }
}

/* A run of a block, which begins at float number left of a row of so many: 0 where there is no such row. */
static inline void slim_fold_run(__global float *to, __global const float *row, const int left, const int run,
                                 const int floats)
{
  const int begin = clamp(-left, 0, run), end = clamp(floats - left, begin, run);
  slim_clear_few(to, begin);
  slim_copy_few(to + begin, row + left + begin, end - begin);
  slim_clear_few(to + end, run - end);
}

/* Floats of row number row of an image: none if there is no such row. */
static inline int slim_fold_floats(const slim_winograd_fold_params p, const int row)
{
  return row >= 0 && row < p.h ? p.w * p.c : 0;
}
#endif

#endif
