#include "common.h"
#include "epilogue.h"
#include "matmul_params.h"

__kernel void slim_matmul_naive_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const float, b),
                                    SLIM_TENSOR(const float, bias), SLIM_TENSOR(float, y), const slim_matmul_params p)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const float, b);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(float, y);
  const int i = (int)get_global_id(0);
  if (i >= p.m * p.n) {
    return;
  }
  const int row = i / p.n, column = i % p.n;
  float sum = 0.0f;
  for (int k = 0; k < p.k; k++) {
    sum = fma(a[row * p.a_row + k * p.a_k], b[k * p.b_k + column * p.b_column], sum);
  }
  y[i] = slim_epilogue(sum, bias, column, p.epilogue);
}
