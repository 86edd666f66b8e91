#include "common.h"
#include "cumsum_params.h"

/* A row a work-item. */
__kernel void slim_cumsum_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const slim_cumsum_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  const int base = (int)i / p.inner * p.inner * p.c + (int)i % p.inner;
  float sum = 0.0f;
  for (int k = 0; k < p.c; k++) {
    const int at = base + (p.reverse ? p.c - 1 - k : k) * p.inner;
    const float before = sum;
    sum += x[at];
    y[at] = p.exclusive ? before : sum;
  }
}
