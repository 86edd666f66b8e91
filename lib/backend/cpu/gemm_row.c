/* One row of A: B is read once, in the order in which it lies, at the speed of memory. */
#include "backend/cpu/gemm.h"

#define RUN 8 /* rows of B at once: c is loaded and stored once for them */

/* c += sum over count rows of B, of n numbers, each times its number of a. */
CPU_INLINE void add_rows(const float *a, const float *b, size_t ldb, int count, float *c, size_t n)
{
  size_t j = 0;
  for (; j + VL <= n; j += VL) {
    vec sum = vec_load(c + j);
    CPU_UNROLL
    for (int i = 0; i < count; i++) {
      sum += a[i] * vec_load(b + (size_t)i * ldb + j);
    }
    vec_store(c + j, sum);
  }
  for (; j < n; j++) {
    for (int i = 0; i < count; i++) {
      c[j] += a[i] * b[(size_t)i * ldb + j];
    }
  }
}

void CPU_OP(gemm_row)(const gemm *g, int k0, int k1, float *c)
{
  int k = k0;
  memset(c, 0, (size_t)g->n * sizeof *c);
  for (; k + RUN <= k1; k += RUN) {
    add_rows(g->a + k, g->b + (size_t)k * g->ldb, g->ldb, RUN, c, (size_t)g->n);
  }
  for (; k < k1; k++) {
    add_rows(g->a + k, g->b + (size_t)k * g->ldb, g->ldb, 1, c, (size_t)g->n);
  }
}
