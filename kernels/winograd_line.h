/*
 * Winograd's transforms along one axis on CPU-like devices, for vectors of channels: four results of a tile at once, by
 * 3 taps, whose 6 points are those of winograd.h, or by 7 in a kernel's twin slim_..._t7_..., whose 10 points are 0,
 * +-1/2, +-3/4, +-5/4, +-5/2 and infinity.
 */
#ifndef SLIM_KERNEL_WINOGRAD_LINE_H
#define SLIM_KERNEL_WINOGRAD_LINE_H

#include "winograd.h"
#include "winograd_line_params.h"

#define SLIM_LINE_POINTS (SLIM_WINOGRAD_TAPS + SLIM_WINOGRAD_LINE_M - 1)
#define SLIM_LINE_PAIRS 4 /* of points with both signs, for seven taps */

#if SLIM_WINOGRAD_TAPS == 7
static inline float slim_line_point(const int pair)
{
  return pair == 0 ? 0.5f : pair == 1 ? 0.75f : pair == 2 ? 1.25f : 2.5f;
}

static inline float slim_line_square(const int pair)
{
  return slim_line_point(pair) * slim_line_point(pair);
}

/* The polynomial in squares that is 0 at those of all pairs but one: its lower coefficients, the highest is 1. */
static inline float4 slim_line_cubic_without(const int pair)
{
  const float x = slim_line_square(pair == 0 ? 1 : 0), y = slim_line_square(pair <= 1 ? 2 : 1),
              z = slim_line_square(pair <= 2 ? 3 : 2);
  return (float4)(-x * y * z, x * y + y * z + z * x, -x - y - z, 1.0f);
}

/* One over the product of a point's distances to the others: of a pair's points, and of 0. */
static inline float slim_line_scale(const int pair)
{
  const float4 q = slim_line_cubic_without(pair);
  const float s = slim_line_square(pair);
  return 0.5f / (s * (q.x + s * (q.y + s * (q.z + s))));
}

static inline float slim_line_scale_of_zero(void)
{
  return 1.0f / (slim_line_square(0) * slim_line_square(1) * slim_line_square(2) * slim_line_square(3));
}

/* B^T: a tile's inputs at all points. */
static inline void slim_line_input(const SLIM_FLOATW *d, SLIM_FLOATW *t)
{
  SLIM_UNROLL
  for (int j = 0; j < SLIM_LINE_PAIRS; j++) {
    const float4 q = slim_line_cubic_without(j);
    const SLIM_FLOATW even = q.x * d[2] + q.y * d[4] + q.z * d[6] + d[8];
    const SLIM_FLOATW odd = slim_line_point(j) * (q.x * d[1] + q.y * d[3] + q.z * d[5] + d[7]);
    t[1 + 2 * j] = even + odd;
    t[2 + 2 * j] = even - odd;
  }
  /* the cubic times what it lacks */
  const float4 q = slim_line_cubic_without(SLIM_LINE_PAIRS - 1);
  const float s = slim_line_square(SLIM_LINE_PAIRS - 1), c0 = -s * q.x, c1 = q.x - s * q.y, c2 = q.y - s * q.z,
              c3 = q.z - s;
  t[0] = c0 * d[0] + c1 * d[2] + c2 * d[4] + c3 * d[6] + d[8];
  t[9] = c0 * d[1] + c1 * d[3] + c2 * d[5] + c3 * d[7] + d[9];
}

/* A^T: the sums at all points to results; */
static inline void slim_line_close(const SLIM_FLOATW *v, SLIM_FLOATW *y)
{
  y[0] = v[0];
  y[1] = y[2] = (SLIM_FLOATW)(0.0f);
  y[3] = v[9];
  SLIM_UNROLL
  for (int j = 0; j < SLIM_LINE_PAIRS; j++) {
    const SLIM_FLOATW sum = v[1 + 2 * j] + v[2 + 2 * j];
    const SLIM_FLOATW difference = slim_line_point(j) * (v[1 + 2 * j] - v[2 + 2 * j]);
    y[0] += sum;
    y[1] += difference;
    y[2] += slim_line_square(j) * sum;
    y[3] += slim_line_square(j) * difference;
  }
}

/* and A: results' gradients to all points. */
static inline void slim_line_spread(const SLIM_FLOATW *y, SLIM_FLOATW *v)
{
  v[0] = y[0];
  v[9] = y[3];
  SLIM_UNROLL
  for (int j = 0; j < SLIM_LINE_PAIRS; j++) {
    const SLIM_FLOATW even = y[0] + slim_line_square(j) * y[2];
    const SLIM_FLOATW odd = slim_line_point(j) * (y[1] + slim_line_square(j) * y[3]);
    v[1 + 2 * j] = even + odd;
    v[2 + 2 * j] = even - odd;
  }
}

/* G, with each point's scale: taps to all points; */
static inline void slim_line_filter(const SLIM_FLOATW *g, SLIM_FLOATW *t)
{
  SLIM_UNROLL
  for (int j = 0; j < SLIM_LINE_PAIRS; j++) {
    const float s = slim_line_square(j), scale = slim_line_scale(j);
    const SLIM_FLOATW even = scale * (g[0] + s * (g[2] + s * (g[4] + s * g[6])));
    const SLIM_FLOATW odd = (scale * slim_line_point(j)) * (g[1] + s * (g[3] + s * g[5]));
    t[1 + 2 * j] = even + odd;
    t[2 + 2 * j] = even - odd;
  }
  t[0] = g[0] * slim_line_scale_of_zero();
  t[9] = g[6];
}

/* and G^T: the sums at all points to taps. */
static inline void slim_line_gather(const SLIM_FLOATW *v, SLIM_FLOATW *g)
{
  g[0] = v[0] * slim_line_scale_of_zero();
  g[6] = v[9];
  g[1] = g[2] = g[3] = g[4] = g[5] = (SLIM_FLOATW)(0.0f);
  SLIM_UNROLL
  for (int j = 0; j < SLIM_LINE_PAIRS; j++) {
    const float s = slim_line_square(j), scale = slim_line_scale(j);
    const SLIM_FLOATW sum = scale * (v[1 + 2 * j] + v[2 + 2 * j]);
    const SLIM_FLOATW difference = (scale * slim_line_point(j)) * (v[1 + 2 * j] - v[2 + 2 * j]);
    g[0] += sum;
    g[1] += difference;
    g[2] += s * sum;
    g[3] += s * difference;
    g[4] += s * s * sum;
    g[5] += s * s * difference;
    g[6] += s * s * s * sum;
  }
}
#else
static inline void slim_line_input(const SLIM_FLOATW *d, SLIM_FLOATW *t)
{
  slim_winograd_input(d, 1, t, 1);
}

static inline void slim_line_close(const SLIM_FLOATW *v, SLIM_FLOATW *y)
{
  slim_winograd_collect(v, 1, y, 1, SLIM_WINOGRAD_LINE_M);
}

static inline void slim_line_spread(const SLIM_FLOATW *y, SLIM_FLOATW *v)
{
  slim_winograd_evaluate(y, 1, v, 1, SLIM_WINOGRAD_LINE_M);
}

static inline void slim_line_filter(const SLIM_FLOATW *g, SLIM_FLOATW *t)
{
  slim_winograd_evaluate(g, 1, t, 1, SLIM_WINOGRAD_TAPS);
}

static inline void slim_line_gather(const SLIM_FLOATW *v, SLIM_FLOATW *g)
{
  slim_winograd_collect(v, 1, g, 1, SLIM_WINOGRAD_TAPS);
}
#endif

/* Where a tile's first result lies. */
static inline slim_winograd_place slim_line_place_of(const slim_winograd_line_params p, const int tile)
{
  const int in_image = tile % (p.down * p.across), y = in_image / p.across, x = in_image % p.across;
  const int m = SLIM_WINOGRAD_LINE_M;
  const slim_winograd_place at = { tile / (p.down * p.across), p.upright ? m * y : y, p.upright ? x : m * x };
  return at;
}

/* Where x's pixels under a tile lie; zeros: c of them, for pixels outside. */
static inline void slim_line_pixels(__global const float *x, __global const float *zeros,
                                    const slim_winograd_line_params p, const int tile, __global const float **from)
{
  const slim_winograd_place at = slim_line_place_of(p, tile);
  SLIM_UNROLL
  for (int i = 0; i < SLIM_LINE_POINTS; i++) {
    const int y = p.upright ? at.y - p.before + i : at.y, column = p.upright ? at.x : at.x - p.before + i;
    const bool inside = y >= 0 && y < p.h && column >= 0 && column < p.w;
    from[i] = inside ? x + (size_t)((at.image * p.h + y) * p.w + column) * p.c : zeros;
  }
}

/* Transforms a vector of channels of those, to floats from v on, step apart. */
static inline void slim_line_open(__global const float *const *from, const int channel, __global float *v,
                                  const size_t step)
{
  SLIM_FLOATW d[SLIM_LINE_POINTS], all[SLIM_LINE_POINTS];
  SLIM_UNROLL
  for (int i = 0; i < SLIM_LINE_POINTS; i++) {
    d[i] = SLIM_LOADW(0, from[i] + channel);
  }
  slim_line_input(d, all);
  SLIM_UNROLL
  for (int i = 0; i < SLIM_LINE_POINTS; i++) {
    SLIM_STOREW(all[i], 0, v + i * step);
  }
}

#endif
