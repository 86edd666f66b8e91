/* The matrix product on GPUs and small devices. */
#include "common.h"
#include "matmul_params.h"
#include "matmul_tile_params.h"
#include "tile.h"

#if SLIM_CLASS != 0
/* Vectors of the factors lie along k where their rows, or columns, do. */
#define A(i_, k_)                                                                                                      \
  (a_turned ? slim_tile_four(a + (size_t)(row0 + SLIM_TILE_AT_ROW(me, i_)) * p.a_row + (k_) + SLIM_TILE_ALONG_K(me),   \
                             row0 + SLIM_TILE_AT_ROW(me, i_) < p.m ? end - (k_)-SLIM_TILE_ALONG_K(me) : 0)             \
            : slim_tile_four(a + (size_t)((k_) + SLIM_TILE_AT_K(me, i_)) * p.a_k + row0 + SLIM_TILE_ALONG(me),         \
                             (k_) + SLIM_TILE_AT_K(me, i_) < end ? p.m - row0 - SLIM_TILE_ALONG(me) : 0))
#define B(i_, k_)                                                                                                      \
  (b_turned ? slim_tile_weights(b + (size_t)(column0 + SLIM_TILE_AT_ROW(me, i_)) * p.b_column + (k_) +                 \
                                    SLIM_TILE_ALONG_K(me),                                                             \
                                column0 + SLIM_TILE_AT_ROW(me, i_) < p.n ? end - (k_)-SLIM_TILE_ALONG_K(me) : 0)       \
            : slim_tile_weights(b + (size_t)((k_) + SLIM_TILE_AT_K(me, i_)) * p.b_k + column0 + SLIM_TILE_ALONG(me),   \
                                (k_) + SLIM_TILE_AT_K(me, i_) < end ? p.n - column0 - SLIM_TILE_ALONG(me) : 0))
#define PUT_A(block_, part_, me_)                                                                                      \
  if (a_turned) {                                                                                                      \
    slim_tile_put_turned(block_, part_, me_);                                                                          \
  } else {                                                                                                             \
    slim_tile_put(block_, part_, me_);                                                                                 \
  }
#define PUT_B(block_, part_, me_)                                                                                      \
  if (b_turned) {                                                                                                      \
    slim_tile_put_turned(block_, part_, me_);                                                                          \
  } else {                                                                                                             \
    slim_tile_put(block_, part_, me_);                                                                                 \
  }
#define NEXT(i_)
#define RESULT(row_, column_, sum_)                                                                                    \
  slim_tile_end(y, (size_t)(row_)*p.n, 1, (column_), (row_) < p.m ? p.n - (column_) : 0, (sum_), bias, y, p.epilogue)

/* A slice of k of a pair, into its own part of y; with has_residual added to what is there. */
__kernel SLIM_TILE_GROUP void slim_matmul_tile_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const slim_weight, b),
                                                   SLIM_TENSOR(const float, bias), SLIM_TENSOR(float, y),
                                                   const slim_matmul_params p, const slim_matmul_tile_params t)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const slim_weight, b);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(float, y);
  const int me = (int)get_local_id(0), row0 = (int)get_group_id(0) * SLIM_TILE;
  const int column0 = (int)get_group_id(1) * SLIM_TILE;
  const int begin = (int)get_group_id(2) % t.slices * t.slice, end = min(begin + t.slice, p.k);
  const bool a_turned = p.a_k == 1, b_turned = p.b_column != 1;
  a += get_group_id(2) / t.slices * (size_t)t.a_batch;
  b += get_group_id(2) / t.slices * (size_t)t.b_batch;
  y += (size_t)get_group_id(2) * p.m * p.n;
  SLIM_TILE_SUM(A, PUT_A, B, PUT_B, NEXT, begin, end)
  SLIM_TILE_RESULTS(RESULT, row0, column0)
}
#undef A
#undef B
#undef PUT_A
#undef PUT_B
#undef RESULT
#undef NEXT

/* The sums of slices, each m by n, added up in order; a convolution's result is m pixels of n channels. */
__kernel void slim_matmul_slices_tile_f32(SLIM_TENSOR(const float, parts), SLIM_TENSOR(const float, bias),
                                          SLIM_TENSOR(const float, residual), SLIM_TENSOR(float, y),
                                          const slim_matmul_params p, const int slices)
{
  SLIM_OPEN(const float, parts);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  const size_t i = get_global_id(0), count = (size_t)p.m * p.n;
  if (i < count) {
    float sum = parts[i];
    for (int s = 1; s < slices; s++) {
      sum += parts[s * count + i];
    }
    y[i] = slim_epilogue_at(sum, bias, (int)(i % p.n), residual, i, p.epilogue);
  }
}
#endif
