/* Normal numbers from random bits, for C and OpenCL C. */
#ifndef SLIM_KERNEL_TRUNCATED_NORMAL_H
#define SLIM_KERNEL_TRUNCATED_NORMAL_H

#ifdef __OPENCL_VERSION__
#define SLIM_LOG log
#else
#include <math.h>
#define SLIM_LOG logf
#endif

/* A normal number within two standard deviations from 32 random bits: sqrt(2) * erfinv(t), t uniform in +-erf(sqrt(2)).
 * erfinv by its polynomial in log(1 - t^2) for |t| < 0.9966. Source: Giles, "Approximating the erfinv function", 2010. */
static inline float slim_truncated_normal(const unsigned word)
{
  const float reach = 0.954499736f, root = 1.41421356f;
  const float t = ((float)(word >> 9) + 0.5f) * (2.0f / 8388608.0f) - 1.0f, x = t * reach;
  const float w = -SLIM_LOG((1.0f - x) * (1.0f + x)) - 2.5f;
  float p = 2.81022636e-08f;
  p = 3.43273939e-07f + p * w;
  p = -3.5233877e-06f + p * w;
  p = -4.39150654e-06f + p * w;
  p = 0.00021858087f + p * w;
  p = -0.00125372503f + p * w;
  p = -0.00417768164f + p * w;
  p = 0.246640727f + p * w;
  p = 1.50140941f + p * w;
  return root * p * x;
}

#endif
