/* Winograd's transforms along one axis: f(from, s, to, ts) reads and writes vectors at strides s and ts. */
#ifndef SLIM_CPU_WINOGRAD_TRANSFORM_H
#define SLIM_CPU_WINOGRAD_TRANSFORM_H

#include "backend/cpu/winograd.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define N WINOGRAD_N
#define POINTS WINOGRAD_POINTS
#define PA 0.75f /* the points are 0, PA, -PA, PB, -PB and infinity */
#define PB 1.5f
#define A2 (PA * PA)
#define B2 (PB * PB)
/* 1 / the product of a point's distances to the others: of 0, of PA and -PA, of PB and -PB. */
#define SCALE_0 (1.0f / (A2 * B2))
#define SCALE_A (0.5f / (A2 * (A2 - B2)))
#define SCALE_B (0.5f / (B2 * (B2 - A2)))

/* B^T: the coefficients of the polynomials that vanish at all points but one, sorted into even and odd parts. */
CPU_INLINE void transform_input(const vec *d, int s, vec *t, int ts)
{
  const vec d0 = d[0], d1 = d[s], d2 = d[2 * s], d3 = d[3 * s], d4 = d[4 * s], d5 = d[5 * s];
  const vec even_a = d4 - B2 * d2, odd_a = PA * (d3 - B2 * d1), even_b = d4 - A2 * d2, odd_b = PB * (d3 - A2 * d1);
  t[0] = (A2 * B2) * d0 - (A2 + B2) * d2 + d4;
  t[ts] = even_a + odd_a;
  t[2 * ts] = even_a - odd_a;
  t[3 * ts] = even_b + odd_b;
  t[4 * ts] = even_b - odd_b;
  t[5 * ts] = (A2 * B2) * d1 - (A2 + B2) * d3 + d5;
}

/* A^T: the values at 6 points to m outputs, 2 or 4. */
CPU_INLINE void transform_output(const vec *v, int s, vec *y, int ys, int m)
{
  const vec sum_a = v[s] + v[2 * s], dif_a = v[s] - v[2 * s], sum_b = v[3 * s] + v[4 * s], dif_b = v[3 * s] - v[4 * s];
  y[0] = v[0] + sum_a + sum_b;
  if (m == 2) {
    y[ys] = PA * dif_a + PB * dif_b + v[5 * s];
    return;
  }
  y[ys] = PA * dif_a + PB * dif_b;
  y[2 * ys] = A2 * sum_a + B2 * sum_b;
  y[3 * ys] = (A2 * PA) * dif_a + (B2 * PB) * dif_b + v[5 * s];
}

/* A: m outputs to 6 points. */
CPU_INLINE void spread_output(const vec *y, int s, vec *v, int vs, int m)
{
  const vec y0 = y[0], y1 = y[s];
  vec even_a = y0, odd_a = PA * y1, even_b = y0, odd_b = PB * y1;
  if (m == 4) {
    const vec y2 = y[2 * s], y3 = y[3 * s];
    even_a += A2 * y2;
    even_b += B2 * y2;
    odd_a += (A2 * PA) * y3;
    odd_b += (B2 * PB) * y3;
  }
  v[0] = y0;
  v[vs] = even_a + odd_a;
  v[2 * vs] = even_a - odd_a;
  v[3 * vs] = even_b + odd_b;
  v[4 * vs] = even_b - odd_b;
  v[5 * vs] = y[(m - 1) * s];
}

/* G: kernel taps, 3 or 5, to 6 points. */
CPU_INLINE void transform_taps(const vec *g, vec *t, int kernel)
{
  vec even_a = SCALE_A * g[0] + (SCALE_A * A2) * g[2], odd_a = (SCALE_A * PA) * g[1];
  vec even_b = SCALE_B * g[0] + (SCALE_B * B2) * g[2], odd_b = (SCALE_B * PB) * g[1];
  if (kernel == 5) {
    even_a += (SCALE_A * A2 * A2) * g[4];
    even_b += (SCALE_B * B2 * B2) * g[4];
    odd_a += (SCALE_A * A2 * PA) * g[3];
    odd_b += (SCALE_B * B2 * PB) * g[3];
  }
  t[0] = SCALE_0 * g[0];
  t[1] = even_a + odd_a;
  t[2] = even_a - odd_a;
  t[3] = even_b + odd_b;
  t[4] = even_b - odd_b;
  t[5] = g[kernel - 1];
}

/* G^T: 6 points to kernel taps. */
CPU_INLINE void gather_taps(const vec *v, int s, vec *g, int gs, int kernel)
{
  const vec sum_a = SCALE_A * (v[s] + v[2 * s]), dif_a = (SCALE_A * PA) * (v[s] - v[2 * s]);
  const vec sum_b = SCALE_B * (v[3 * s] + v[4 * s]), dif_b = (SCALE_B * PB) * (v[3 * s] - v[4 * s]);
  g[0] = SCALE_0 * v[0] + sum_a + sum_b;
  g[gs] = dif_a + dif_b;
  g[2 * gs] = A2 * sum_a + B2 * sum_b;
  if (kernel == 5) {
    g[3 * gs] = A2 * dif_a + B2 * dif_b;
    g[4 * gs] = (A2 * A2) * sum_a + (B2 * B2) * sum_b;
  }
  g[(kernel - 1) * gs] += v[5 * s];
}

#if defined(__AVX2__) && !defined(__AVX512F__)
CPU_INLINE __m256i first_lanes(int count)
{
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lane);
}
#endif

/* The first count floats, zeros behind them. */
CPU_INLINE vec load_some(const float *p, int count)
{
  if (count >= VL) {
    return vec_load(p);
  }
#if defined(__AVX512F__)
  return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1u), p);
#elif defined(__AVX2__)
  return (vec)_mm256_maskload_ps(p, first_lanes(count));
#else
  float v[VL] = { 0 };
  memcpy(v, p, (size_t)count * sizeof *p);
  return vec_load(v);
#endif
}

CPU_INLINE void store_some(float *p, vec v, int count)
{
  if (count >= VL) {
    vec_store(p, v);
    return;
  }
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1u), (__m512)v);
#elif defined(__AVX2__)
  _mm256_maskstore_ps(p, first_lanes(count), (__m256)v);
#else
  memcpy(p, &v, (size_t)count * sizeof *p);
#endif
}

/* Where a tile lies: its image and its first output. */
typedef struct place {
  int image, y, x;
} place;

static inline place place_of(const winograd *w, int number)
{
  const int in_image = number % (w->down * w->across);
  return (place){ number / (w->down * w->across), in_image / w->across * w->m, in_image % w->across * w->m };
}

static inline int at_most(int a, int b)
{
  return a < b ? a : b;
}

static inline int at_least(int a, int b)
{
  return a > b ? a : b;
}

static inline int pieces(int total, int size)
{
  return (total + size - 1) / size;
}

#endif
