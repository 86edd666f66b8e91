#ifndef SLIM_GEMM_PARAMS_H
#define SLIM_GEMM_PARAMS_H

/* A task makes block_m rows and block_n columns of the result, with blocks of k of at most block_k. Of 16 bytes: PoCL
 * takes twice as long to copy an argument of more. */
typedef struct slim_gemm_params {
  int block_m, block_n, block_k;
  int slice; /* of k, of a task: less than k when tasks share a block of the result; 0: all, written past the caches */
} slim_gemm_params;

/* In the place of a slice: products of halves (strassen.h), which block_m and block_n are parts of. */
#define SLIM_GEMM_HALVES (-1)

#define SLIM_GEMM_IN_PLACE_PANELS 2 /* of b: an a serves that few without a copy */
#define SLIM_GEMM_SET_FLOATS 1024   /* rows that far apart meet in few sets of a cache */

#endif
