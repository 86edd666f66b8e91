/* IEEE half precision as a format of storage: a sign, 5 bits of exponent, 11 significant bits; up to 65504. */
#ifndef SLIM_BASE_HALF_H
#define SLIM_BASE_HALF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SLIM_HALF_END 65520.0f /* this and larger numbers become infinite */

/** The nearest half, of two the even one. */
static inline uint16_t slim_half_of(float x)
{
  const float infinite = 65536.0f, least = 0x1p-14f; /* of normal numbers */
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  const uint32_t sign = bits >> 16 & 0x8000u, size = bits & 0x7fffffffu;
  float magnitude;
  memcpy(&magnitude, &size, sizeof magnitude);
  if (!(magnitude < infinite)) {
    return (uint16_t)(sign | (magnitude >= infinite ? 0x7c00u : 0x7e00u));
  }
  if (magnitude < least) { /* units of 2^-24: the sum below rounds to them */
    const float rounded = magnitude + 0.5f;
    memcpy(&bits, &rounded, sizeof bits);
    return (uint16_t)(sign | (bits - 0x3f000000u));
  }
  return (uint16_t)(sign | ((size - 0x38000000u + 0xfffu + (size >> 13 & 1u)) >> 13));
}

static inline float slim_half_to_float(uint16_t half)
{
  const uint32_t sign = (uint32_t)(half & 0x8000u) << 16, size = (uint32_t)(half & 0x7fffu) << 13;
  float x;
  memcpy(&x, &size, sizeof x);
  x *= 0x1p112f; /* the distance of the exponents' biases; also right for numbers that are not normal */
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits |= sign | (size >= 0x0f800000u ? 0x7f800000u : 0u); /* infinities, NaN */
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline void slim_halves_of(uint16_t *to, const float *from, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    to[i] = slim_half_of(from[i]);
  }
}

static inline void slim_halves_to_floats(float *to, const uint16_t *from, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    to[i] = slim_half_to_float(from[i]);
  }
}

#endif
