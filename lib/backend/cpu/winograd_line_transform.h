/* The transforms along one axis, and a tile's inputs. Three taps have those of winograd_transform.h. */
#ifndef SLIM_CPU_WINOGRAD_LINE_TRANSFORM_H
#define SLIM_CPU_WINOGRAD_LINE_TRANSFORM_H

#include "backend/cpu/winograd_line.h"
#include "backend/cpu/winograd_transform.h"

#define M 4               /* outputs of a tile */
#define POINTS_OF_THREE 6 /* taps */
#define MOST_POINTS 10    /* of seven taps */

/* The squares of the points of seven taps but 0 and infinity. */
#define SQUARES                                                                                                        \
  {                                                                                                                    \
    0.25f, 0.5625f, 1.5625f, 6.25f                                                                                     \
  }
#define POINTS_OF_SEVEN                                                                                                \
  {                                                                                                                    \
    0.5f, 0.75f, 1.25f, 2.5f                                                                                           \
  }

#define SCALE_OF_ZERO (1.0f / (0.25f * 0.5625f * 1.5625f * 6.25f))

/* Of the polynomial in x^2 that vanishes at three of the squares: its coefficients but the last, which is 1. */
typedef struct cubic {
  float c0, c1, c2;
} cubic;

CPU_INLINE cubic cubic_without(int j)
{
  static const float square[4] = SQUARES;
  const float x = square[j == 0 ? 1 : 0], y = square[j <= 1 ? 2 : 1], z = square[j <= 2 ? 3 : 2];
  return (cubic){ -x * y * z, x * y + y * z + z * x, -x - y - z };
}

/* B^T for seven taps. */
CPU_INLINE void open_ten(const vec *d, vec *t)
{
  static const float square[4] = SQUARES, point[4] = POINTS_OF_SEVEN;
  CPU_UNROLL
  for (int j = 0; j < 4; j++) {
    const cubic q = cubic_without(j);
    const vec even = q.c0 * d[2] + q.c1 * d[4] + q.c2 * d[6] + d[8];
    const vec odd = point[j] * (q.c0 * d[1] + q.c1 * d[3] + q.c2 * d[5] + d[7]);
    t[1 + 2 * j] = even + odd;
    t[2 + 2 * j] = even - odd;
  }
  /* (x^2 - the last square) times the cubic in x^2 without it. */
  const cubic q = cubic_without(3);
  const float s = square[3], c0 = -s * q.c0, c1 = q.c0 - s * q.c1, c2 = q.c1 - s * q.c2, c3 = q.c2 - s;
  t[0] = c0 * d[0] + c1 * d[2] + c2 * d[4] + c3 * d[6] + d[8];
  t[9] = c0 * d[1] + c1 * d[3] + c2 * d[5] + c3 * d[7] + d[9];
}

/* A^T for seven taps. */
CPU_INLINE void close_ten(const vec *v, vec *y)
{
  static const float square[4] = SQUARES, point[4] = POINTS_OF_SEVEN;
  y[0] = v[0];
  y[1] = y[2] = (vec){ 0 };
  y[3] = v[9];
  CPU_UNROLL
  for (int j = 0; j < 4; j++) {
    const vec sum = v[1 + 2 * j] + v[2 + 2 * j], difference = point[j] * (v[1 + 2 * j] - v[2 + 2 * j]);
    y[0] += sum;
    y[1] += difference;
    y[2] += square[j] * sum;
    y[3] += square[j] * difference;
  }
}

/* A for seven taps: four outputs to ten points. */
CPU_INLINE void spread_ten(const vec *y, vec *v)
{
  static const float square[4] = SQUARES, point[4] = POINTS_OF_SEVEN;
  v[0] = y[0];
  v[9] = y[3];
  CPU_UNROLL
  for (int j = 0; j < 4; j++) {
    const vec even = y[0] + square[j] * y[2], odd = point[j] * (y[1] + square[j] * y[3]);
    v[1 + 2 * j] = even + odd;
    v[2 + 2 * j] = even - odd;
  }
}

/* Of a pair of points of seven taps: one over the product of either's distances to the others. */
CPU_INLINE float scale_of_ten(int j)
{
  static const float square[4] = SQUARES;
  const cubic q = cubic_without(j);
  const float s = square[j];
  return 0.5f / (s * (q.c0 + s * (q.c1 + s * (q.c2 + s))));
}

/* G for seven taps: each point's powers by one over the product of its distances to the others. */
CPU_INLINE void filter_ten(const vec *g, vec *t)
{
  static const float square[4] = SQUARES, point[4] = POINTS_OF_SEVEN;
  CPU_UNROLL
  for (int j = 0; j < 4; j++) {
    const float s = square[j], scale = scale_of_ten(j);
    const vec even = scale * (g[0] + s * (g[2] + s * (g[4] + s * g[6])));
    const vec odd = scale * point[j] * (g[1] + s * (g[3] + s * g[5]));
    t[1 + 2 * j] = even + odd;
    t[2 + 2 * j] = even - odd;
  }
  t[0] = SCALE_OF_ZERO * g[0];
  t[9] = g[6];
}

/* G^T for seven taps. */
CPU_INLINE void gather_ten(const vec *v, vec *g)
{
  static const float square[4] = SQUARES, point[4] = POINTS_OF_SEVEN;
  g[0] = SCALE_OF_ZERO * v[0];
  g[6] = v[9];
  g[1] = g[2] = g[3] = g[4] = g[5] = (vec){ 0 };
  CPU_UNROLL
  for (int j = 0; j < 4; j++) {
    const float s = square[j], scale = scale_of_ten(j);
    const vec sum = scale * (v[1 + 2 * j] + v[2 + 2 * j]);
    const vec difference = scale * point[j] * (v[1 + 2 * j] - v[2 + 2 * j]);
    g[0] += sum;
    g[1] += difference;
    g[2] += s * sum;
    g[3] += s * difference;
    g[4] += s * s * sum;
    g[5] += s * s * difference;
    g[6] += s * s * s * sum;
  }
}

#define LINE_WEIGHTS 1024 /* of a tap; measured: below these the direct sums are faster, or as fast */

/* Completes the geometry. @return false when it is none for these transforms, or too small. */
static inline bool winograd_line_tiles(winograd_line *l, int least_tiles)
{
  if (!l->kernel || !CPU_OP(winograd_wanted)()) {
    return false;
  }
  l->points = M - 1 + l->kernel;
  l->down = l->upright ? pieces(l->oh, M) : l->oh;
  l->across = l->upright ? l->ow : pieces(l->ow, M);
  l->tiles = l->n * l->down * l->across;
  return l->c >= VL && l->oc >= VL && (size_t)l->c * (size_t)l->oc >= LINE_WEIGHTS && l->tiles >= least_tiles;
}

/* Where a tile lies: its image and its first output. */
static inline place line_place(const winograd_line *l, int number)
{
  const int in_image = number % (l->down * l->across), y = in_image / l->across, x = in_image % l->across;
  return (place){ number / (l->down * l->across), l->upright ? M * y : y, l->upright ? x : M * x };
}

/* count channels of a tile, VL at most: [begin, end) of its inputs, which lie step apart, are inside the image. */
CPU_INLINE void open_channels(const float *in, ptrdiff_t step, int begin, int end, int count, float *to, size_t to_step,
                              int points)
{
  vec d[MOST_POINTS] = { { 0 } }, t[MOST_POINTS];
  CPU_UNROLL
  for (int i = 0; i < points; i++) {
    if (i >= begin && i < end) {
      d[i] = load_some(in + i * step, count);
    }
  }
  if (points == POINTS_OF_THREE) {
    transform_input(d, 1, t, 1, POINTS_OF_THREE);
  } else {
    open_ten(d, t);
  }
  CPU_UNROLL
  for (int i = 0; i < points; i++) {
    vec_store(to + (size_t)i * to_step, t[i]);
  }
}

/* Channels [k, k + count) of tile number number to to[point * to_step + channel - k]. */
CPU_INLINE void open_tile(const winograd_line *l, const float *images, int number, int k, int count, float *to,
                          size_t to_step, int points)
{
  const place p = line_place(l, number);
  const int from = (l->upright ? p.y : p.x) - l->before, size = l->upright ? l->h : l->w;
  const int begin = at_least(-from, 0), end = at_most(size - from, points);
  const ptrdiff_t pixel = ((ptrdiff_t)p.image * l->h + (l->upright ? from : p.y)) * l->w + (l->upright ? p.x : from);
  const ptrdiff_t step = (ptrdiff_t)(l->upright ? l->w : 1) * l->c;
  const float *in = images + pixel * l->c + k;
  for (int i = 0; i < count; i += VL) {
    if (begin == 0 && end == points && i + VL <= count) {
      open_channels(in + i, step, 0, points, VL, to + i, to_step, points);
    } else {
      open_channels(in + i, step, begin, end, at_most(VL, count - i), to + i, to_step, points);
    }
  }
}

#endif
