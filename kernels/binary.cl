#include "common.h"
#include "strides.h"
#include "binary_params.h"
#include "vector.h"

/* By number, as slim_binary_kind counts them. */
enum binary_kind { ADD, SUB, MUL, DIV, DIV_NO_NAN, MAXIMUM, MINIMUM, GREATER, EQUAL };

static inline float binary(const float a, const float b, const int kind)
{
  switch (kind) {
  case ADD:
    return a + b;
  case SUB:
    return a - b;
  case MUL:
    return a * b;
  case DIV:
    return a / b;
  case DIV_NO_NAN:
    return b == 0.0f ? 0.0f : a / b;
  case MAXIMUM:
    return a < b ? b : a;
  case MINIMUM:
    return b < a ? b : a;
  case GREATER:
    return a > b ? 1.0f : 0.0f;
  default:
    return a == b ? 1.0f : 0.0f;
  }
}

__kernel void slim_binary_naive_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const float, b), SLIM_TENSOR(float, y),
                                    const slim_binary_params p)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const float, b);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i < p.n) {
    const int2 at = slim_strides_at(p.strides, i);
    y[i] = binary(a[at.x], b[at.y], p.kind);
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

/* Comparisons of vectors give -1 for true. */
static inline SLIM_FLOATW truth(const SLIM_INTW mask)
{
  return mask ? (SLIM_FLOATW)(1.0f) : (SLIM_FLOATW)(0.0f);
}

static inline SLIM_FLOATW binary_vector(const SLIM_FLOATW a, const SLIM_FLOATW b, const int kind)
{
  switch (kind) {
  case ADD:
    return a + b;
  case SUB:
    return a - b;
  case MUL:
    return a * b;
  case DIV:
    return a / b;
  case DIV_NO_NAN:
    return b == (SLIM_FLOATW)(0.0f) ? (SLIM_FLOATW)(0.0f) : a / b;
  case MAXIMUM:
    return a < b ? b : a;
  case MINIMUM:
    return b < a ? b : a;
  case GREATER:
    return truth(a > b);
  default:
    return truth(a == b);
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
    SLIM_STOREW(binary_vector(u, v, p.kind), 0, y + i);
    return;
  }
  for (uint k = i; k < p.n; k++) {
    y[k] = binary(a[a_moves ? k : 0], b[b_moves ? k : 0], p.kind);
  }
}
