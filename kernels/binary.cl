#include "common.h"
#include "strides.h"
#include "binary_params.h"

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
