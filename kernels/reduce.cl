#include "common.h"
#include "strides.h"
#include "reduce_params.h"

/* By number, as slim_reduce_kind counts them. */
#define REDUCE_MAX 2
#define REDUCE_HALF_SQUARES 3
/* Sums run over blocks, so that the error grows with the block and the number of blocks, not with their product. */
#define BLOCK 64

static inline float block_of(__global const float *x, const slim_reduce_params p, const int base, const int begin,
                      const int end, const float start)
{
  float result = start;
  for (int r = begin; r < end; r++) {
    const float value = x[base + slim_strides_at(p.reduced, (uint)r).x];
    if (p.kind == REDUCE_MAX) {
      result = value > result || value != value ? value : result;
    } else {
      result += p.kind == REDUCE_HALF_SQUARES ? value * value : value;
    }
  }
  return result;
}

/* Part i % chunks of result i / chunks. */
__kernel void slim_reduce_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const slim_reduce_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i >= p.n * (uint)p.chunks) {
    return;
  }
  const int base = slim_strides_at(p.kept, i / (uint)p.chunks).x;
  const int begin = (int)(i % (uint)p.chunks) * p.length;
  const int end = min(begin + p.length, p.count);
  float result = p.kind == REDUCE_MAX ? -INFINITY : 0.0f;
  for (int r = begin; r < end; r += BLOCK) {
    const int stop = min(r + BLOCK, end);
    result = p.kind == REDUCE_MAX ? block_of(x, p, base, r, stop, result)
                                  : result + block_of(x, p, base, r, stop, 0.0f);
  }
  y[i] = result * p.scale;
}
