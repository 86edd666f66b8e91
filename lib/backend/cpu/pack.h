/* Panels for the tile's kernels out of matrices that lie in memory one way or the other. */
#ifndef SLIM_CPU_PACK_H
#define SLIM_CPU_PACK_H

#include "backend/cpu/tile.h"

typedef float vec4 __attribute__((vector_size(16), aligned(4), may_alias));

/* to[k][j] = from[j][k], j and k below 4. */
CPU_INLINE void turn_4x4(const float *from, size_t from_step, float *to, size_t to_step)
{
  const vec4 a = *(const vec4 *)from, b = *(const vec4 *)(from + from_step);
  const vec4 c = *(const vec4 *)(from + 2 * from_step), d = *(const vec4 *)(from + 3 * from_step);
  const vec4 ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const vec4 cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  *(vec4 *)to = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
  *(vec4 *)(to + to_step) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
  *(vec4 *)(to + 2 * to_step) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
  *(vec4 *)(to + 3 * to_step) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

/* One panel: to[k][j] = from[k][j], depth rows of columns floats. Whole vectors are read where they end before end, beyond
 * which there is no memory. */
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

/* One panel of a matrix that lies transposed: to[k][j] = from[j][k]. The last blocks of four overlap those before. */
static inline void pack_panel_transposed(const float *from, size_t step, int columns, int depth, float *to)
{
  const int width = panel_width(columns);
  const bool blocks = columns >= 4 && depth >= 4;
  for (int j = 0; blocks && j < columns; j += 4) {
    const int first = j < columns - 4 ? j : columns - 4;
    for (int k = 0; k < depth; k += 4) {
      const int at = k < depth - 4 ? k : depth - 4;
      turn_4x4(from + (size_t)first * step + at, step, to + (size_t)at * (size_t)width + first, (size_t)width);
    }
  }
  for (int j = blocks ? columns : 0; j < width; j++) {
    for (int k = 0; k < depth; k++) {
      to[(size_t)k * (size_t)width + (size_t)j] = j < columns ? from[(size_t)j * step + (size_t)k] : 0.0f;
    }
  }
}

#endif
