#include "common.h"
#include "activation.h"
#include "activation_params.h"
#include "vector.h"

__kernel void slim_activation_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y),
                                        const slim_activation_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i < p.n) {
    y[i] = slim_activate(x[i], p.kind);
  }
}

/* A vector a work-item. */
__kernel void slim_activation_vector_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y),
                                         const slim_activation_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0) * SLIM_WIDTH;
  if (i + SLIM_WIDTH <= p.n) {
    SLIM_STOREW(SLIM_ACTIVATE(SLIM_FLOATW, SLIM_LOADW(0, x + i), p.kind), 0, y + i);
    return;
  }
  for (uint k = i; k < p.n; k++) {
    y[k] = slim_activate(x[k], p.kind);
  }
}

__kernel void slim_activation_gradient_vector_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(const float, y),
                                                  SLIM_TENSOR(float, dx), const slim_activation_params p)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, y);
  SLIM_OPEN(float, dx);
  const uint i = get_global_id(0) * SLIM_WIDTH;
  if (i + SLIM_WIDTH <= p.n) {
    const SLIM_FLOATW d = SLIM_LOADW(0, dy + i), v = SLIM_LOADW(0, y + i);
    SLIM_STOREW(SLIM_ACTIVATE_GRADIENT(SLIM_FLOATW, d, v, p.kind), 0, dx + i);
    return;
  }
  for (uint k = i; k < p.n; k++) {
    dx[k] = slim_activate_gradient(dy[k], y[k], p.kind);
  }
}
