#include "common.h"
#include "activation.h"
#include "activation_params.h"

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

__kernel void slim_activation_gradient_naive_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(const float, y),
                                                 SLIM_TENSOR(float, dx), const slim_activation_params p)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, y);
  SLIM_OPEN(float, dx);
  const uint i = get_global_id(0);
  if (i < p.n) {
    dx[i] = slim_activate_gradient(dy[i], y[i], p.kind);
  }
}
