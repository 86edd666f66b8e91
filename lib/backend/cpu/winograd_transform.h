/* Winograd's transforms along one axis: f(from, s, to, ts) reads and writes vectors at strides s and ts. */
#ifndef SLIM_CPU_WINOGRAD_TRANSFORM_H
#define SLIM_CPU_WINOGRAD_TRANSFORM_H

#include "backend/cpu/pieces.h"
#include "backend/cpu/winograd.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

/*
 * The points of an axis, as many as a tile's side has inputs: 0 where their number is even, pairs of p and -p, and
 * infinity. size, m and kernel are constants wherever they are arguments.
 */
#define MOST_SIZE 7
#define ZEROS(size_) (1 - (size_) % 2)
#define PAIRS(size_) (((size_)-1) / 2)

CPU_INLINE float point_of(int size, int pair)
{
  static const float of_six[3] = { 0.75f, 1.5f }, of_seven[3] = { 0.25f, 0.875f, 1.75f };
  return size == 6 ? of_six[pair] : of_seven[pair];
}

CPU_INLINE float square_of(int size, int pair)
{
  return point_of(size, pair) * point_of(size, pair);
}

/* Coefficient k of the polynomial in x^2, the highest being 1, that vanishes at the squares of all pairs but one. */
CPU_INLINE float without_pair(int size, int pair, int k)
{
  const float q = square_of(size, pair == 0 ? 1 : 0), r = square_of(size, pair == 2 ? 1 : 2);
  if (size == 6) {
    return k == 0 ? -q : 1.0f;
  }
  return k == 0 ? q * r : k == 1 ? -q - r : 1.0f;
}

/* The same of that which vanishes at all of them. */
CPU_INLINE float of_all_pairs(int size, int k)
{
  const int last = PAIRS(size) - 1;
  const float higher = k > 0 ? without_pair(size, last, k - 1) : 0.0f;
  return k > last ? higher : higher - square_of(size, last) * without_pair(size, last, k);
}

/* 1 / the product of a pair's p's distances to the other points; of -p it is the same with 0, and the negative without.
 */
CPU_INLINE float scale_of(int size, int pair)
{
  const float p = point_of(size, pair), s = p * p;
  float product = 2.0f * (ZEROS(size) ? s : p), power = 1.0f, value = 0.0f;
  CPU_UNROLL
  for (int k = 0; k < PAIRS(size); k++, power *= s) {
    value += power * without_pair(size, pair, k);
  }
  product *= value;
  return 1.0f / product;
}

/* B^T: the coefficients of the polynomials that vanish at all points but one, sorted into even and odd parts. */
CPU_INLINE void transform_input(const vec *d, int s, vec *t, int ts, int size)
{
  const int zeros = ZEROS(size), pairs = PAIRS(size);
  CPU_UNROLL
  for (int j = 0; j < pairs; j++) {
    vec low = without_pair(size, j, 0) * d[zeros * s], high = without_pair(size, j, 0) * d[(zeros + 1) * s];
    CPU_UNROLL
    for (int k = 1; k < pairs; k++) {
      low += without_pair(size, j, k) * d[(zeros + 2 * k) * s];
      high += without_pair(size, j, k) * d[(zeros + 2 * k + 1) * s];
    }
    t[(zeros + 2 * j) * ts] = high + point_of(size, j) * low;
    t[(zeros + 2 * j + 1) * ts] = high - point_of(size, j) * low;
  }
  CPU_UNROLL
  for (int i = 0; i <= zeros; i++) { /* of 0, if there is, and of infinity */
    vec all = of_all_pairs(size, 0) * d[i * s];
    CPU_UNROLL
    for (int k = 1; k <= pairs; k++) {
      all += of_all_pairs(size, k) * d[(i + 2 * k) * s];
    }
    t[(i < zeros ? 0 : size - 1) * ts] = all;
  }
}

/* A^T with G's scales: sums at the points to m outputs. */
CPU_INLINE void transform_output(const vec *v, int s, vec *y, int ys, int size, int m)
{
  const int zeros = ZEROS(size);
  CPU_UNROLL
  for (int j = 0; j < PAIRS(size); j++) {
    const vec a = v[(zeros + 2 * j) * s], b = v[(zeros + 2 * j + 1) * s];
    const vec even = zeros ? a + b : a - b, odd = zeros ? a - b : a + b;
    float power = scale_of(size, j);
    CPU_UNROLL
    for (int i = 0; i < m; i++, power *= point_of(size, j)) {
      vec term = power * (i % 2 ? odd : even);
      if (j > 0) {
        term += y[i * ys];
      } else if (i == 0 && zeros) {
        term += (1.0f / of_all_pairs(size, 0)) * v[0];
      }
      y[i * ys] = term;
    }
  }
  y[(m - 1) * ys] += v[(size - 1) * s];
}

/* A: m outputs to the points. */
CPU_INLINE void spread_output(const vec *y, int s, vec *v, int vs, int size, int m)
{
  const int zeros = ZEROS(size);
  CPU_UNROLL
  for (int j = 0; j < PAIRS(size); j++) {
    vec even = y[0], odd = point_of(size, j) * y[s];
    float power = square_of(size, j);
    CPU_UNROLL
    for (int i = 2; i < m; i++, power *= point_of(size, j)) {
      if (i % 2) {
        odd += power * y[i * s];
      } else {
        even += power * y[i * s];
      }
    }
    v[(zeros + 2 * j) * vs] = even + odd;
    v[(zeros + 2 * j + 1) * vs] = even - odd;
  }
  if (zeros) {
    v[0] = y[0];
  }
  v[(size - 1) * vs] = y[(m - 1) * s];
}

/* G without its scales, which cost less where they are multiplied once per output: kernel taps, 3 to 5, to the points. */
CPU_INLINE void transform_taps(const vec *g, vec *t, int size, int kernel)
{
  const int zeros = ZEROS(size);
  CPU_UNROLL
  for (int j = 0; j < PAIRS(size); j++) {
    const float p = point_of(size, j), s = p * p;
    vec even = g[0] + s * g[2], odd = g[1];
    if (kernel > 3) {
      odd += s * g[3];
    }
    if (kernel > 4) {
      even += (s * s) * g[4];
    }
    t[zeros + 2 * j] = even + p * odd;
    t[zeros + 2 * j + 1] = even - p * odd;
  }
  if (zeros) {
    t[0] = g[0];
  }
  t[size - 1] = g[kernel - 1];
}

/* A row of G without its scale: what each of kernel taps counts; only those of [first, last) do, the first once. */
typedef struct factors {
  float of[5];
  int first, last;
} factors;

CPU_INLINE factors factors_of(int size, int kernel, int row)
{
  const int of_pairs = row - ZEROS(size), sign = of_pairs % 2 ? -1 : 1;
  factors g = { .of = { 1.0f }, .first = 0, .last = kernel };
  if (row == size - 1) {
    g.first = kernel - 1;
  } else if (of_pairs < 0) {
    g.last = 1;
  } else {
    for (int i = 1; i < kernel; i++) {
      g.of[i] = g.of[i - 1] * (float)sign * point_of(size, of_pairs / 2);
    }
  }
  return g;
}

/* A row of points of the taps of a channel. first, last: constants. */
CPU_INLINE void transform_row(const float *taps, const float *g, int size, int kernel, int first, int last, vec *point)
{
  vec column[5];
  CPU_UNROLL
  for (int x = 0; x < kernel; x++) {
    column[x] = vec_load(taps + (first * kernel + x) * TILE_COLUMNS);
    CPU_UNROLL
    for (int y = first + 1; y < last; y++) {
      column[x] += g[y] * vec_load(taps + (y * kernel + x) * TILE_COLUMNS);
    }
  }
  transform_taps(column, point, size, kernel);
}

/* G^T: the points to kernel taps. */
CPU_INLINE void gather_taps(const vec *v, int s, vec *g, int gs, int size, int kernel)
{
  const int zeros = ZEROS(size);
  CPU_UNROLL
  for (int j = 0; j < PAIRS(size); j++) {
    const vec a = v[(zeros + 2 * j) * s], b = v[(zeros + 2 * j + 1) * s];
    const vec even = zeros ? a + b : a - b, odd = zeros ? a - b : a + b;
    float power = scale_of(size, j);
    CPU_UNROLL
    for (int i = 0; i < kernel; i++, power *= point_of(size, j)) {
      vec term = power * (i % 2 ? odd : even);
      if (j > 0) {
        term += g[i * gs];
      } else if (i == 0 && zeros) {
        term += (1.0f / of_all_pairs(size, 0)) * v[0];
      }
      g[i * gs] = term;
    }
  }
  g[(kernel - 1) * gs] += v[(size - 1) * s];
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

/*
 * The point at infinity counts for the last output of a tile's side only: a tile that the lower edge cuts off does
 * without the last row of points, one that the right edge cuts off without the last column. In this order the tiles
 * that need a point are neighbours: those cut off below, the whole ones, those cut off at the right, those cut off both
 * ways.
 */
static inline place place_of(const winograd *w, int number)
{
  const int down = w->whole_down, across = w->whole_across, below = w->down - down, right = w->across - across;
  const struct {
    int rows, columns, y, x;
  } parts[] = { { below, across, down, 0 }, { down, across, 0, 0 }, { down, right, 0, across },
                { below, right, down, across } };
  int i = 0;
  for (; number >= w->n * parts[i].rows * parts[i].columns; i++) {
    number -= w->n * parts[i].rows * parts[i].columns;
  }
  const int in_image = number % (parts[i].rows * parts[i].columns);
  return (place){ .image = number / (parts[i].rows * parts[i].columns),
                  .y = (parts[i].y + in_image / parts[i].columns) * w->m,
                  .x = (parts[i].x + in_image % parts[i].columns) * w->m };
}

/* Of count tiles from first on those that need a point, counted from first. */
static inline span tiles_at(const winograd *w, int point, int first, int count)
{
  const bool last_row = point / w->size == w->size - 1, last_column = point % w->size == w->size - 1;
  const int below = w->n * (w->down - w->whole_down) * w->whole_across;
  const int begin = last_row ? below : 0;
  const int end = last_column ? below + w->n * w->whole_down * w->whole_across
                  : last_row  ? below + w->n * w->whole_down * w->across
                              : w->tiles;
  return (span){ at_most(at_least(begin - first, 0), count), at_most(at_least(end - first, 0), count) };
}

#endif
