#ifndef SLIM_GEMM_PARAMS_H
#define SLIM_GEMM_PARAMS_H

/* A task makes block_m rows and block_n columns of the result, with blocks of k of at most block_k. */
typedef struct slim_gemm_params {
  int block_m, block_n, block_k;
  int slice;   /* of k, of a task: less than k when tasks share a block of the result */
  int streams; /* the result is written once, and goes past the caches */
} slim_gemm_params;

#endif
