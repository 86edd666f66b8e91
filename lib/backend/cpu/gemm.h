/* C = A B for row-major matrices of any size and transposition, with an epilogue. */
#ifndef SLIM_CPU_GEMM_H
#define SLIM_CPU_GEMM_H

#include "backend/cpu/tile.h"

#define GEMM_UNIT (18 * TILE_ROWS)

/* Makes A some rows at a time where it does not lie in memory. */
typedef struct gemm_source gemm_source;
struct gemm_source {
  /* Rows [m, m + rows) at depths [k, k + depth), step floats from row to row. */
  void (*make)(const gemm_source *source, int m, int rows, int k, int depth, float *to, size_t step, int worker);
  /* Where all that such rows are made of begins, and how many floats it is. */
  const float *(*reads)(const gemm_source *source, int m, int rows, size_t *floats);
  int unit; /* rows that are best made together, GEMM_UNIT at most */
};

typedef struct gemm {
  int m, n, k;
  const float *a, *b;
  const gemm_source *source; /* NULL: A is a; else it is what this makes, and a is not read */
  const uint16_t *b_half; /* NULL: B is b; else it is these halves, not transposed, and b is not read */
  float *c;
  size_t lda, ldb, ldc; /* floats from row to row as they lie in memory */
  bool a_transposed;    /* a lies as [k, m] */
  bool b_transposed;    /* b lies as [n, k] */
  const float *b_packed; /* NULL: b is read as it lies; else what gemm_pack made of it is read instead */
  bool by_halves;        /* B is packed for the products in strassen.h, which it must fit: in advance, or if it lies
                          * transposed, first thing in every run */
  tile_epilogue epilogue;
} gemm;

/* Floats of a B that is packed in advance, for many products with it; 0: that would not be read. */
size_t CPU_OP(gemm_packed)(const gemm *g);
void CPU_OP(gemm_pack)(const slim_cpu_step *step, const gemm *g, float *packed);

/* Bytes of scratch memory that gemm_run needs. */
size_t CPU_OP(gemm_workspace)(const slim_cpu_step *step, const gemm *g);
/* The sums are cut into fixed pieces: the same bits with any number of threads. */
void CPU_OP(gemm_run)(const slim_cpu_step *step, const gemm *g, void *workspace);

/* Does each element of C meet its residual when it is written, once? Then C may lie where the residual does. */
bool CPU_OP(gemm_writes_once)(const slim_cpu_step *step, const gemm *g);

/* c, of few rows without gaps, = A B over the depth [k0, k1); neither is transposed. */
#define FEW_ROWS 32
void CPU_OP(gemm_few_rows)(const gemm *g, int k0, int k1, float *c);

/* c = a's one row, without gaps, times B over the depth [k0, k1); B is not transposed. */
void CPU_OP(gemm_row)(const gemm *g, int k0, int k1, float *c);

#endif
