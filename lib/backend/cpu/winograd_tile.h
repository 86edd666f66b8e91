/*
 * The innermost kernel of Winograd's products: a tile of C in registers, as in tile.h, but with constant strides.
 * C[r][j] (+)= sum over k of A(r, k) * b[k][j], where C's rows are TILE_COLUMNS apart. By rows A lies in blocks whose
 * rows are WINOGRAD_K floats: A(r, k) = a[k / WINOGRAD_K * a_step + r * WINOGRAD_K + k % WINOGRAD_K]; by columns
 * A(r, k) = a[k * a_step + r].
 */
#ifndef SLIM_CPU_WINOGRAD_TILE_H
#define SLIM_CPU_WINOGRAD_TILE_H

#include "backend/cpu/tile.h"

#define WINOGRAD_K 64

/* A row of points of 3x3 taps that is made while tiles are multiplied, a channel after some of each tile's k: that
 * alone would wait for its stores, which miss the nearest cache. */
typedef struct winograd_making {
  const float *taps; /* of the next channel */
  float *to;
  size_t step; /* from point to point */
  float of[3]; /* what each row of taps counts, */
  bool mixed;  /* or only the first does */
  int left;    /* channels */
} winograd_making;

typedef struct winograd_tile {
  const float *a, *b; /* b: TILE_COLUMNS (narrow: VL) floats a k */
  const float *ahead; /* by rows: as much of A, of the next tile, fetched meanwhile */
  const float *ahead_b; /* streamed: of a B that lies elsewhere, a line is fetched at each k, from k to k ahead_step */
  size_t ahead_step;
  float *c;
  size_t a_step;
  int depth;
  bool accumulate; /* C has the sum so far */
  winograd_making *making;
} winograd_tile;

typedef void (*winograd_tile_fn)(const winograd_tile *t);

/* By the number of rows less one; [0]: VL columns, [1]: TILE_COLUMNS. */
extern const winograd_tile_fn CPU_OP(winograd_rows)[2][TILE_ROWS];
extern const winograd_tile_fn CPU_OP(winograd_columns)[2][TILE_ROWS];
/* By rows, and streamed. */
extern const winograd_tile_fn CPU_OP(winograd_streams)[2][TILE_ROWS];

/* By rows, of TILE_COLUMNS, with a row of points that is made. */
extern const winograd_tile_fn CPU_OP(winograd_makes)[TILE_ROWS];

/* Memory that is needed soon. */
typedef struct winograd_ahead {
  const float *begin, *end;
} winograd_ahead;

/* Fetches the first of so many parts to the second cache. */
static inline void winograd_fetch(winograd_ahead *a, int parts)
{
  const float *const end = a->begin + (a->end - a->begin) / parts;
  for (; a->begin < end; a->begin += 16) {
    __builtin_prefetch(a->begin, 0, 2);
  }
}

/* c (+)= count rows, of which the first is at a, by depth k by a panel of width columns. in_step: from there to the
 * rows that are multiplied next. ahead: is fetched meanwhile, some before each tile, for many at once would be waited
 * for. */
static inline void winograd_multiply_ahead(const float *a, size_t a_step, size_t in_step, const float *b, float *c,
                                           int count, int depth, int width, bool accumulate, winograd_ahead ahead,
                                           winograd_making *making)
{
  const int tiles = tiles_of(count);
  winograd_tile t = { .a_step = a_step, .b = b, .depth = depth, .accumulate = accumulate, .making = making };
  for (int i = 0; i < tiles; i++) {
    const int begin = tile_begin(count, tiles, i), height = tile_begin(count, tiles, i + 1) - begin;
    t.a = a + (size_t)begin * WINOGRAD_K;
    t.ahead = i + 1 < tiles ? t.a + (size_t)height * WINOGRAD_K : a + in_step;
    t.c = c + (size_t)begin * TILE_COLUMNS;
    if (ahead.begin < ahead.end) {
      winograd_fetch(&ahead, tiles - i);
    }
    if (making && making->left > 0) {
      CPU_OP(winograd_makes)[height - 1](&t);
    } else {
      CPU_OP(winograd_rows)[width == VL ? 0 : 1][height - 1](&t);
    }
  }
}

static inline void winograd_multiply(const float *a, size_t a_step, size_t in_step, const float *b, float *c, int count,
                                     int depth, int width, bool accumulate)
{
  winograd_multiply_ahead(a, a_step, in_step, b, c, count, depth, width, accumulate, (winograd_ahead){ NULL, NULL },
                          NULL);
}

/* The same by a panel that comes from memory, once: next is the one that is multiplied after it, as large. Two tiles or
 * more fetch all of it; a single one half, where a panel is two lines wide. */
static inline void winograd_multiply_streams(const float *a, size_t a_step, size_t in_step, const float *b,
                                             const float *next, float *c, int count, int depth, int width)
{
  const int tiles = tiles_of(count);
  winograd_tile t = { .a_step = a_step, .b = b, .depth = depth };
  t.ahead_step = tiles > 0 ? (size_t)((width + tiles - 1) / tiles) : 0;
  for (int i = 0; i < tiles; i++) {
    const int begin = tile_begin(count, tiles, i), height = tile_begin(count, tiles, i + 1) - begin;
    t.a = a + (size_t)begin * WINOGRAD_K;
    t.ahead = i + 1 < tiles ? t.a + (size_t)height * WINOGRAD_K : a + in_step;
    t.ahead_b = next + (size_t)(i * depth) * t.ahead_step;
    t.c = c + (size_t)begin * TILE_COLUMNS;
    CPU_OP(winograd_streams)[width == VL ? 0 : 1][height - 1](&t);
  }
}

#endif
