#include "backend/cpu/winograd_transform.h"

/* As in tile.c, the accumulators are single variables. */
#if TILE_ROWS == 14
#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)
#define EACH_HEIGHT(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#elif TILE_ROWS == 12
#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define EACH_HEIGHT(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#else
#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define EACH_HEIGHT(X) X(1) X(2) X(3) X(4) X(5) X(6)
#endif

#define FETCH_AHEAD (TILE_ROWS > 6) /* measured: small tiles take longer with it */

#define DECLARE(r_) vec r##r_##_0 = { 0 }, r##r_##_1 = { 0 };

#define LOAD(r_)                                                                                                       \
  if (rows > (r_)) {                                                                                                   \
    r##r_##_0 = vec_load(c + (r_)*TILE_COLUMNS);                                                                       \
    if (vectors > 1) {                                                                                                 \
      r##r_##_1 = vec_load(c + (r_)*TILE_COLUMNS + VL);                                                                \
    }                                                                                                                  \
  }

#define STORE(r_)                                                                                                      \
  if (rows > (r_)) {                                                                                                   \
    vec_store(c + (r_)*TILE_COLUMNS, r##r_##_0);                                                                       \
    if (vectors > 1) {                                                                                                 \
      vec_store(c + (r_)*TILE_COLUMNS + VL, r##r_##_1);                                                                \
    }                                                                                                                  \
  }

#define MULTIPLY(r_)                                                                                                   \
  if (rows > (r_)) {                                                                                                   \
    const float value = a[(r_)*across];                                                                                \
    r##r_##_0 += value * b0;                                                                                           \
    if (vectors > 1) {                                                                                                 \
      r##r_##_1 += value * b1;                                                                                         \
    }                                                                                                                  \
  }

#define MAKING_EACH 16 /* k after which a channel's points are made */

/* The points of a channel. */
CPU_INLINE void make_channel(winograd_making *m)
{
  const float *taps = m->taps;
  float *to = m->to;
  for (int v = 0; v < TILE_COLUMNS; v += VL) {
    vec point[MOST_SIZE];
    if (m->mixed) {
      transform_row(taps + v, m->of, 6, 3, 0, 3, point);
    } else {
      transform_row(taps + v, m->of, 6, 3, 0, 1, point);
    }
    for (int x = 0; x < 6; x++) {
      vec_store(to + (size_t)x * m->step + v, point[x]);
    }
  }
  m->taps = taps + 9 * TILE_COLUMNS;
  m->to = to + TILE_COLUMNS;
  m->left--;
}

CPU_INLINE void multiply(const winograd_tile *t, int rows, int vectors, bool by_columns, bool streamed, bool making)
{
  const size_t across = by_columns ? 1 : WINOGRAD_K, along = by_columns ? t->a_step : 1; /* from row to row, k to k */
  const float *b = t->b, *block = t->a, *ahead = t->ahead, *ahead_b = t->ahead_b;
  float *const c = t->c;
  const int run = by_columns ? t->depth : WINOGRAD_K;
  EACH_ROW(DECLARE)
  if (t->accumulate) {
    EACH_ROW(LOAD)
  }
  for (int left = t->depth; left > 0; left -= run, block += t->a_step, ahead += t->a_step) {
    const float *a = block, *fetch = ahead, *const end = block + (size_t)(left < run ? left : run) * along;
    do {
      const float *const stop = making && end - a > MAKING_EACH ? a + MAKING_EACH : end;
      for (; a != stop; a += along, b += vectors * VL) {
        const vec b0 = vec_load(b), b1 = vec_load(b + (vectors - 1) * VL);
        EACH_ROW(MULTIPLY)
        if (FETCH_AHEAD && !by_columns) {
          __builtin_prefetch(fetch);
          fetch += rows;
          CPU_KEEP(fetch); /* or it is computed anew from k, which takes six instructions */
        }
        if (streamed) {
          __builtin_prefetch(ahead_b, 0, 2);
          ahead_b += t->ahead_step;
        }
      }
      if (making && t->making->left > 0) {
        make_channel(t->making);
      }
    } while (making && a != end);
  }
  EACH_ROW(STORE)
}

#define KERNEL(name_, rows_, call_)                                                                                    \
  static void name_##rows_(const winograd_tile *t)                                                                     \
  {                                                                                                                    \
    call_;                                                                                                             \
  }
#define KERNELS(rows_)                                                                                                 \
  KERNEL(rows_narrow_, rows_, multiply(t, rows_, 1, false, false, false))                                              \
  KERNEL(rows_wide_, rows_, multiply(t, rows_, 2, false, false, false))                                                \
  KERNEL(streams_narrow_, rows_, multiply(t, rows_, 1, false, true, false))                                            \
  KERNEL(streams_wide_, rows_, multiply(t, rows_, 2, false, true, false))                                              \
  KERNEL(columns_narrow_, rows_, multiply(t, rows_, 1, true, false, false))                                            \
  KERNEL(columns_wide_, rows_, multiply(t, rows_, 2, true, false, false))                                              \
  KERNEL(makes_, rows_, multiply(t, rows_, 2, false, false, true))

EACH_HEIGHT(KERNELS)

#define ROWS_NARROW(rows_) rows_narrow_##rows_,
#define ROWS_WIDE(rows_) rows_wide_##rows_,
#define STREAMS_NARROW(rows_) streams_narrow_##rows_,
#define STREAMS_WIDE(rows_) streams_wide_##rows_,
#define COLUMNS_NARROW(rows_) columns_narrow_##rows_,
#define COLUMNS_WIDE(rows_) columns_wide_##rows_,

const winograd_tile_fn CPU_OP(winograd_rows)[2][TILE_ROWS] = { { EACH_HEIGHT(ROWS_NARROW) },
                                                               { EACH_HEIGHT(ROWS_WIDE) } };
const winograd_tile_fn CPU_OP(winograd_columns)[2][TILE_ROWS] = { { EACH_HEIGHT(COLUMNS_NARROW) },
                                                                  { EACH_HEIGHT(COLUMNS_WIDE) } };
const winograd_tile_fn CPU_OP(winograd_streams)[2][TILE_ROWS] = { { EACH_HEIGHT(STREAMS_NARROW) },
                                                                  { EACH_HEIGHT(STREAMS_WIDE) } };

#define MAKES(rows_) makes_##rows_,
const winograd_tile_fn CPU_OP(winograd_makes)[TILE_ROWS] = { EACH_HEIGHT(MAKES) };
