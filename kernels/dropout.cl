#include "common.h"
#include "philox.h"
#include "strides.h"
#include "dropout_params.h"

/* Any shape of noise. */
__kernel void slim_dropout_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const uint4 key,
                                     const slim_dropout_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i < p.n) {
    const bool keep = p.keep_all || slim_philox_word((uint)slim_strides_at(p.strides, i).x, key) < p.limit;
    y[i] = keep ? x[i] / p.keep_prob : 0.0f;
  }
}

/* A random word for each element: a block of four a work-item. */
__kernel void slim_dropout_block_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const uint4 key,
                                     const slim_dropout_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  const uint at = i * 4;
  if (at + 4 <= p.n) {
    const int4 keep = slim_philox(i, key) < (uint4)p.limit || (int4)(p.keep_all != 0 ? -1 : 0);
    vstore4(select((float4)0.0f, vload4(i, x) / p.keep_prob, keep), i, y);
  } else {
    for (uint k = at; k < p.n; k++) {
      y[k] = p.keep_all || slim_philox_word(k, key) < p.limit ? x[k] / p.keep_prob : 0.0f;
    }
  }
}
