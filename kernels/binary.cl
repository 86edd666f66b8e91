#include "binary.h"
#include "common.h"
#include "strides.h"
#include "binary_params.h"
#include "vector.h"

__kernel void slim_binary_naive_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const float, b), SLIM_TENSOR(float, y),
                                    const slim_binary_params p)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const float, b);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i < p.n) {
    const int2 at = slim_strides_at(p.strides, i);
    y[i] = SLIM_BINARY(float, a[at.x], b[at.y], p.kind);
  }
}

__kernel void slim_binary_equal_i32(SLIM_TENSOR(const int, a), SLIM_TENSOR(const int, b), SLIM_TENSOR(float, y),
                                    const slim_binary_params p)
{
  SLIM_OPEN(const int, a);
  SLIM_OPEN(const int, b);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i < p.n) {
    const int2 at = slim_strides_at(p.strides, i);
    y[i] = a[at.x] == b[at.y] ? 1.0f : 0.0f;
  }
}

__kernel void slim_binary_equal_i64(SLIM_TENSOR(const long, a), SLIM_TENSOR(const long, b), SLIM_TENSOR(float, y),
                                    const slim_binary_params p)
{
  SLIM_OPEN(const long, a);
  SLIM_OPEN(const long, b);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i < p.n) {
    const int2 at = slim_strides_at(p.strides, i);
    y[i] = a[at.x] == b[at.y] ? 1.0f : 0.0f;
  }
}

/* A vector a work-item; a and b are walked by steps of 1, or are scalars. */
__kernel void slim_binary_vector_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const float, b), SLIM_TENSOR(float, y),
                                     const slim_binary_params p)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const float, b);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0) * SLIM_WIDTH;
  const bool a_moves = p.strides.a[0] != 0, b_moves = p.strides.b[0] != 0;
  if (i + SLIM_WIDTH <= p.n) {
    const SLIM_FLOATW u = a_moves ? SLIM_LOADW(0, a + i) : (SLIM_FLOATW)(a[0]);
    const SLIM_FLOATW v = b_moves ? SLIM_LOADW(0, b + i) : (SLIM_FLOATW)(b[0]);
    SLIM_STOREW(SLIM_BINARY(SLIM_FLOATW, u, v, p.kind), 0, y + i);
    return;
  }
  for (uint k = i; k < p.n; k++) {
    const float u = a[a_moves ? k : 0], v = b[b_moves ? k : 0];
    y[k] = SLIM_BINARY(float, u, v, p.kind);
  }
}
