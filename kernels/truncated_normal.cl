#include "common.h"
#include "philox.h"
#include "truncated_normal.h"
#include "truncated_normal_params.h"

__kernel void slim_truncated_normal_naive_f32(SLIM_TENSOR(float, y), const uint4 key,
                                              const slim_truncated_normal_params p)
{
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i < p.n) {
    y[i] = p.stddev * slim_truncated_normal(slim_philox_word(i, key));
  }
}
