/*
 * The matrix product of GPUs and small devices: a group of 64 work-items makes a square tile of the result, each item
 * 8x8 of it (4x4 on small devices), as vectors of 4 from every half of the tile's rows and columns. Blocks of both
 * factors go through local memory, k by k; the next ones are on their way to registers meanwhile.
 */
#ifndef SLIM_KERNEL_TILE_H
#define SLIM_KERNEL_TILE_H

#include "epilogue.h"
#include "tile_params.h"
#include "vector.h"
#include "weights.h"

#if SLIM_CLASS == 1
#define SLIM_TILE_HALVES 2
#define SLIM_TILE_DEPTH 16
#else
#define SLIM_TILE_HALVES 1
#define SLIM_TILE_DEPTH 8
#endif
#define SLIM_TILE_SIDE 8 /* items along either side */
#define SLIM_TILE_ITEMS (SLIM_TILE_SIDE * SLIM_TILE_SIDE)
#define SLIM_TILE_HALF (4 * SLIM_TILE_SIDE)
#define SLIM_TILE (SLIM_TILE_HALVES * SLIM_TILE_HALF)
#define SLIM_TILE_GROUP __attribute__((reqd_work_group_size(SLIM_TILE_ITEMS, 1, 1)))
#define SLIM_TILE_SUMS (4 * SLIM_TILE_HALVES * SLIM_TILE_HALVES)
/* Vectors of a line of k in local memory: one more than there are, so that items that write along k meet other banks.
 */
#define SLIM_TILE_LINE (SLIM_TILE / 4 + 1)
/* Vectors of a block of either factor that an item brings. They lie along the rows, or columns, of one k: the item's
 * vector of them, and k, a step apart; or along the k of one row: the same the other way round. */
#define SLIM_TILE_PARTS (SLIM_TILE * SLIM_TILE_DEPTH / 4 / SLIM_TILE_ITEMS)
#define SLIM_TILE_ALONG(me_) ((me_) % (SLIM_TILE / 4) * 4)
#define SLIM_TILE_AT_K(me_, i_) ((me_) / (SLIM_TILE / 4) + (i_) * (SLIM_TILE_ITEMS / (SLIM_TILE / 4)))
#define SLIM_TILE_ALONG_K(me_) ((me_) % (SLIM_TILE_DEPTH / 4) * 4)
#define SLIM_TILE_AT_ROW(me_, i_) ((me_) / (SLIM_TILE_DEPTH / 4) + (i_) * (SLIM_TILE_ITEMS / (SLIM_TILE_DEPTH / 4)))

/* Four numbers that lie together, of which left are inside. With SLIM_TILE_V4 all or none are, at a multiple of 16
 * bytes. */
static inline float4 slim_tile_four(__global const float *from, const int left)
{
#ifdef SLIM_TILE_V4
  return left > 0 ? *(__global const float4 *)from : (float4)(0.0f);
#else
  return (float4)(left > 0 ? from[0] : 0.0f, left > 1 ? from[1] : 0.0f, left > 2 ? from[2] : 0.0f,
                  left > 3 ? from[3] : 0.0f);
#endif
}

/* The same of weights. */
static inline float4 slim_tile_weights(__global const slim_weight *from, const int left)
{
#ifndef SLIM_F16
  return slim_tile_four(from, left);
#elif defined(SLIM_TILE_V4)
  return left > 0 ? SLIM_WEIGHTS4(from) : (float4)(0.0f);
#else
  return (float4)(left > 0 ? SLIM_WEIGHT(from, 0) : 0.0f, left > 1 ? SLIM_WEIGHT(from, 1) : 0.0f,
                  left > 2 ? SLIM_WEIGHT(from, 2) : 0.0f, left > 3 ? SLIM_WEIGHT(from, 3) : 0.0f);
#endif
}

/* Puts an item's vectors into a block in local memory: those that lie along rows or columns, */
static inline void slim_tile_put(__local float4 *block, const float4 part[SLIM_TILE_PARTS], const int me)
{
  SLIM_UNROLL
  for (int i = 0; i < SLIM_TILE_PARTS; i++) {
    block[SLIM_TILE_AT_K(me, i) * SLIM_TILE_LINE + SLIM_TILE_ALONG(me) / 4] = part[i];
  }
}

/* and along k. */
static inline void slim_tile_put_turned(__local float4 *block, const float4 part[SLIM_TILE_PARTS], const int me)
{
  SLIM_UNROLL
  for (int i = 0; i < SLIM_TILE_PARTS; i++) {
    __local float *to = (__local float *)(block + SLIM_TILE_ALONG_K(me) * SLIM_TILE_LINE) + SLIM_TILE_AT_ROW(me, i);
    to[0] = part[i].x;
    to[4 * SLIM_TILE_LINE] = part[i].y;
    to[8 * SLIM_TILE_LINE] = part[i].z;
    to[12 * SLIM_TILE_LINE] = part[i].w;
  }
}

static inline void slim_tile_add_row(float4 sums[SLIM_TILE_HALVES], const float a, const float4 b[SLIM_TILE_HALVES])
{
  SLIM_UNROLL
  for (int half_ = 0; half_ < SLIM_TILE_HALVES; half_++) {
    sums[half_] = fma((float4)(a), b[half_], sums[half_]);
  }
}

/* Adds a block's products, from the item's first vector of either factor on. */
static inline void slim_tile_add(float4 sums[SLIM_TILE_SUMS], __local const float4 *a, __local const float4 *b)
{
  SLIM_UNROLL
  for (int k = 0; k < SLIM_TILE_DEPTH; k++) {
    float4 row[SLIM_TILE_HALVES];
    SLIM_UNROLL
    for (int i = 0; i < SLIM_TILE_HALVES; i++) {
      row[i] = b[k * SLIM_TILE_LINE + i * SLIM_TILE_SIDE];
    }
    SLIM_UNROLL
    for (int i = 0; i < SLIM_TILE_HALVES; i++) {
      const float4 column = a[k * SLIM_TILE_LINE + i * SLIM_TILE_SIDE];
      slim_tile_add_row(sums + (4 * i + 0) * SLIM_TILE_HALVES, column.x, row);
      slim_tile_add_row(sums + (4 * i + 1) * SLIM_TILE_HALVES, column.y, row);
      slim_tile_add_row(sums + (4 * i + 2) * SLIM_TILE_HALVES, column.z, row);
      slim_tile_add_row(sums + (4 * i + 3) * SLIM_TILE_HALVES, column.w, row);
    }
  }
}

/* Sums k from begin_ to end_ into sums. A_(i, k) and B_(i, k) give this item's vector i of the blocks from k on, zeros
 * for what is outside; NEXT_(i) follows both, and k goes up block by block. PUT_A_ and PUT_B_ put them into local
 * memory. */
#define SLIM_TILE_SUM(A_, PUT_A_, B_, PUT_B_, NEXT_, begin_, end_)                                                     \
  __local float4 a_block[SLIM_TILE_DEPTH * SLIM_TILE_LINE], b_block[SLIM_TILE_DEPTH * SLIM_TILE_LINE];                 \
  float4 a_part[SLIM_TILE_PARTS], b_part[SLIM_TILE_PARTS], sums[SLIM_TILE_SUMS];                                       \
  SLIM_UNROLL                                                                                                          \
  for (int i = 0; i < SLIM_TILE_SUMS; i++) {                                                                           \
    sums[i] = (float4)(0.0f);                                                                                          \
  }                                                                                                                    \
  SLIM_TILE_BRING_(A_, B_, NEXT_, begin_)                                                                              \
  for (int k0 = (begin_); k0 < (end_); k0 += SLIM_TILE_DEPTH) {                                                        \
    PUT_A_(a_block, a_part, me);                                                                                       \
    PUT_B_(b_block, b_part, me);                                                                                       \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                      \
    if (k0 + SLIM_TILE_DEPTH < (end_)) {                                                                               \
      SLIM_TILE_BRING_(A_, B_, NEXT_, k0 + SLIM_TILE_DEPTH)                                                            \
    }                                                                                                                  \
    slim_tile_add(sums, a_block + me / SLIM_TILE_SIDE, b_block + me % SLIM_TILE_SIDE);                                 \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                      \
  }

#define SLIM_TILE_BRING_(A_, B_, NEXT_, k_)                                                                            \
  SLIM_UNROLL                                                                                                          \
  for (int i = 0; i < SLIM_TILE_PARTS; i++) {                                                                          \
    a_part[i] = A_(i, k_);                                                                                             \
    b_part[i] = B_(i, k_);                                                                                             \
    NEXT_(i)                                                                                                           \
  }

/* PUT_(row, column, vector) for each vector of this item's sums; rows and columns of the whole result, which the vector
 * may begin outside of. */
#define SLIM_TILE_RESULTS(PUT_, row0_, column0_)                                                                       \
  SLIM_UNROLL                                                                                                          \
  for (int i = 0; i < SLIM_TILE_SUMS; i++) {                                                                           \
    const int line = i / SLIM_TILE_HALVES;                                                                             \
    PUT_((row0_) + line / 4 * SLIM_TILE_HALF + me / SLIM_TILE_SIDE * 4 + line % 4,                                     \
         (column0_) + i % SLIM_TILE_HALVES * SLIM_TILE_HALF + me % SLIM_TILE_SIDE * 4, sums[i]);                       \
  }

/* Ends four results of a row from column on, of which left are inside, and stores them at y + at + column; residual
 * lies as y does. Channels lie channel apart. */
static inline void slim_tile_end(__global float *y, const size_t at, const int channel, const int column,
                                 const int left, const float4 sum, __global const float *bias,
                                 __global const float *residual, const slim_epilogue_params e)
{
#ifdef SLIM_TILE_V4
  if (left > 0) {
    float4 v = e.has_bias ? sum + *(__global const float4 *)(bias + column) : sum;
    v = e.has_residual ? v + *(__global const float4 *)(residual + at + column) : v;
    *(__global float4 *)(y + at + column) = SLIM_ACTIVATE(float4, v, e.activation);
  }
#else
  float part[4];
  vstore4(sum, 0, part);
  SLIM_UNROLL
  for (int j = 0; j < 4; j++) {
    if (j < left) {
      const size_t to = at + (size_t)(column + j) * channel;
      y[to] = slim_epilogue_at(part[j], bias, column + j, residual, to, e);
    }
  }
#endif
}

#endif
