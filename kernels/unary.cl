#include "common.h"
#include "unary.h"
#include "unary_params.h"
#include "vector.h"

/* A vector a work-item. */
__kernel void slim_unary_vector_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const slim_unary_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0) * SLIM_WIDTH;
  if (i + SLIM_WIDTH <= p.n) {
    const SLIM_FLOATW v = SLIM_LOADW(0, x + i);
    SLIM_STOREW(SLIM_UNARY(SLIM_FLOATW, v, p.kind, p.a, p.b), 0, y + i);
    return;
  }
  for (uint k = i; k < p.n; k++) {
    y[k] = SLIM_UNARY(float, x[k], p.kind, p.a, p.b);
  }
}
