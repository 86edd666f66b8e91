/*
 * The matrix product of GPUs: a work-group makes a square tile of the result, each work-item 4x4 of it; tiles of both
 * factors go through local memory. Small devices take groups of 64.
 */
#ifndef SLIM_KERNEL_TILE_H
#define SLIM_KERNEL_TILE_H

#include "epilogue.h"

#if SLIM_CLASS == 1
#define SLIM_TILE_SIDE 16
#define SLIM_TILE_DEPTH 16
#else
#define SLIM_TILE_SIDE 8
#define SLIM_TILE_DEPTH 8
#endif
#define SLIM_TILE (4 * SLIM_TILE_SIDE)
#define SLIM_TILE_GROUP __attribute__((reqd_work_group_size(SLIM_TILE_SIDE, SLIM_TILE_SIDE, 1)))

/* Sums k from begin_ to end_ into sum0 to sum3, the rows of this work-item. A_(row, k) and B_(k, column) give elements
 * inside of rows_ by end_ and end_ by columns_. */
#define SLIM_TILE_SUM(A_, B_, rows_, columns_, begin_, end_)                                                           \
  __local float a_tile[SLIM_TILE * SLIM_TILE_DEPTH], b_tile[SLIM_TILE * SLIM_TILE_DEPTH];                              \
  const int lx = (int)get_local_id(0), ly = (int)get_local_id(1), me = ly * SLIM_TILE_SIDE + lx;                       \
  const int row0 = (int)get_group_id(0) * SLIM_TILE, column0 = (int)get_group_id(1) * SLIM_TILE;                       \
  float4 sum0 = (float4)(0.0f), sum1 = sum0, sum2 = sum0, sum3 = sum0;                                                 \
  for (int k0 = (begin_); k0 < (end_); k0 += SLIM_TILE_DEPTH) {                                                        \
    for (int e = me; e < SLIM_TILE * SLIM_TILE_DEPTH; e += SLIM_TILE_SIDE * SLIM_TILE_SIDE) {                          \
      const int ak = e % SLIM_TILE_DEPTH, row = e / SLIM_TILE_DEPTH, column = e % SLIM_TILE, bk = e / SLIM_TILE;       \
      const bool a_in = row0 + row < (rows_) && k0 + ak < (end_);                                                      \
      const bool b_in = column0 + column < (columns_) && k0 + bk < (end_);                                             \
      a_tile[ak * SLIM_TILE + row] = a_in ? A_(row0 + row, k0 + ak) : 0.0f;                                            \
      b_tile[e] = b_in ? B_(k0 + bk, column0 + column) : 0.0f;                                                         \
    }                                                                                                                  \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                      \
    for (int k = 0; k < SLIM_TILE_DEPTH; k++) {                                                                        \
      const float4 u = vload4(ly, a_tile + k * SLIM_TILE), v = vload4(lx, b_tile + k * SLIM_TILE);                     \
      sum0 = fma((float4)(u.x), v, sum0);                                                                              \
      sum1 = fma((float4)(u.y), v, sum1);                                                                              \
      sum2 = fma((float4)(u.z), v, sum2);                                                                              \
      sum3 = fma((float4)(u.w), v, sum3);                                                                              \
    }                                                                                                                  \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                      \
  }                                                                                                                    \
  const int first_row = row0 + ly * 4, first_column = column0 + lx * 4;

/* Element (row, column) of this work-item's 4x4. */
#define SLIM_TILE_STORE_(PUT_, sum_, i_, rows_, columns_)                                                              \
  if (first_row + i_ < (rows_)) {                                                                                      \
    float part[4];                                                                                                     \
    vstore4(sum_, 0, part);                                                                                            \
    for (int j = 0; j < min(4, (columns_)-first_column); j++) {                                                        \
      PUT_(first_row + i_, first_column + j, part[j]);                                                                 \
    }                                                                                                                  \
  }

/* PUT_(row, column, value) for each element that is inside. */
#define SLIM_TILE_STORE(PUT_, rows_, columns_)                                                                         \
  SLIM_TILE_STORE_(PUT_, sum0, 0, rows_, columns_)                                                                     \
  SLIM_TILE_STORE_(PUT_, sum1, 1, rows_, columns_)                                                                     \
  SLIM_TILE_STORE_(PUT_, sum2, 2, rows_, columns_)                                                                     \
  SLIM_TILE_STORE_(PUT_, sum3, 3, rows_, columns_)

#endif
