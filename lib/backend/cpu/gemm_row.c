/* One row of A: B is read once, at the speed of memory: some parts side by side, each in the order in which it lies. */
#include "backend/cpu/gemm.h"

#define STREAMS 4 /* rows of B at once, far apart: memory serves so many faster than one, or than neighbours */
#define AHEAD 256 /* columns from what is multiplied to what is fetched */
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

/* c += sum over count rows of B, apart rows from one to the next, from row k on, each times its number of a. */
CPU_INLINE void add_rows(const gemm *g, int k, int count, int apart, float *c, bool half)
{
  const size_t n = (size_t)g->n, first = (size_t)k * g->ldb, step = (size_t)apart * g->ldb;
  const void *b = half ? (const void *)(g->b_half + first) : g->b + first;
  float a[STREAMS];
  size_t j = 0;
  for (int i = 0; i < count; i++) {
    a[i] = g->a[k + i * apart];
  }
  for (; j + VL <= n; j += VL) {
    vec sum = vec_load(c + j);
    CPU_UNROLL
    for (int i = 0; i < count; i++) {
      if (FETCH_AHEAD) {
        fetch(b, (size_t)i * step + j + AHEAD, half);
      }
      sum += a[i] * load(b, (size_t)i * step + j, half);
    }
    vec_store(c + j, sum);
  }
  for (; j < n; j++) {
    for (int i = 0; i < count; i++) {
      c[j] += a[i] * get(b, (size_t)i * step + j, half);
    }
  }
}

CPU_INLINE void run(const gemm *g, int k0, int k1, float *c, bool half)
{
  const int length = (k1 - k0) / STREAMS;
  memset(c, 0, (size_t)g->n * sizeof *c);
  for (int k = k0; k < k0 + length; k++) {
    add_rows(g, k, STREAMS, length, c, half);
  }
  for (int k = k0 + STREAMS * length; k < k1; k++) {
    add_rows(g, k, 1, 0, c, half);
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
