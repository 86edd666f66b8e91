#include "common.h"
#include "add_n_params.h"
#include "vector.h"

/* A vector a work-item. */
__kernel void slim_add_n_vector_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const float, b),
                                    SLIM_TENSOR(const float, c), SLIM_TENSOR(const float, d), SLIM_TENSOR(float, y),
                                    const slim_add_n_params p)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const float, b);
  SLIM_OPEN(const float, c);
  SLIM_OPEN(const float, d);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0) * SLIM_WIDTH;
  if (i + SLIM_WIDTH <= p.n) {
    SLIM_FLOATW sum = SLIM_LOADW(0, a + i);
    sum = p.more ? SLIM_LOADW(0, y + i) + sum : sum;
    sum = p.terms > 1 ? sum + SLIM_LOADW(0, b + i) : sum;
    sum = p.terms > 2 ? sum + SLIM_LOADW(0, c + i) : sum;
    sum = p.terms > 3 ? sum + SLIM_LOADW(0, d + i) : sum;
    SLIM_STOREW(sum, 0, y + i);
    return;
  }
  for (uint k = i; k < p.n; k++) {
    float sum = p.more ? y[k] + a[k] : a[k];
    sum += p.terms > 1 ? b[k] : 0.0f;
    sum += p.terms > 2 ? c[k] : 0.0f;
    sum += p.terms > 3 ? d[k] : 0.0f;
    y[k] = sum;
  }
}
