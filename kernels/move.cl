/* Strided copies: what transpose, slice, concat, pad and broadcast_like come down to. */
#include "common.h"
#include "strides.h"
#include "move_params.h"

#define MOVE(type_)                                                                                                    \
  SLIM_OPEN(const type_, x);                                                                                           \
  SLIM_OPEN(type_, y);                                                                                                 \
  const uint i = get_global_id(0);                                                                                     \
  if (i < p.n) {                                                                                                       \
    const int2 at = slim_strides_at(p.strides, i);                                                                     \
    y[p.to + (uint)at.y] = x[p.from + (uint)at.x];                                                                     \
  }

__kernel void slim_move_naive_b1(SLIM_TENSOR(const uchar, x), SLIM_TENSOR(uchar, y), const slim_move_params p)
{
  MOVE(uchar)
}

__kernel void slim_move_naive_b4(SLIM_TENSOR(const uint, x), SLIM_TENSOR(uint, y), const slim_move_params p)
{
  MOVE(uint)
}

__kernel void slim_move_naive_b8(SLIM_TENSOR(const ulong, x), SLIM_TENSOR(ulong, y), const slim_move_params p)
{
  MOVE(ulong)
}

__kernel void slim_move_scaled_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const slim_move_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i < p.n) {
    const int2 at = slim_strides_at(p.strides, i);
    y[p.to + (uint)at.y] = x[p.from + (uint)at.x] * p.scale;
  }
}
