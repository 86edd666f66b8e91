/* One row of a softmax. */
#ifndef SLIM_CPU_SOFTMAX_H
#define SLIM_CPU_SOFTMAX_H

#include "backend/cpu/vec_math.h"
#include "backend/cpu/vec.h"

static inline float row_max(const float *x, size_t n)
{
  float best = x[0];
  for (size_t i = 1; i < n; i++) {
    best = x[i] > best || x[i] != x[i] ? x[i] : best;
  }
  return best;
}

/* y = e^(x - max), y may be x; @return its sum. */
static inline double row_exp(const float *x, float *y, float max, size_t n)
{
  double sum = 0.0;
  for (size_t i = 0; i < n; i++) {
    y[i] = cpu_exp(x[i] - max);
  }
  for (size_t i = 0; i < n; i++) {
    sum += (double)y[i];
  }
  return sum;
}

static inline void softmax_row(const float *x, float *y, size_t n)
{
  const float scale = (float)(1.0 / row_exp(x, y, row_max(x, n), n));
  for (size_t i = 0; i < n; i++) {
    y[i] *= scale;
  }
}

#endif
