/* Tiles of a product whose rows of a are read where they lie: copying them takes longest where b has few panels. */
#ifndef SLIM_KERNEL_GEMM_LYING_H
#define SLIM_KERNEL_GEMM_LYING_H

#include "gemm_part.h"

/* Is the tile of rows from row on read so? Whole ones, of rows that lie stride apart: without gaps, or for few panels,
 * not where rows would meet in few sets of a cache. */
static inline bool slim_gemm_part_lies(const slim_gemm_part t, const int row, const int stride, const int depth)
{
  const bool whole = row + SLIM_GEMM_ROWS <= t.row1 && t.columns % SLIM_GEMM_COLUMNS == 0;
  return whole && (stride == depth ||
                   (t.columns <= SLIM_GEMM_IN_PLACE_PANELS * SLIM_GEMM_COLUMNS && stride % SLIM_GEMM_SET_FLOATS != 0));
}

/* The compiler learns nothing of the value: it does not hold the addresses of all rows, which take too many registers. */
#if defined(__clang__) && defined(__x86_64__)
#define SLIM_GEMM_KEEP_(value_) __asm__("" : "+r"(value_))
#else
#define SLIM_GEMM_KEEP_(value_)
#endif

/* Rows are found from every fifth: few addresses are counted up, and for two k at a time. */
#define SLIM_GEMM_LYING_ROW_(i_) (((i_) < 5 ? a0 : (i_) < 10 ? a5 : a10) + ((i_) % 5 == 3 ? thrice : (i_) % 5 * stride))
#define SLIM_GEMM_ADD_LYING_(i_) SLIM_GEMM_ADD_(i_, SLIM_GEMM_LYING_ROW_(i_)[0])
#define SLIM_GEMM_ADD_LYING_AFTER_(i_) SLIM_GEMM_ADD_(i_, SLIM_GEMM_LYING_ROW_(i_)[1])
#define SLIM_GEMM_STEP_LYING_(EACH_, ADD_, next_)                                                                      \
  {                                                                                                                    \
    const SLIM_FLOATW b0 = SLIM_LOADW(0, next_), b1 = SLIM_LOADW(1, next_);                                            \
    EACH_(ADD_)                                                                                                        \
  }
#define SLIM_GEMM_NEXT_LYING_(count_)                                                                                  \
  k += count_;                                                                                                         \
  b += count_ * SLIM_GEMM_COLUMNS;                                                                                     \
  a0 += count_;                                                                                                        \
  a5 += count_;                                                                                                        \
  a10 += count_;                                                                                                       \
  SLIM_GEMM_KEEP_(a0);                                                                                                 \
  SLIM_GEMM_KEEP_(a5);                                                                                                 \
  SLIM_GEMM_KEEP_(a10);
#define SLIM_GEMM_SUM_LYING_(EACH_)                                                                                    \
  const int each = slim_gemm_fetch_rows(depth);                                                                        \
  const long stride = a_stride;                                                                                        \
  long thrice = 3 * stride;                                                                                            \
  __global const float *a0 = a, *a5 = a + 5 * stride, *a10 = a5 + 5 * stride;                                          \
  SLIM_GEMM_KEEP_(thrice);                                                                                             \
  for (int k = 0; k < depth;) {                                                                                        \
    const int end = min(k + SLIM_GEMM_CHUNK, depth);                                                                   \
    slim_gemm_fetch_chunk(next_a, k, false);                                                                           \
    slim_gemm_fetch(o, k / SLIM_GEMM_CHUNK * each, each);                                                              \
    slim_gemm_fetch_chunk(next_b, k, true);                                                                            \
    while (k + 1 < end) {                                                                                              \
      SLIM_GEMM_STEP_LYING_(EACH_, SLIM_GEMM_ADD_LYING_, b)                                                            \
      SLIM_GEMM_STEP_LYING_(EACH_, SLIM_GEMM_ADD_LYING_AFTER_, b + SLIM_GEMM_COLUMNS)                                  \
      SLIM_GEMM_NEXT_LYING_(2)                                                                                         \
    }                                                                                                                  \
    if (k < end) {                                                                                                     \
      SLIM_GEMM_STEP_LYING_(EACH_, SLIM_GEMM_ADD_LYING_, b)                                                            \
      SLIM_GEMM_NEXT_LYING_(1)                                                                                         \
    }                                                                                                                  \
  }

/* As slim_gemm_tile_rows and slim_gemm_tile_packed for a whole tile, of which no rows or columns are missing. */
#define SLIM_GEMM_TILE_LYING_(name_, space_)                                                                           \
  SLIM_APART void name_(__global const float *a, const int a_stride, space_ const float *b, const int depth,           \
                        const slim_gemm_ahead *ahead_a, const slim_gemm_ahead *ahead_b, const slim_gemm_out *out)      \
  {                                                                                                                    \
    SLIM_GEMM_OPEN_TILE_                                                                                               \
    o.rows = SLIM_GEMM_ROWS;                                                                                           \
    o.columns = SLIM_GEMM_COLUMNS;                                                                                     \
    SLIM_GEMM_EACH(SLIM_GEMM_DECLARE_)                                                                                 \
    SLIM_GEMM_SUM_LYING_(SLIM_GEMM_EACH)                                                                               \
    SLIM_GEMM_END_HIGH_(SLIM_GEMM_EACH)                                                                                \
  }
SLIM_GEMM_TILE_LYING_(slim_gemm_tile_lying, __local)
SLIM_GEMM_TILE_LYING_(slim_gemm_tile_lying_packed, __global)

#endif
