/* Panels for the tile's kernels out of matrices that lie in memory one way or the other. */
#ifndef SLIM_CPU_PACK_H
#define SLIM_CPU_PACK_H

#include "backend/cpu/tile.h"

#define HALVES_AHEAD 6 /* rows that are fetched before they are packed */

/* One panel: to[k][j] = from[k][j], depth rows of columns floats. Whole vectors are read where they end before end,
 * beyond which there is no memory. */
static inline void pack_panel(const float *from, size_t step, const float *end, int columns, int depth, float *to)
{
  const int width = panel_width(columns);
  for (int k = 0; k < depth; k++, from += step, to += width) {
    if (from + width <= end) {
      vec_store(to, vec_load(from));
      vec_store(to + width - VL, vec_load(from + width - VL));
      continue;
    }
    for (int j = 0; j < width; j++) {
      to[j] = j < columns ? from[j] : 0.0f;
    }
  }
}

/* columns halves, as floats, and zeros up to width, whole vectors. */
static inline void half_row(const uint16_t *from, int columns, int width, float *to)
{
  for (int j = 0; j < width; j += VL) {
    if (j + VL <= columns) {
      vec_store(to + j, vec_load_half(from + j));
      continue;
    }
    for (int i = j; i < j + VL; i++) {
      to[i] = i < columns ? slim_half_to_float(from[i]) : 0.0f;
    }
  }
}

/* columns of halves by depth rows, as panels. */
static inline void pack_half(const uint16_t *from, size_t step, int columns, int depth, float *to)
{
  const size_t panel = (size_t)depth * TILE_COLUMNS;
  for (int k = 0; k < depth; k++, from += step) {
    const uint16_t *ahead = from + (k + HALVES_AHEAD < depth ? HALVES_AHEAD * step : 0);
    for (int n = 0; n < columns; n += TILE_COLUMNS) {
      const int left = columns - n < TILE_COLUMNS ? columns - n : TILE_COLUMNS, width = panel_width(left);
      __builtin_prefetch(ahead + n);
      half_row(from + n, left, width, to + (size_t)(n / TILE_COLUMNS) * panel + (size_t)k * (size_t)width);
    }
  }
}

typedef float vec4 __attribute__((vector_size(16), aligned(4), may_alias));

/* Four floats of each fourth row from the given one on, side by side; and how to pick from pairs of such vectors: the
 * first or the last two of each four, by turns or as they stand. */
#define FOUR(r_, row_, k_) (*(const vec4 *)(turned_row(r_, row_) + (k_)))
#if VL == 16
/* By instructions that insert what they load: compilers would load, then shuffle, where only one port can. */
#define INSERT_(v_, r_, row_, k_, at_) _mm512_insertf32x4(v_, (__m128)FOUR(r_, row_, k_), at_)
#define FOURS(r_, row_, k_)                                                                                            \
  ((vec)INSERT_(INSERT_(INSERT_(_mm512_castps128_ps512((__m128)FOUR(r_, row_, k_)), r_, (row_) + 4, k_, 1), r_,        \
                        (row_) + 8, k_, 2),                                                                            \
                r_, (row_) + 12, k_, 3))
#define FIRST_BY_TURNS 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29
#define LAST_BY_TURNS 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31
#define FIRST_PAIRS 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define LAST_PAIRS 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#elif VL == 8
#define FOURS(r_, row_, k_)                                                                                            \
  __builtin_shufflevector(FOUR(r_, row_, k_), FOUR(r_, (row_) + 4, k_), 0, 1, 2, 3, 4, 5, 6, 7)
#define FIRST_BY_TURNS 0, 8, 1, 9, 4, 12, 5, 13
#define LAST_BY_TURNS 2, 10, 3, 11, 6, 14, 7, 15
#define FIRST_PAIRS 0, 1, 8, 9, 4, 5, 12, 13
#define LAST_PAIRS 2, 3, 10, 11, 6, 7, 14, 15
#else
#define FOURS(r_, row_, k_) FOUR(r_, row_, k_)
#define FIRST_BY_TURNS 0, 4, 1, 5
#define LAST_BY_TURNS 2, 6, 3, 7
#define FIRST_PAIRS 0, 1, 4, 5
#define LAST_PAIRS 2, 3, 6, 7
#endif

/* VL rows that become columns: all there are, so that few pointers and the distance tell where each begins, or fewer,
 * the last one repeated. */
typedef struct turned_rows {
  const float *four[VL / 4], *row[VL];
  size_t step;
  bool whole;
} turned_rows;

CPU_INLINE const float *turned_row(const turned_rows *t, int row)
{
  return t->whole ? t->four[row / 4] + (size_t)(row % 4) * t->step : t->row[row];
}

/* to[i][r] = row[r][k + i], four i. */
CPU_INLINE void turn_four(const turned_rows *t, int k, float *to, size_t step)
{
  const vec a = FOURS(t, 0, k), b = FOURS(t, 1, k), c = FOURS(t, 2, k), d = FOURS(t, 3, k);
  const vec ab_first = __builtin_shufflevector(a, b, FIRST_BY_TURNS);
  const vec ab_last = __builtin_shufflevector(a, b, LAST_BY_TURNS);
  const vec cd_first = __builtin_shufflevector(c, d, FIRST_BY_TURNS);
  const vec cd_last = __builtin_shufflevector(c, d, LAST_BY_TURNS);
  vec_store(to, __builtin_shufflevector(ab_first, cd_first, FIRST_PAIRS));
  vec_store(to + step, __builtin_shufflevector(ab_first, cd_first, LAST_PAIRS));
  vec_store(to + 2 * step, __builtin_shufflevector(ab_last, cd_last, FIRST_PAIRS));
  vec_store(to + 3 * step, __builtin_shufflevector(ab_last, cd_last, LAST_PAIRS));
}

/* VL columns of a panel, or fewer. */
CPU_INLINE void turn_columns(const float *from, size_t step, int columns, int depth, float *to, size_t to_step,
                             ptrdiff_t ahead, bool whole)
{
  const int fours = depth / 4 * 4;
  turned_rows t = { .step = step, .whole = whole };
  CPU_UNROLL
  for (int r = 0; r < VL; r++) {
    t.row[r] = from + (size_t)(r < columns ? r : columns - 1) * step;
  }
  CPU_UNROLL
  for (int i = 0; i < VL / 4; i++) {
    t.four[i] = from + (size_t)(4 * i) * step;
    CPU_KEEP(t.four[i]);
  }
  for (int k = 0; k < fours; k += 4) {
    const int first = k / 4 % 4 * (VL / 4); /* of the rows whose next line is fetched now */
    for (int r = first; r < first + VL / 4; r++) {
      const size_t at = (size_t)(whole || r < columns ? r : columns - 1) * step;
      __builtin_prefetch(from + at + k / 16 * 16 + ahead, 0, 2);
    }
    turn_four(&t, k, to + (size_t)k * to_step, to_step);
  }
  for (int k = fours; k < depth; k++) {
    for (int r = 0; r < VL; r++) {
      to[(size_t)k * to_step + (size_t)r] = from[(size_t)(r < columns ? r : columns - 1) * step + (size_t)k];
    }
  }
}

/* One panel of a matrix that lies transposed: to[k][j] = from[j][k], to_step floats from k to k; unused columns repeat
 * the last. The same of what lies ahead floats farther on is fetched. */
static inline void turn_panel(const float *from, size_t step, int columns, int depth, float *to, size_t to_step,
                              ptrdiff_t ahead)
{
  const int width = panel_width(columns);
  for (int j = 0; j < width; j += VL) {
    const int left = columns - j;
    if (left >= VL) {
      turn_columns(from + (size_t)j * step, step, VL, depth, to + j, to_step, ahead, true);
    } else {
      turn_columns(from + (size_t)j * step, step, left, depth, to + j, to_step, ahead, false);
    }
  }
}

static inline void pack_panel_transposed(const float *from, size_t step, int columns, int depth, float *to)
{
  turn_panel(from, step, columns, depth, to, (size_t)panel_width(columns), 0);
}

#endif
