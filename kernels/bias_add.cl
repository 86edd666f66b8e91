#include "common.h"
#include "bias_add_params.h"

__kernel void slim_bias_add_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const float, bias), SLIM_TENSOR(float, y),
                                      const slim_bias_add_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i < p.n) {
    y[i] = x[i] + bias[(int)i / p.inner % p.c];
  }
}
