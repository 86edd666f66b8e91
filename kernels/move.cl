/* Strided copies: what transpose, slice, concat, pad and broadcast_like come down to. */
#include "common.h"
#include "strides.h"
#include "move_params.h"
#include "vector.h"

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

/* A run of numbers, or of bits when scale is 1; the last vector may overlap the one before. */
static inline void move_run(__global float *to, __global const float *from, const int count, const float scale)
{
  if (count < SLIM_WIDTH) {
    for (int i = 0; i < count; i++) {
      to[i] = scale == 1.0f ? from[i] : from[i] * scale;
    }
    return;
  }
  for (int i = 0; i < count; i += SLIM_WIDTH) {
    const int at = min(i, count - SLIM_WIDTH);
    const SLIM_FLOATW v = SLIM_LOADW(0, from + at);
    SLIM_STOREW(scale == 1.0f ? v : v * scale, 0, to + at);
  }
}

/* Number i of the blocks of rows. */
SLIM_APART void move_block(__global const float *x, __global float *y, const slim_move_params p, const uint i)
{
  const uint blocks = (uint)((p.rows + p.block - 1) / p.block);
  const int2 at = slim_strides_at(p.strides, i / blocks);
  const int first = (int)(i % blocks) * p.block;
  for (int row = first; row < min(first + p.block, p.rows); row++) {
    move_run(y + p.to + (uint)(at.y + row * p.row_b), x + p.from + (uint)(at.x + row * p.row_a), p.run, p.scale);
  }
}

__kernel void slim_move_rows_b4(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const slim_move_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i < p.n) {
    move_block(x, y, p, i);
  }
}

#define CONCAT_RUN_(k_, x_)                                                                                            \
  move_run(to, x_ + (size_t)row * p.run[k_], p.run[k_], 1.0f);                                                         \
  to += p.run[k_];

/* Rows of up to four tensors side by side, which takes one launch and not four. */
__kernel void slim_concat_rows_b4(SLIM_TENSOR(const float, x0), SLIM_TENSOR(const float, x1),
                                  SLIM_TENSOR(const float, x2), SLIM_TENSOR(const float, x3), SLIM_TENSOR(float, y),
                                  const slim_concat_params p)
{
  SLIM_OPEN(const float, x0);
  SLIM_OPEN(const float, x1);
  SLIM_OPEN(const float, x2);
  SLIM_OPEN(const float, x3);
  SLIM_OPEN(float, y);
  const int first = (int)get_global_id(0) * p.block;
  for (int row = first; row < min(first + p.block, p.rows); row++) {
    __global float *to = y + (size_t)row * p.width + p.to;
    CONCAT_RUN_(0, x0)
    CONCAT_RUN_(1, x1)
    CONCAT_RUN_(2, x2)
    CONCAT_RUN_(3, x3)
  }
}

/* An element a work-item, which needs no division for its place. */
#define MOVE_GRID(type_)                                                                                               \
  SLIM_OPEN(const type_, x);                                                                                           \
  SLIM_OPEN(type_, y);                                                                                                 \
  const int at = (int)get_global_id(0), row = (int)get_global_id(1), plane = (int)get_global_id(2);                    \
  const int i = at - p.left, r = row - p.above, q = plane - p.ahead;                                                   \
  if (at < p.y_width) {                                                                                                \
    const bool inside = i >= 0 && i < p.width && r >= 0 && r < p.rows && q >= 0 && q < p.planes;                       \
    const type_ none = (type_)(0);                                                                                     \
    y[p.to + (uint)(plane * p.y_plane + row * p.y_row + at)] =                                                         \
      inside ? x[p.from + (uint)(q * p.x_plane + r * p.x_row + i)] : none;                                             \
  }

__kernel void slim_move_grid_b4(SLIM_TENSOR(const uint, x), SLIM_TENSOR(uint, y), const slim_move_grid_params p)
{
  MOVE_GRID(uint)
}

__kernel void slim_move_grid_b16(SLIM_TENSOR(const uint4, x), SLIM_TENSOR(uint4, y), const slim_move_grid_params p)
{
  MOVE_GRID(uint4)
}
