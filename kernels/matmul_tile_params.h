#ifndef SLIM_MATMUL_TILE_PARAMS_H
#define SLIM_MATMUL_TILE_PARAMS_H

/* A launch makes products of many pairs of matrices, whose factors lie a_batch and b_batch elements apart; a group sums
 * slice of k. Results lie behind each other, [pair][slice]. */
typedef struct slim_matmul_tile_params {
  int slice, slices;
  int a_batch, b_batch;
} slim_matmul_tile_params;

#endif
