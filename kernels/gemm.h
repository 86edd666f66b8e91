/*
 * The matrix product of CPU-like devices: one work-item a group, explicit vector registers, packed blocks in local
 * memory. A task (deal.h) makes a block of the result: for each block of k it packs b into panels of SLIM_GEMM_COLUMNS
 * columns, then, for each tile of SLIM_GEMM_ROWS rows, packs a, or reads it where it lies (gemm_lying.h), and runs over
 * the panels.
 */
#ifndef SLIM_KERNEL_GEMM_H
#define SLIM_KERNEL_GEMM_H

#include "epilogue.h"
#include "weights.h"

#define SLIM_GEMM_COLUMNS (2 * SLIM_WIDTH)
#define SLIM_GEMM_DEPTH 256 /* of a block of k */
/* Tiles have many rows, or, where few are left, some or a few: of each height there is a loop of its own. */
#if SLIM_WIDTH == 16
#define SLIM_GEMM_ROWS 14
#define SLIM_GEMM_SOME_ROWS 8
#define SLIM_GEMM_FEW_ROWS 4
#define SLIM_GEMM_EACH_FEW(X) X(0) X(1) X(2) X(3)
#define SLIM_GEMM_EACH_SOME(X) SLIM_GEMM_EACH_FEW(X) X(4) X(5) X(6) X(7)
#define SLIM_GEMM_EACH(X) SLIM_GEMM_EACH_SOME(X) X(8) X(9) X(10) X(11) X(12) X(13)
#else
#define SLIM_GEMM_ROWS 6
#define SLIM_GEMM_SOME_ROWS 4
#define SLIM_GEMM_FEW_ROWS 2
#define SLIM_GEMM_EACH_FEW(X) X(0) X(1)
#define SLIM_GEMM_EACH_SOME(X) SLIM_GEMM_EACH_FEW(X) X(2) X(3)
#define SLIM_GEMM_EACH(X) SLIM_GEMM_EACH_SOME(X) X(4) X(5)
#endif
#define SLIM_GEMM_A_STRIDE (SLIM_GEMM_DEPTH + 16) /* between the rows of a packed tile of a */

/* Where a tile's result goes, and how it ends. */
typedef struct slim_gemm_out {
  __global float *y; /* the tile's first element */
  __global const float *bias; /* of the tile's first column */
  int stride;
  int rows, columns; /* that are valid */
  bool first, last;  /* block of k */
  slim_epilogue_params epilogue;
  __global const float *residual; /* of the tile's first element; NULL: none */
  const size_t *places;           /* where rows begin, from y on; NULL: stride apart */
  bool streams;                   /* it goes past the caches */
} slim_gemm_out;

static inline size_t slim_gemm_row(const slim_gemm_out o, const int row)
{
  return o.places == 0 ? (size_t)row * o.stride : o.places[row];
}

/* Over a vector in memory (PoCL may fail to compile calls with wide vectors as arguments). Inlined into each
 * loop, exp and tanh of vectors would be most of what is compiled. */
SLIM_APART void slim_gemm_smooth(float *part, const int kind)
{
  SLIM_STOREW(SLIM_ACTIVATE(SLIM_FLOATW, SLIM_LOADW(0, part), kind), 0, part);
}

static inline SLIM_FLOATW slim_gemm_activate(const SLIM_FLOATW x, const int kind)
{
  if (kind <= SLIM_ACTIVATION_RELU6) {
    return SLIM_CLAMP(SLIM_FLOATW, x, kind);
  }
  float part[SLIM_WIDTH];
  SLIM_STOREW(x, 0, part);
  slim_gemm_smooth(part, kind);
  return SLIM_LOADW(0, part);
}

/* What the activation clamps to. */
static inline float slim_gemm_low(const int kind)
{
  return kind == SLIM_ACTIVATION_RELU || kind == SLIM_ACTIVATION_RELU6 ? 0.0f : -INFINITY;
}

static inline float slim_gemm_high(const int kind)
{
  return kind == SLIM_ACTIVATION_RELU6 ? 6.0f : INFINITY;
}

/* The first count floats of a vector, in at most four parts; the rest are 0. */
static inline SLIM_FLOATW slim_gemm_get(__global const float *from, const int count)
{
  if (count >= SLIM_WIDTH) {
    return SLIM_LOADW(0, from);
  }
  float part[SLIM_WIDTH] = { 0.0f };
  for (int i = 0; i < count; i++) {
    part[i] = from[i];
  }
  return SLIM_LOADW(0, part);
}

/* Stores the first count of a vector's floats. */
static inline void slim_gemm_put(__global float *to, const float *part, const int count)
{
  int at = 0;
  if (count >= SLIM_WIDTH) {
    SLIM_STOREW(SLIM_LOADW(0, part), 0, to);
    return;
  }
#if SLIM_WIDTH == 16
  if ((count & 8) != 0) {
    vstore8(vload8(0, part), 0, to);
    at = 8;
  }
#endif
  if ((count & 4) != 0) {
    vstore4(vload4(0, part + at), 0, to + at);
    at += 4;
  }
  for (int i = at; i < count; i++) {
    to[i] = part[i];
  }
}

/* Ends a tile of any height and width, whose last columns may be missing. */
SLIM_APART void slim_gemm_store_kept(float *part, const slim_gemm_out o)
{
  for (int side = 0; side < 2 && side * SLIM_WIDTH < o.columns; side++) {
    const int count = o.columns - side * SLIM_WIDTH;
    const bool biased = o.last && o.epilogue.has_bias;
    const SLIM_FLOATW base = biased ? slim_gemm_get(o.bias + side * SLIM_WIDTH, count) : (SLIM_FLOATW)(0.0f);
    for (int row = 0; row < min(o.rows, SLIM_GEMM_ROWS); row++) {
      __global float *y = o.y + slim_gemm_row(o, row) + side * SLIM_WIDTH;
      SLIM_FLOATW v = SLIM_LOADW(2 * row + side, part) + base;
      v = o.first ? v : v + slim_gemm_get(y, count);
      if (o.last && o.epilogue.has_residual) {
        v += slim_gemm_get(o.residual + slim_gemm_row(o, row) + side * SLIM_WIDTH, count);
      }
      v = o.last ? slim_gemm_activate(v, o.epilogue.activation) : v;
      SLIM_STOREW(v, 2 * row + side, part);
      slim_gemm_put(y, part + (2 * row + side) * SLIM_WIDTH, count);
    }
  }
}

/* The activations that are no clamp, over what is stored. */
static inline void slim_gemm_activate_rows(const slim_gemm_out o)
{
  for (int row = 0; row < min(o.rows, SLIM_GEMM_ROWS); row++) {
    __global float *y = o.y + slim_gemm_row(o, row);
    for (int i = 0; i < 2; i++) {
      SLIM_STOREW(slim_gemm_activate(SLIM_LOADW(i, y), o.epilogue.activation), i, y);
    }
  }
}

#define SLIM_GEMM_DECLARE_(i_) SLIM_FLOATW left##i_ = (SLIM_FLOATW)(0.0f), right##i_ = (SLIM_FLOATW)(0.0f);

/* Adds what lies at from as the result does. */
#define SLIM_GEMM_GAIN_(i_)                                                                                            \
  if (i_ < o.rows) {                                                                                                   \
    left##i_ += SLIM_LOADW(0, from + slim_gemm_row(o, i_));                                                            \
    right##i_ += SLIM_LOADW(1, from + slim_gemm_row(o, i_));                                                           \
  }
#define SLIM_GEMM_STORE_SIDE_(sum_, base_, i_)                                                                         \
  {                                                                                                                    \
    SLIM_FLOATW v = sum_ + base_;                                                                                      \
    v = v < low ? low : v;                                                                                             \
    slim_put(v > high ? high : v, y + i_ * SLIM_WIDTH, o.streams);                                                     \
  }
#define SLIM_GEMM_STORE_(i_)                                                                                           \
  if (i_ < o.rows) {                                                                                                   \
    __global float *y = o.y + slim_gemm_row(o, i_);                                                                    \
    SLIM_GEMM_STORE_SIDE_(left##i_, base0, 0)                                                                          \
    SLIM_GEMM_STORE_SIDE_(right##i_, base1, 1)                                                                         \
  }
#define SLIM_GEMM_KEEP_LEFT_(i_) SLIM_STOREW(left##i_, 2 * i_, part);
#define SLIM_GEMM_KEEP_BOTH_(i_)                                                                                       \
  SLIM_GEMM_KEEP_LEFT_(i_)                                                                                             \
  SLIM_STOREW(right##i_, 2 * i_ + 1, part);

/* Ends a tile by way of memory: there is one such end for all heights and widths, as it is long to compile. */
#define SLIM_GEMM_END_KEPT_(EACH_, KEEP_)                                                                              \
  {                                                                                                                    \
    float part[SLIM_GEMM_ROWS * SLIM_GEMM_COLUMNS];                                                                    \
    EACH_(KEEP_)                                                                                                       \
    slim_gemm_store_kept(part, o);                                                                                     \
  }
#define SLIM_GEMM_END_LOW_(EACH_) SLIM_GEMM_END_KEPT_(EACH_, SLIM_GEMM_KEEP_BOTH_)
/* Ends one of many rows, most tiles: where none of its columns is missing, from registers, with the bias added and clamps
 * done on the way. */
#define SLIM_GEMM_END_HIGH_(EACH_)                                                                                     \
  if (o.columns >= SLIM_GEMM_COLUMNS) {                                                                                \
    const bool biased = o.last && o.epilogue.has_bias;                                                                 \
    const SLIM_FLOATW zero = (SLIM_FLOATW)(0.0f), base0 = biased ? SLIM_LOADW(0, o.bias) : zero,                       \
                      base1 = biased ? SLIM_LOADW(1, o.bias) : zero;                                                   \
    const int kind = o.last ? o.epilogue.activation : 0;                                                               \
    const SLIM_FLOATW low = (SLIM_FLOATW)(slim_gemm_low(kind)), high = (SLIM_FLOATW)(slim_gemm_high(kind));            \
    if (!o.first) {                                                                                                    \
      __global const float *from = o.y;                                                                                \
      EACH_(SLIM_GEMM_GAIN_)                                                                                           \
    }                                                                                                                  \
    if (o.last && o.epilogue.has_residual) {                                                                           \
      __global const float *from = o.residual;                                                                         \
      EACH_(SLIM_GEMM_GAIN_)                                                                                           \
    }                                                                                                                  \
    EACH_(SLIM_GEMM_STORE_)                                                                                            \
    if (kind > SLIM_ACTIVATION_RELU6) {                                                                                \
      slim_gemm_activate_rows(o);                                                                                      \
    }                                                                                                                  \
  } else {                                                                                                             \
    SLIM_GEMM_END_KEPT_(EACH_, SLIM_GEMM_KEEP_BOTH_)                                                                   \
  }

/* A tile from its sums to its end; where one vector has all columns, the compiler drops the right half. */
#define SLIM_GEMM_TILE_(EACH_, SUM_, END_)                                                                             \
  EACH_(SLIM_GEMM_DECLARE_)                                                                                            \
  if (o.columns > SLIM_WIDTH) {                                                                                        \
    SUM_(EACH_)                                                                                                        \
    END_(EACH_)                                                                                                        \
  } else {                                                                                                             \
    SUM_(EACH_)                                                                                                        \
    SLIM_GEMM_END_KEPT_(EACH_, SLIM_GEMM_KEEP_LEFT_)                                                                   \
  }

/* What a tile's end reads and writes, of rows from first on: fetched while the sums are made, some rows with each chunk of
 * k. All at once they would take the places in which b's own lines arrive. */
static inline void slim_gemm_fetch(const slim_gemm_out o, const int first, const int count)
{
  for (int row = first; row < min(min(o.rows, SLIM_GEMM_ROWS), first + count); row++) {
    const size_t at = slim_gemm_row(o, row);
    if (!o.streams) {
      SLIM_FETCH(o.y + at);
      SLIM_FETCH(o.y + at + min(o.columns, SLIM_GEMM_COLUMNS) - 1);
    }
    if (o.last && o.epilogue.has_residual) {
      SLIM_FETCH(o.residual + at);
      SLIM_FETCH(o.residual + at + min(o.columns, SLIM_GEMM_COLUMNS) - 1);
    }
  }
}

/* So many of them with each of the chunks of depth. */
static inline int slim_gemm_fetch_rows(const int depth)
{
  return depth >= 14 * 16 ? 1 : depth >= 7 * 16 ? 2 : depth >= 4 * 16 ? 4 : SLIM_GEMM_ROWS;
}

/* The tile's height by the rows that are left. */
#define SLIM_GEMM_TILE_OF_(SUM_)                                                                                       \
  if (o.rows > SLIM_GEMM_SOME_ROWS) {                                                                                  \
    SLIM_GEMM_TILE_(SLIM_GEMM_EACH, SUM_, SLIM_GEMM_END_HIGH_)                                                         \
  } else if (o.rows > SLIM_GEMM_FEW_ROWS) {                                                                            \
    SLIM_GEMM_TILE_(SLIM_GEMM_EACH_SOME, SUM_, SLIM_GEMM_END_LOW_)                                                     \
  } else {                                                                                                             \
    SLIM_GEMM_TILE_(SLIM_GEMM_EACH_FEW, SUM_, SLIM_GEMM_END_LOW_)                                                      \
  }

#define SLIM_GEMM_ADD_(i_, a_)                                                                                         \
  {                                                                                                                    \
    const SLIM_FLOATW v = (SLIM_FLOATW)(a_);                                                                           \
    left##i_ = fma(v, b0, left##i_);                                                                                   \
    right##i_ = fma(v, b1, right##i_);                                                                                 \
  }

/* What is read next: rows of some lines, of 16 floats, are fetched with each chunk of k, while a tile's sums are made. */
#define SLIM_GEMM_CHUNK 16
typedef struct slim_gemm_ahead {
  __global const float *from;
  int chunks, chunk_step; /* floats from a chunk's first row to the next one's, */
  int rows, row_step;     /* and between its rows */
  int lines;
} slim_gemm_ahead;

static inline void slim_gemm_fetch_chunk(const slim_gemm_ahead next, const int k, const bool later)
{
  __global const float *from = next.from + (size_t)(k / SLIM_GEMM_CHUNK) * next.chunk_step;
  for (int i = 0; i < next.rows && k < next.chunks * SLIM_GEMM_CHUNK; i++, from += next.row_step) {
    for (int j = 0; j < next.lines; j++) {
      if (later) {
        SLIM_FETCH_LATER(from + 16 * j);
      } else {
        SLIM_FETCH(from + 16 * j);
      }
    }
  }
}

/* The share of the panel of columns from c on in depth floats of rows [begin, end), which lie stride apart. Rows without
 * gaps are fetched in the order of memory. */
static inline slim_gemm_ahead slim_gemm_rows_ahead(__global const float *a, const int stride, const int begin,
                                                   const int end, const int depth, const int c, const int columns)
{
  const int panels = (columns + SLIM_GEMM_COLUMNS - 1) / SLIM_GEMM_COLUMNS, panel = c / SLIM_GEMM_COLUMNS;
  const int chunks = (depth + SLIM_GEMM_CHUNK - 1) / SLIM_GEMM_CHUNK;
  if (stride == depth) {
    const int lines = (min(SLIM_GEMM_ROWS, end - begin) * depth + 15) / 16;
    const int share = (max(lines, 0) + panels * chunks - 1) / (panels * chunks), first = panel * chunks * share;
    const slim_gemm_ahead run = {
      a + (size_t)begin * stride + first * 16, first < lines ? chunks : 0, share * 16, 1, 0, share
    };
    return run;
  }
  const int share = (SLIM_GEMM_ROWS + panels - 1) / panels, first = begin + panel * share;
  const int rows = min(min(first + share, begin + SLIM_GEMM_ROWS), end) - first;
  const slim_gemm_ahead next = { a + (size_t)first * stride, chunks, SLIM_GEMM_CHUNK, rows, stride, 1 };
  return next;
}

/* The share of tile number i of count in rows of columns floats, which lie stride apart; each tile sums over depth. */
static inline slim_gemm_ahead slim_gemm_block_ahead(__global const float *from, const int stride, const int rows,
                                                    const int columns, const int i, const int count, const int depth)
{
  if (rows <= 0) {
    const slim_gemm_ahead none = { from, 0, 0, 0, 0, 0 };
    return none;
  }
  const int chunks = (depth + SLIM_GEMM_CHUNK - 1) / SLIM_GEMM_CHUNK;
  const int of_chunk = (rows + count * chunks - 1) / (count * chunks), first = i * chunks * of_chunk;
  const slim_gemm_ahead next = { from + (size_t)first * stride,
                                 clamp((rows - first) / of_chunk, 0, chunks),
                                 of_chunk * stride,
                                 of_chunk,
                                 stride,
                                 (columns + 15) / 16 };
  return next;
}

#define SLIM_GEMM_ADD_ROW_(i_) SLIM_GEMM_ADD_(i_, a[i_ * SLIM_GEMM_A_STRIDE + k])
#define SLIM_GEMM_SUM_ROWS_(EACH_)                                                                                     \
  const int each = slim_gemm_fetch_rows(depth);                                                                        \
  for (int k0 = 0; k0 < depth; k0 += SLIM_GEMM_CHUNK) {                                                                \
    slim_gemm_fetch_chunk(next_a, k0, false);                                                                          \
    slim_gemm_fetch(o, k0 / SLIM_GEMM_CHUNK * each, each);                                                             \
    slim_gemm_fetch_chunk(next_b, k0, true);                                                                           \
    for (int k = k0; k < min(k0 + SLIM_GEMM_CHUNK, depth); k++) {                                                      \
      const SLIM_FLOATW b0 = SLIM_LOADW(0, b + k * SLIM_GEMM_COLUMNS);                                                 \
      const SLIM_FLOATW b1 = SLIM_LOADW(1, b + k * SLIM_GEMM_COLUMNS);                                                 \
      EACH_(SLIM_GEMM_ADD_ROW_)                                                                                        \
    }                                                                                                                  \
  }

/* What is passed to a tile goes by pointers, to structs that were made member by member: compilers copy a struct in parts
 * larger than those just stored, and such a load waits until all stores before it, those of the last tile's end too, are in
 * the cache. */
#define SLIM_GEMM_OPEN_TILE_                                                                                           \
  const slim_gemm_ahead next_a = *ahead_a, next_b = *ahead_b;                                                          \
  slim_gemm_out o = *out;

/* a: SLIM_GEMM_ROWS rows of depth elements, SLIM_GEMM_A_STRIDE apart; b: depth rows of SLIM_GEMM_COLUMNS. */
#define SLIM_GEMM_TILE_ROWS_(name_, space_)                                                                            \
  SLIM_APART void name_(__local const float *a, space_ const float *b, const int depth,                                \
                        const slim_gemm_ahead *ahead_a, const slim_gemm_ahead *ahead_b, const slim_gemm_out *out)      \
  {                                                                                                                    \
    SLIM_GEMM_OPEN_TILE_                                                                                               \
    SLIM_GEMM_TILE_OF_(SLIM_GEMM_SUM_ROWS_)                                                                            \
  }
SLIM_GEMM_TILE_ROWS_(slim_gemm_tile_rows, __local)
SLIM_GEMM_TILE_ROWS_(slim_gemm_tile_packed, __global)

/* The same, some with each k: so memory is asked evenly. */
typedef struct slim_gemm_strip {
  __global const float *from;
  int step; /* floats from k to k */
} slim_gemm_strip;

/* What turn number turn of turns over depth fetches of rows of columns floats, which lie stride apart: of rows without
 * gaps as much as the other turns, in the order of memory, else a line of each, or nothing that is new. */
static inline slim_gemm_strip slim_gemm_strip_of(__global const float *from, const int stride, const int rows,
                                                 const int columns, const int turn, const int turns, const int depth)
{
  const int lines = (columns + 15) / 16, spread = max(lines, turns);
  const int number = lines * turn / spread, next = lines * (turn + 1) / spread, share = rows * columns / turns;
  if (stride == columns) {
    const slim_gemm_strip even = { from + turn * share, (share + depth - 1) / depth };
    return even;
  }
  const slim_gemm_strip one = { from + number * 16, next > number && rows > 0 ? stride : 0 };
  return one;
}

#define SLIM_GEMM_ADD_NEXT_(i_) SLIM_GEMM_ADD_(i_, a[i_ * SLIM_GEMM_A_STRIDE])
#define SLIM_GEMM_STEP_STRIP_(EACH_)                                                                                   \
  const SLIM_FLOATW b0 = SLIM_LOADW(0, b), b1 = SLIM_LOADW(1, b);                                                      \
  EACH_(SLIM_GEMM_ADD_NEXT_)                                                                                           \
  a++;                                                                                                                 \
  b += SLIM_GEMM_COLUMNS;                                                                                              \
  SLIM_FETCH(next);                                                                                                    \
  next += step;
#define SLIM_GEMM_SUM_STRIP_(EACH_)                                                                                    \
  __global const float *next = ahead->from, *line = o.y;                                                               \
  const int step = ahead->step, lines = o.streams ? 0 : min(min(o.rows, SLIM_GEMM_ROWS), depth);                       \
  int k = 0;                                                                                                           \
  for (; k < lines; k++, line += o.stride) {                                                                           \
    SLIM_FETCH(line);                                                                                                  \
    SLIM_FETCH(line + SLIM_GEMM_COLUMNS - 1);                                                                          \
    SLIM_GEMM_STEP_STRIP_(EACH_)                                                                                       \
  }                                                                                                                    \
  for (; k < depth; k++) {                                                                                             \
    SLIM_GEMM_STEP_STRIP_(EACH_)                                                                                       \
  }

/* As slim_gemm_tile_rows and slim_gemm_tile_packed, of rows that are made, with a strip ahead. The result's lie evenly. */
#define SLIM_GEMM_TILE_STRIP_(name_, space_)                                                                           \
  SLIM_APART void name_(__local const float *a, space_ const float *b, const int depth, const slim_gemm_strip *ahead,  \
                        const slim_gemm_out *out)                                                                      \
  {                                                                                                                    \
    const slim_gemm_out o = *out;                                                                                      \
    SLIM_GEMM_TILE_OF_(SLIM_GEMM_SUM_STRIP_)                                                                           \
  }
SLIM_GEMM_TILE_STRIP_(slim_gemm_tile_made, __local)
SLIM_GEMM_TILE_STRIP_(slim_gemm_tile_made_packed, __global)

#define SLIM_GEMM_SHORT 64        /* depth: too short to fetch the result's rows one by one */
#define SLIM_GEMM_COLUMNS_AHEAD 8 /* k's: rows may lie too far apart for caches to fetch */
#define SLIM_GEMM_ADD_COLUMN_(i_) SLIM_GEMM_ADD_(i_, from[i_])
#define SLIM_GEMM_STEP_COLUMNS_(EACH_)                                                                                 \
  {                                                                                                                    \
    const SLIM_FLOATW b0 = SLIM_LOADW(0, next);                                                                        \
    const SLIM_FLOATW b1 = SLIM_LOADW(1, next);                                                                        \
    EACH_(SLIM_GEMM_ADD_COLUMN_)                                                                                       \
    SLIM_FETCH_LATER(strip);                                                                                           \
    strip += ahead->step;                                                                                              \
    from += a_stride;                                                                                                  \
    next += b_stride;                                                                                                  \
    SLIM_FETCH(from + SLIM_GEMM_COLUMNS_AHEAD * a_stride);                                                             \
    if (in_two_lines) {                                                                                                \
      SLIM_FETCH(from + SLIM_GEMM_COLUMNS_AHEAD * a_stride + SLIM_GEMM_ROWS - 1);                                      \
    }                                                                                                                  \
    SLIM_FETCH(next + SLIM_GEMM_COLUMNS_AHEAD * b_stride);                                                             \
    SLIM_FETCH(next + SLIM_GEMM_COLUMNS_AHEAD * b_stride + SLIM_GEMM_COLUMNS - 16);                                    \
  }
#define SLIM_GEMM_SUM_COLUMNS_(EACH_)                                                                                  \
  __global const float *strip = ahead->from;                                                                           \
  const int each = depth >= SLIM_GEMM_SHORT ? 1 : SLIM_GEMM_ROWS;                                                      \
  int k = 0;                                                                                                           \
  for (; k * each < min(o.rows, SLIM_GEMM_ROWS) && k < depth; k++) {                                                   \
    slim_gemm_fetch(o, k * each, each);                                                                                \
    SLIM_GEMM_STEP_COLUMNS_(EACH_)                                                                                     \
  }                                                                                                                    \
  for (; k < depth; k++) {                                                                                             \
    SLIM_GEMM_STEP_COLUMNS_(EACH_)                                                                                     \
  }

/* The same for an a of depth rows of SLIM_GEMM_ROWS, a_stride apart; b's rows lie b_stride apart. whole_: no columns are
 * missing; two_lines_: a's rows mostly lie in two. */
#define SLIM_GEMM_TILE_COLUMNS_(name_, a_space_, b_space_, whole_, two_lines_)                                         \
  SLIM_APART void name_(a_space_ const float *a, const int a_stride, b_space_ const float *b, const int b_stride,      \
                        const int depth, const slim_gemm_strip *ahead, const slim_gemm_out *out)                       \
  {                                                                                                                    \
    slim_gemm_out o = *out;                                                                                            \
    a_space_ const float *from = a;                                                                                    \
    b_space_ const float *next = b;                                                                                    \
    const bool in_two_lines = two_lines_;                                                                              \
    o.columns = whole_ ? SLIM_GEMM_COLUMNS : o.columns;                                                                \
    SLIM_GEMM_TILE_OF_(SLIM_GEMM_SUM_COLUMNS_)                                                                         \
  }
SLIM_GEMM_TILE_COLUMNS_(slim_gemm_tile_columns, __local, __local, false, false)

/* How k is walked in a that is not packed: outer times inner elements, in steps. */
typedef struct slim_gemm_walk {
  int outer, outer_step, inner, inner_step;
} slim_gemm_walk;

#define SLIM_GEMM_OFFSET_(i_) const int offset##i_ = offsets[i_];
#define SLIM_GEMM_ADD_WALK_(i_) SLIM_GEMM_ADD_(i_, row[offset##i_])
#define SLIM_GEMM_SUM_WALK_(EACH_)                                                                                     \
  __local const float *from = a, *next = b;                                                                            \
  slim_gemm_fetch(o, 0, SLIM_GEMM_ROWS);                                                                               \
  for (int j = 0; j < w.outer; j++, from += w.outer_step) {                                                            \
    slim_gemm_fetch_chunk(next_a, j * SLIM_GEMM_CHUNK, true);                                                          \
    slim_gemm_fetch_chunk(next_b, j * SLIM_GEMM_CHUNK, true);                                                          \
    __local const float *row = from;                                                                                   \
    for (int k = 0; k < w.inner; k++, row += w.inner_step, next += SLIM_GEMM_COLUMNS) {                                \
      const SLIM_FLOATW b0 = SLIM_LOADW(0, next);                                                                      \
      const SLIM_FLOATW b1 = SLIM_LOADW(1, next);                                                                      \
      EACH_(SLIM_GEMM_ADD_WALK_)                                                                                       \
    }                                                                                                                  \
  }

/* The same for rows that begin at offsets. A chunk of what is read next is fetched with each of the outer elements. */
SLIM_APART void slim_gemm_tile_walk(__local const float *a, const int *offsets, const slim_gemm_walk w,
                                    __local const float *b, const slim_gemm_ahead *ahead_a,
                                    const slim_gemm_ahead *ahead_b, const slim_gemm_out *out)
{
  SLIM_GEMM_OPEN_TILE_
  SLIM_GEMM_EACH(SLIM_GEMM_OFFSET_)
  SLIM_GEMM_TILE_OF_(SLIM_GEMM_SUM_WALK_)
}

#endif
