/*
 * Winograd's transforms along an axis, of vectors of channels on CPU-like devices, of numbers on others. Tiles have
 * SLIM_WINOGRAD_N points along an axis: 6, which are 0, +-3/4, +-3/2 and infinity; or 7 in a kernel's twin
 * slim_..._n7_..., which are +-1/4, +-7/8, +-7/4 and infinity. A transform takes numbers s apart and gives numbers ts
 * apart, so that the same serves rows and columns of a tile.
 */
#ifndef SLIM_KERNEL_WINOGRAD_TRANSFORM_H
#define SLIM_KERNEL_WINOGRAD_TRANSFORM_H

#include "vector.h"

#if SLIM_CLASS == 0
typedef SLIM_FLOATW slim_winograd_vector;
#else
typedef float slim_winograd_vector;
#endif
#ifndef SLIM_WINOGRAD_N
#define SLIM_WINOGRAD_N 6
#endif
#ifndef SLIM_WINOGRAD_TAPS /* along an axis: 3, or 4 or 5 in a twin slim_..._t4_... or _t5_..., 7 in slim_..._t7_...   \
                            */
#define SLIM_WINOGRAD_TAPS 3
#endif
#define SLIM_WINOGRAD_POINTS (SLIM_WINOGRAD_N * SLIM_WINOGRAD_N)
#define SLIM_WINOGRAD_M (SLIM_WINOGRAD_N + 1 - SLIM_WINOGRAD_TAPS) /* results of a tile along an axis */

#if SLIM_WINOGRAD_N == 7
#define SLIM_WINOGRAD_ZERO 0 /* points before the pairs of both signs */
#define SLIM_PA 0.25f
#define SLIM_PB 0.875f
#define SLIM_PC 1.75f
#define SLIM_C2 (SLIM_PC * SLIM_PC)
#else
#define SLIM_WINOGRAD_ZERO 1
#define SLIM_PA 0.75f
#define SLIM_PB 1.5f
#endif
#define SLIM_A2 (SLIM_PA * SLIM_PA)
#define SLIM_B2 (SLIM_PB * SLIM_PB)

/* Point number i along an axis; infinity as 0. */
static inline float slim_winograd_point(const int i)
{
#if SLIM_WINOGRAD_N == 7
  const float point = i < 2 ? SLIM_PA : i < 4 ? SLIM_PB : i < 6 ? SLIM_PC : 0.0f;
#else
  const float point = i == 0 ? 0.0f : i < 3 ? SLIM_PA : i < 5 ? SLIM_PB : 0.0f;
#endif
  return (i - SLIM_WINOGRAD_ZERO) % 2 == 0 ? point : -point;
}

/* B^T: the coefficients of the polynomials that are 0 at all points but one, in even and odd parts; and, of point
 * number i along an axis, one over the product of its distances to the others. */
#if SLIM_WINOGRAD_N == 7
/* Squares q and r are the other pairs'. The negative point's polynomial has the other sign, and so has its scale. */
static inline void slim_winograd_input_pair(const slim_winograd_vector *d, const int s, slim_winograd_vector *t,
                                            const int ts, const float point, const float q, const float r)
{
  const slim_winograd_vector even = (q * r) * d[0] - (q + r) * d[2 * s] + d[4 * s];
  const slim_winograd_vector odd = (q * r) * d[s] - (q + r) * d[3 * s] + d[5 * s];
  t[0] = point * even + odd;
  t[ts] = point * even - odd;
}

static inline void slim_winograd_input(const slim_winograd_vector *d, const int s, slim_winograd_vector *t,
                                       const int ts)
{
  const float sum = SLIM_A2 + SLIM_B2 + SLIM_C2, products = SLIM_A2 * SLIM_B2 + SLIM_B2 * SLIM_C2 + SLIM_C2 * SLIM_A2;
  slim_winograd_input_pair(d, s, t, ts, SLIM_PA, SLIM_B2, SLIM_C2);
  slim_winograd_input_pair(d, s, t + 2 * ts, ts, SLIM_PB, SLIM_A2, SLIM_C2);
  slim_winograd_input_pair(d, s, t + 4 * ts, ts, SLIM_PC, SLIM_A2, SLIM_B2);
  t[6 * ts] = products * d[2 * s] - (SLIM_A2 * SLIM_B2 * SLIM_C2) * d[0] - sum * d[4 * s] + d[6 * s];
}

static inline float slim_winograd_scale(const int i)
{
  return i < 2   ? 1.0f / (2.0f * SLIM_PA * (SLIM_A2 - SLIM_B2) * (SLIM_A2 - SLIM_C2))
         : i < 4 ? 1.0f / (2.0f * SLIM_PB * (SLIM_B2 - SLIM_A2) * (SLIM_B2 - SLIM_C2))
         : i < 6 ? 1.0f / (2.0f * SLIM_PC * (SLIM_C2 - SLIM_A2) * (SLIM_C2 - SLIM_B2))
                 : 1.0f;
}
#else
static inline void slim_winograd_input(const slim_winograd_vector *d, const int s, slim_winograd_vector *t,
                                       const int ts)
{
  const slim_winograd_vector d0 = d[0], d1 = d[s], d2 = d[2 * s], d3 = d[3 * s], d4 = d[4 * s], d5 = d[5 * s];
  const slim_winograd_vector even_a = d4 - SLIM_B2 * d2, odd_a = SLIM_PA * (d3 - SLIM_B2 * d1);
  const slim_winograd_vector even_b = d4 - SLIM_A2 * d2, odd_b = SLIM_PB * (d3 - SLIM_A2 * d1);
  t[0] = (SLIM_A2 * SLIM_B2) * d0 - (SLIM_A2 + SLIM_B2) * d2 + d4;
  t[ts] = even_a + odd_a;
  t[2 * ts] = even_a - odd_a;
  t[3 * ts] = even_b + odd_b;
  t[4 * ts] = even_b - odd_b;
  t[5 * ts] = (SLIM_A2 * SLIM_B2) * d1 - (SLIM_A2 + SLIM_B2) * d3 + d5;
}

static inline float slim_winograd_scale(const int i)
{
  return i == 0  ? 1.0f / (SLIM_A2 * SLIM_B2)
         : i < 3 ? 1.0f / (2.0f * SLIM_A2 * (SLIM_A2 - SLIM_B2))
         : i < 5 ? 1.0f / (2.0f * SLIM_B2 * (SLIM_B2 - SLIM_A2))
                 : 1.0f;
}
#endif

/* The polynomial of count coefficients at a point and its negative. */
static inline void slim_winograd_evaluate_pair(const slim_winograd_vector *g, const int s, slim_winograd_vector *t,
                                               const int ts, const int count, const float point)
{
  const float square = point * point;
  slim_winograd_vector even = g[0], odd = g[s];
  if (count > 2) {
    even += square * g[2 * s];
  }
  if (count > 3) {
    odd += square * g[3 * s];
  }
  if (count > 4) {
    even += (square * square) * g[4 * s];
  }
  t[0] = even + point * odd;
  t[ts] = even - point * odd;
}

/* The polynomial of count (2 to 5) coefficients at all points. */
static inline void slim_winograd_evaluate(const slim_winograd_vector *g, const int s, slim_winograd_vector *t,
                                          const int ts, const int count)
{
  slim_winograd_vector *pairs = t + SLIM_WINOGRAD_ZERO * ts;
  slim_winograd_evaluate_pair(g, s, pairs, ts, count, SLIM_PA);
  slim_winograd_evaluate_pair(g, s, pairs + 2 * ts, ts, count, SLIM_PB);
#if SLIM_WINOGRAD_N == 7
  slim_winograd_evaluate_pair(g, s, pairs + 4 * ts, ts, count, SLIM_PC);
#else
  t[0] = g[0];
#endif
  t[(SLIM_WINOGRAD_N - 1) * ts] = g[(count - 1) * s];
}

/* Adds the part of point number i and its negative, v and v[s], to count sums, each times a power and their scale. */
static inline void slim_winograd_collect_pair(const slim_winograd_vector *v, const int s, slim_winograd_vector *y,
                                              const int ys, const int count, const int i)
{
  const float scale = slim_winograd_scale(i), point = slim_winograd_point(i), square = point * point;
  const slim_winograd_vector sum = v[0] + v[s], difference = v[0] - v[s];
  y[0] += scale * sum;
  y[ys] += (scale * point) * difference;
  if (count > 2) {
    y[2 * ys] += (scale * square) * sum;
  }
  if (count > 3) {
    y[3 * ys] += (scale * square * point) * difference;
  }
  if (count > 4) {
    y[4 * ys] += (scale * square * square) * sum;
  }
}

/* The transpose of slim_winograd_evaluate, with all scales: count sums over the points, each times a power. */
static inline void slim_winograd_collect(const slim_winograd_vector *v, const int s, slim_winograd_vector *y,
                                         const int ys, const int count)
{
  SLIM_UNROLL
  for (int i = 0; i < count; i++) {
    y[i * ys] = (slim_winograd_vector)(0.0f);
  }
#if SLIM_WINOGRAD_N == 6
  y[0] = slim_winograd_scale(0) * v[0];
#endif
  y[(count - 1) * ys] = v[(SLIM_WINOGRAD_N - 1) * s];
  SLIM_UNROLL
  for (int i = SLIM_WINOGRAD_ZERO; i < SLIM_WINOGRAD_N - 1; i += 2) {
    slim_winograd_collect_pair(v + i * s, s, y, ys, count, i);
  }
}

#endif
