#include "common.h"
#include "bias_add_params.h"
#include "vector.h"

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

/* A vector of channels a work-item; channels lie together and fill whole vectors. */
__kernel void slim_bias_add_vector_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const float, bias),
                                       SLIM_TENSOR(float, y), const slim_bias_add_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0) * SLIM_WIDTH;
  if (i + SLIM_WIDTH <= p.n) {
    SLIM_STOREW(SLIM_LOADW(0, x + i) + SLIM_LOADW(0, bias + i % (uint)p.c), 0, y + i);
  }
}
