/* exp, sigmoid, tanh and elu that the compiler can turn into vector code. */
#ifndef SLIM_CPU_VEC_MATH_H
#define SLIM_CPU_VEC_MATH_H

#include <stdint.h>
#include <string.h>

static inline float float_of_bits(uint32_t bits)
{
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline uint32_t bits_of_float(float value)
{
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* e^x to 2 ulp for x in [-87.3, 88.3], clamped outside; NaN stays NaN. */
static inline float cpu_exp(float x)
{
  const float low = x < -87.3f ? -87.3f : x;
  const float v = low > 88.3f ? 88.3f : low;
  const float shifted = v * 1.44269504f + 12582912.0f; /* 1.5 * 2^23: rounds to a whole number in the low bits */
  const float n = shifted - 12582912.0f;
  const float r = (v - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  return p * float_of_bits((bits_of_float(shifted) << 23) + 0x3F800000u);
}

static inline float cpu_sigmoid(float x)
{
  return 1.0f / (1.0f + cpu_exp(-x));
}

/* 1 - 2 / (e^2x + 1) loses digits near 0; there a polynomial. */
static inline float cpu_tanh(float x)
{
  const float a = x < 0.0f ? -x : x;
  const float large = 1.0f - 2.0f / (cpu_exp(2.0f * (a > 10.0f ? 10.0f : a)) + 1.0f);
  const float s = x * x;
  float p = -5.70498872745e-3f;
  p = p * s + 2.06390887954e-2f;
  p = p * s - 5.37397155531e-2f;
  p = p * s + 1.33314422036e-1f;
  p = p * s - 3.33332819422e-1f;
  const float small = p * s * x + x;
  return a < 0.625f ? small : x < 0.0f ? -large : large;
}

/* x, or e^x - 1 below 0, which loses digits near 0; there the series, whose next term is below 2e-8 of the result. */
static inline float cpu_elu(float x)
{
  float p = 2.48015873e-5f;
  p = p * x + 1.98412698e-4f;
  p = p * x + 1.38888889e-3f;
  p = p * x + 8.33333333e-3f;
  p = p * x + 4.16666667e-2f;
  p = p * x + 1.66666667e-1f;
  p = p * x + 0.5f;
  const float small = p * x * x + x, large = cpu_exp(x) - 1.0f;
  return x > 0.0f ? x : x > -0.5f ? small : large;
}

#endif
