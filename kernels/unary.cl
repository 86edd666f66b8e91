#include "common.h"
#include "unary_params.h"

/* By number, as slim_unary_kind counts them. */
enum unary_kind { NEGATE, ABS, SIGN, SQUARE, SQRT, RSQRT, EXP, LOG, RECIPROCAL, SCALE_ADD, NOT_ZERO };

static inline float unary(const float x, const slim_unary_params p)
{
  switch (p.kind) {
  case NEGATE:
    return -x;
  case ABS:
    return fabs(x);
  case SIGN:
    return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x;
  case SQUARE:
    return x * x;
  case SQRT:
    return sqrt(x);
  case RSQRT:
    return rsqrt(x);
  case EXP:
    return exp(x);
  case LOG:
    return log(x);
  case RECIPROCAL:
    return 1.0f / x;
  case SCALE_ADD:
    return x * p.a + p.b;
  default:
    return x != 0.0f ? 1.0f : 0.0f;
  }
}

__kernel void slim_unary_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const slim_unary_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i < p.n) {
    y[i] = unary(x[i], p);
  }
}
