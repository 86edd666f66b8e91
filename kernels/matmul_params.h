#ifndef SLIM_MATMUL_PARAMS_H
#define SLIM_MATMUL_PARAMS_H

#include "epilogue_params.h"

/* y[m][n] = sum over k of a b. Element (row, k) of a lies at row * a_row + k * a_k, (k, column) of b at
 * k * b_k + column * b_column. */
typedef struct slim_matmul_params {
  int m, n, k;
  int a_row, a_k, b_k, b_column;
  slim_epilogue_params epilogue;
} slim_matmul_params;

#endif
