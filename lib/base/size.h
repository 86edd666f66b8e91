/* Arithmetic on sizes that reports overflow. Every product or sum that sizes memory goes through it. */
#ifndef SLIM_BASE_SIZE_H
#define SLIM_BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** a * b into *out. @return false, with *out untouched, when the product does not fit. */
static inline bool slim_size_mul(size_t a, size_t b, size_t *out)
{
  if (b != 0 && a > SIZE_MAX / b) {
    return false;
  }
  *out = a * b;
  return true;
}

/** a + b into *out. @return false, with *out untouched, when the sum does not fit. */
static inline bool slim_size_add(size_t a, size_t b, size_t *out)
{
  if (a > SIZE_MAX - b) {
    return false;
  }
  *out = a + b;
  return true;
}

/** a rounded up to a multiple of unit (at least 1) into *out. @return false when it does not fit. */
static inline bool slim_size_round_up(size_t a, size_t unit, size_t *out)
{
  size_t sum = 0;
  if (!slim_size_add(a, unit - 1, &sum)) {
    return false;
  }
  *out = sum / unit * unit;
  return true;
}

#endif
