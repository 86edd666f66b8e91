#include "common.h"
#include "group.h"
#include "strides.h"
#include "reduce_params.h"
#include "vector.h"

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

static inline SLIM_FLOATW merge_vector(const SLIM_FLOATW result, const SLIM_FLOATW value, const int kind)
{
  if (kind == REDUCE_MAX) {
    return value > result || value != value ? value : result;
  }
  return result + (kind == REDUCE_HALF_SQUARES ? value * value : value);
}

/* The reduced elements lie together: a vector of partial results, merged at the end. */
__kernel void slim_reduce_rows_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const slim_reduce_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i >= p.n * (uint)p.chunks) {
    return;
  }
  const int begin = (int)(i % (uint)p.chunks) * p.length, end = min(begin + p.length, p.count);
  const float start = p.kind == REDUCE_MAX ? -INFINITY : 0.0f;
  x += slim_strides_at(p.kept, i / (uint)p.chunks).x;
  SLIM_FLOATW results = (SLIM_FLOATW)(start);
  int r = begin;
  for (; r + SLIM_WIDTH <= end; r += SLIM_WIDTH) {
    results = merge_vector(results, SLIM_LOADW(0, x + r), p.kind);
  }
  float part[SLIM_WIDTH];
  SLIM_STOREW(results, 0, part);
  float result = start;
  for (int k = 0; k < SLIM_WIDTH; k++) {
    result = p.kind == REDUCE_MAX ? (part[k] > result || part[k] != part[k] ? part[k] : result) : result + part[k];
  }
  for (; r < end; r++) {
    const float value = x[r];
    result = p.kind == REDUCE_MAX ? (value > result || value != value ? value : result)
                                  : result + (p.kind == REDUCE_HALF_SQUARES ? value * value : value);
  }
  y[i] = result * p.scale;
}

/* The vector of results, and their chunk, from element at of y on. */
SLIM_APART void reduce_columns(__global const float *x, __global float *y, const slim_reduce_params *p, const uint at)
{
  const int begin = (int)(at / p->n) * p->length, end = min(begin + p->length, p->count);
  const SLIM_FLOATW start = (SLIM_FLOATW)(p->kind == REDUCE_MAX ? -INFINITY : 0.0f);
  SLIM_FLOATW result = start;
  x += slim_strides_at(p->kept, at % p->n).x;
  for (int first = begin; first < end; first += BLOCK) {
    SLIM_FLOATW block = p->kind == REDUCE_MAX ? result : start;
    for (int r = first; r < min(first + BLOCK, end); r++) {
      block = merge_vector(block, SLIM_LOADW(0, x + r * p->reduced.a[0]), p->kind);
    }
    result = p->kind == REDUCE_MAX ? block : result + block;
  }
  SLIM_STOREW(result * p->scale, 0, y + at);
}

/* Neighbouring results lie together and fill whole vectors; y is [chunk][result], a vector of results a work-item. */
__kernel void slim_reduce_columns_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const slim_reduce_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint at = get_global_id(0) * SLIM_WIDTH;
  if (at < p.n * (uint)p.chunks) {
    reduce_columns(x, y, &p, at);
  }
}

#if SLIM_CLASS != 0
static inline float4 reduced(const float4 a, const float4 b, const int kind)
{
  return kind == REDUCE_MAX ? ((b > a) | (b != b) ? b : a) : a + b;
}

static inline float4 term_of(const float4 value, const int kind)
{
  return kind == REDUCE_HALF_SQUARES ? value * value : value;
}

/* The same by groups (group.h), rows of results in whole vectors: y is [piece][result]. */
__kernel SLIM_GROUPED void slim_reduce_group_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y),
                                                 const slim_reduce_params p)
{
  __local float4 room[SLIM_GROUP];
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  SLIM_SWEEP((int)p.n, p.across, p.length, p.count);
  __global const float4 *from = SLIM_CONST_VECTORS(x) + k;
  const int step = down * wide;
  float4 result = (float4)(p.kind == REDUCE_MAX ? -INFINITY : 0.0f);
  int r = k < wide ? first : end;
  for (; r + 3 * down < end; r += 4 * down) {
    const int at = r * wide;
    const float4 a = term_of(from[at], p.kind), b = term_of(from[at + step], p.kind);
    const float4 c = term_of(from[at + 2 * step], p.kind), d = term_of(from[at + 3 * step], p.kind);
    result = reduced(result, reduced(reduced(a, b, p.kind), reduced(c, d, p.kind), p.kind), p.kind);
  }
  for (; r < end; r += down) {
    result = reduced(result, term_of(from[r * wide], p.kind), p.kind);
  }
  SLIM_GROUP_FOLD(p.across, room[me] = result, result = reduced(result, room[me + rest], p.kind))
  if (me < p.across && k < wide) {
    SLIM_VECTORS(y)[(int)get_group_id(1) * wide + k] = result * p.scale;
  }
}
#endif
