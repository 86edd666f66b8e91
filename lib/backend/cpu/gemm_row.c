/* One row of A: B is read once, in the order in which it lies, at the speed of memory. */
#include "backend/cpu/gemm.h"

#define RUN 8 /* rows of B at once: c is loaded and stored once for them */
#define LINEAR_COLUMNS 1024 /* of so few c stays in the nearest cache: rows go one by one, in the order of memory */
#define AHEAD 256   /* columns from what is multiplied to what is fetched */
#define FETCH_AHEAD (VL == 16) /* measured: vectors shorter than a line gain nothing by it */

/* Number i of halves or floats, and VL from there on. */
CPU_INLINE float get(const void *b, size_t i, bool half)
{
  return half ? slim_half_to_float(((const uint16_t *)b)[i]) : ((const float *)b)[i];
}

CPU_INLINE vec load(const void *b, size_t i, bool half)
{
  return half ? vec_load_half((const uint16_t *)b + i) : vec_load((const float *)b + i);
}

/* The line of number i, to the second cache: the first has too few lines under way. */
CPU_INLINE void fetch(const void *b, size_t i, bool half)
{
  __builtin_prefetch(half ? (const void *)((const uint16_t *)b + i) : (const float *)b + i, 0, 2);
}

/* c += sum over count rows of B, from row k on, each times its number of a. */
CPU_INLINE void add_rows(const gemm *g, int k, int count, float *c, bool half)
{
  const size_t n = (size_t)g->n, ldb = g->ldb, first = (size_t)k * ldb;
  const float *a = g->a + k;
  const void *b = half ? (const void *)(g->b_half + first) : g->b + first;
  size_t j = 0;
  for (; j + VL <= n; j += VL) {
    vec sum = vec_load(c + j);
    CPU_UNROLL
    for (int i = 0; i < count; i++) {
      if (FETCH_AHEAD) {
        fetch(b, (size_t)i * ldb + j + AHEAD, half);
      }
      sum += a[i] * load(b, (size_t)i * ldb + j, half);
    }
    vec_store(c + j, sum);
  }
  for (; j < n; j++) {
    for (int i = 0; i < count; i++) {
      c[j] += a[i] * get(b, (size_t)i * ldb + j, half);
    }
  }
}

CPU_INLINE void run(const gemm *g, int k0, int k1, float *c, bool half)
{
  int k = k0;
  memset(c, 0, (size_t)g->n * sizeof *c);
  for (; g->n > LINEAR_COLUMNS && k + RUN <= k1; k += RUN) {
    add_rows(g, k, RUN, c, half);
  }
  for (; k < k1; k++) {
    add_rows(g, k, 1, c, half);
  }
}

void CPU_OP(gemm_row)(const gemm *g, int k0, int k1, float *c)
{
  if (g->b_half) {
    run(g, k0, k1, c, true);
  } else {
    run(g, k0, k1, c, false);
  }
}
