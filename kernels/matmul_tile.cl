/* The matrix product on GPUs and small devices. */
#include "common.h"
#include "matmul_params.h"
#include "tile.h"
#include "weights.h"

#if SLIM_CLASS != 0
#define A(row_, k_) a[(size_t)(row_)*p.a_row + (size_t)(k_)*p.a_k]
#define B(k_, column_) SLIM_WEIGHT(b, (size_t)(k_)*p.b_k + (size_t)(column_)*p.b_column)
#define PUT(row_, column_, value_)                                                                                     \
  y[(size_t)(row_)*p.n + (column_)] = slim_epilogue((value_), bias, (column_), p.epilogue)

__kernel SLIM_TILE_GROUP void slim_matmul_tile_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const slim_weight, b),
                                                   SLIM_TENSOR(const float, bias), SLIM_TENSOR(float, y),
                                                   const slim_matmul_params p)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const slim_weight, b);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(float, y);
  SLIM_TILE_SUM(A, B, p.m, p.n, 0, p.k)
  SLIM_TILE_STORE(PUT, p.m, p.n)
}
#undef A
#undef B
#undef PUT
#endif
