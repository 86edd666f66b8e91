#include "common.h"
#include "add_n_params.h"

__kernel void slim_add_n_naive_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const float, b), SLIM_TENSOR(const float, c),
                                   SLIM_TENSOR(const float, d), SLIM_TENSOR(float, y), const slim_add_n_params p)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const float, b);
  SLIM_OPEN(const float, c);
  SLIM_OPEN(const float, d);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i < p.n) {
    float sum = p.more ? y[i] + a[i] : a[i];
    sum += p.terms > 1 ? b[i] : 0.0f;
    sum += p.terms > 2 ? c[i] : 0.0f;
    sum += p.terms > 3 ? d[i] : 0.0f;
    y[i] = sum;
  }
}
