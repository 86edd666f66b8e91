/* Writes to variables, which the finite flag holds back. */
#include "common.h"
#include "assign_params.h"

__kernel void slim_finite_check_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), __global uint *flag,
                                          const slim_assign_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  const float value = x[i];
  if (!isfinite(value)) {
    *flag = 1;
  }
  if (p.want) {
    y[i] = value;
  }
}

/* As bytes: any type whose tensor is a whole number of words. */
__kernel void slim_assign_naive_b4(SLIM_TENSOR(uint, variable), SLIM_TENSOR(const uint, value), SLIM_TENSOR(uint, y),
                                   __global const uint *flag, const slim_assign_params p)
{
  SLIM_OPEN(uint, variable);
  SLIM_OPEN(const uint, value);
  SLIM_OPEN(uint, y);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  const uint word = value[i];
  if (*flag == 0) {
    variable[i] = word;
  }
  if (p.want) {
    y[i] = word;
  }
}

__kernel void slim_assign_naive_b1(SLIM_TENSOR(uchar, variable), SLIM_TENSOR(const uchar, value), SLIM_TENSOR(uchar, y),
                                   __global const uint *flag, const slim_assign_params p)
{
  SLIM_OPEN(uchar, variable);
  SLIM_OPEN(const uchar, value);
  SLIM_OPEN(uchar, y);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  const uchar byte = value[i];
  if (*flag == 0) {
    variable[i] = byte;
  }
  if (p.want) {
    y[i] = byte;
  }
}

__kernel void slim_assign_moving_average_naive_f32(SLIM_TENSOR(float, variable), SLIM_TENSOR(const float, value),
                                                   SLIM_TENSOR(float, y), __global const uint *flag,
                                                   const slim_assign_params p)
{
  SLIM_OPEN(float, variable);
  SLIM_OPEN(const float, value);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  float v = variable[i];
  if (*flag == 0) {
    v -= (v - value[i]) * (1.0f - p.decay);
    variable[i] = v;
  }
  if (p.want) {
    y[i] = v;
  }
}
