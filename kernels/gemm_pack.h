/* How a product's factors come to local memory, as the tiles of gemm.h read them. */
#ifndef SLIM_KERNEL_GEMM_PACK_H
#define SLIM_KERNEL_GEMM_PACK_H

#include "gemm.h"

#define SLIM_GEMM_AHEAD 6 /* rows of b that are fetched before they are packed */

/* Copies count floats; the last vector may overlap the one before, and less than a vector goes in parts. */
static inline void slim_gemm_copy(__local float *to, __global const float *from, const int count)
{
  if (count >= SLIM_WIDTH) {
    for (int i = 0; i + SLIM_WIDTH <= count; i += SLIM_WIDTH) {
      SLIM_STOREW(SLIM_LOADW(0, from + i), 0, to + i);
    }
    SLIM_STOREW(SLIM_LOADW(0, from + count - SLIM_WIDTH), 0, to + count - SLIM_WIDTH);
    return;
  }
  int at = 0;
#if SLIM_WIDTH == 16
  if ((count & 8) != 0) {
    vstore8(vload8(0, from), 0, to);
    at = 8;
  }
#endif
  if ((count & 4) != 0) {
    vstore4(vload4(0, from + at), 0, to + at);
    at += 4;
  }
  for (; at < count; at++) {
    to[at] = from[at];
  }
}

static inline void slim_gemm_zero(__local float *to, const int count)
{
  for (int i = 0; i < count; i++) {
    to[i] = 0.0f;
  }
}

/* Packs depth rows of b, columns of them, into panels; b's rows lie stride apart. Columns up to a whole vector are 0;
 * a vector without columns is left as it was. */
static inline void slim_gemm_pack_b(__local float *panels, __global const slim_weight *b, const int stride,
                                    const int depth, const int columns)
{
  const int whole = columns / SLIM_WIDTH * SLIM_WIDTH, rest = columns - whole;
  for (int k = 0; k < depth; k++, b += stride) {
    __local float *to = panels + k * SLIM_GEMM_COLUMNS;
    __global const slim_weight *ahead = b + (size_t)min(SLIM_GEMM_AHEAD, depth - 1 - k) * stride;
    for (int c = 0; c < whole; c += SLIM_WIDTH) {
      SLIM_FETCH(ahead + c);
      SLIM_STOREW(SLIM_WEIGHTSW(b + c), 0, to + c / SLIM_GEMM_COLUMNS * SLIM_GEMM_COLUMNS * depth + c % SLIM_GEMM_COLUMNS);
    }
    if (rest > 0) {
      to += whole / SLIM_GEMM_COLUMNS * SLIM_GEMM_COLUMNS * depth + whole % SLIM_GEMM_COLUMNS;
      SLIM_STOREW((SLIM_FLOATW)(0.0f), 0, to);
#ifdef SLIM_F16
      for (int c = 0; c < rest; c++) {
        to[c] = SLIM_WEIGHT(b, whole + c);
      }
#else
      slim_gemm_copy(to, b + whole, rest);
#endif
    }
  }
}

/* Four floats of each fourth row from row_ on, side by side; and what pairs of such vectors become: the first or the last
 * two of each four by turns, or as they stand. */
#if SLIM_WIDTH == 16
#define SLIM_GEMM_FOURS_(row_)                                                                                         \
  (float16)(SLIM_WEIGHTS4(row[row_] + k), SLIM_WEIGHTS4(row[row_ + 4] + k), SLIM_WEIGHTS4(row[row_ + 8] + k),          \
            SLIM_WEIGHTS4(row[row_ + 12] + k))
#define SLIM_GEMM_FIRST_TURNS_ 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29
#define SLIM_GEMM_LAST_TURNS_ 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31
#define SLIM_GEMM_FIRST_PAIRS_ 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define SLIM_GEMM_LAST_PAIRS_ 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#elif SLIM_WIDTH == 8
#define SLIM_GEMM_FOURS_(row_) (float8)(SLIM_WEIGHTS4(row[row_] + k), SLIM_WEIGHTS4(row[row_ + 4] + k))
#define SLIM_GEMM_FIRST_TURNS_ 0, 8, 1, 9, 4, 12, 5, 13
#define SLIM_GEMM_LAST_TURNS_ 2, 10, 3, 11, 6, 14, 7, 15
#define SLIM_GEMM_FIRST_PAIRS_ 0, 1, 8, 9, 4, 5, 12, 13
#define SLIM_GEMM_LAST_PAIRS_ 2, 3, 10, 11, 6, 7, 14, 15
#else
#define SLIM_GEMM_FOURS_(row_) SLIM_WEIGHTS4(row[row_] + k)
#define SLIM_GEMM_FIRST_TURNS_ 0, 4, 1, 5
#define SLIM_GEMM_LAST_TURNS_ 2, 6, 3, 7
#define SLIM_GEMM_FIRST_PAIRS_ 0, 1, 4, 5
#define SLIM_GEMM_LAST_PAIRS_ 2, 3, 6, 7
#endif

/* A vector of a panel's columns, step floats from k to k, from as many rows of the transposed b, stride apart; behind row
 * last there are none, and their columns are as its. The same of what lies ahead floats farther on is fetched. */
#define SLIM_GEMM_TURN(name_, space_)                                                                                  \
  static inline void name_(space_ float *panel, const int step, __global const slim_weight *b, const int stride,       \
                           const int depth, const int last, const int ahead)                                           \
  {                                                                                                                    \
    __global const slim_weight *row[SLIM_WIDTH];                                                                       \
    SLIM_UNROLL                                                                                                        \
    for (int r = 0; r < SLIM_WIDTH; r++) {                                                                             \
      row[r] = b + (size_t)min(r, last) * stride;                                                                      \
    }                                                                                                                  \
    int k = 0;                                                                                                         \
    for (; k + 4 <= depth; k += 4, panel += 4 * step) {                                                                \
      for (int r = 0; r < SLIM_WIDTH / 4; r++) {                                                                       \
        SLIM_FETCH_LATER(b + (k / 4 % 4 * (SLIM_WIDTH / 4) + r) * stride + k / 16 * 16 + ahead);                       \
      }                                                                                                                \
      const SLIM_FLOATW r0 = SLIM_GEMM_FOURS_(0), r1 = SLIM_GEMM_FOURS_(1), r2 = SLIM_GEMM_FOURS_(2),                  \
                        r3 = SLIM_GEMM_FOURS_(3);                                                                      \
      const SLIM_FLOATW first01 = __builtin_shufflevector(r0, r1, SLIM_GEMM_FIRST_TURNS_);                             \
      const SLIM_FLOATW first23 = __builtin_shufflevector(r2, r3, SLIM_GEMM_FIRST_TURNS_);                             \
      const SLIM_FLOATW last01 = __builtin_shufflevector(r0, r1, SLIM_GEMM_LAST_TURNS_);                               \
      const SLIM_FLOATW last23 = __builtin_shufflevector(r2, r3, SLIM_GEMM_LAST_TURNS_);                               \
      SLIM_STOREW(__builtin_shufflevector(first01, first23, SLIM_GEMM_FIRST_PAIRS_), 0, panel);                        \
      SLIM_STOREW(__builtin_shufflevector(first01, first23, SLIM_GEMM_LAST_PAIRS_), 0, panel + step);                  \
      SLIM_STOREW(__builtin_shufflevector(last01, last23, SLIM_GEMM_FIRST_PAIRS_), 0, panel + 2 * step);               \
      SLIM_STOREW(__builtin_shufflevector(last01, last23, SLIM_GEMM_LAST_PAIRS_), 0, panel + 3 * step);                \
    }                                                                                                                  \
    for (; k < depth; k++, panel += step) {                                                                            \
      for (int r = 0; r < SLIM_WIDTH; r++) {                                                                           \
        panel[r] = SLIM_WEIGHT(row[r], k);                                                                             \
      }                                                                                                                \
    }                                                                                                                  \
  }
SLIM_GEMM_TURN(slim_gemm_turn, __local)
SLIM_GEMM_TURN(slim_gemm_turn_global, __global)

/* As slim_gemm_pack_b for b given transposed: its columns are rows that lie stride apart. */
static inline void slim_gemm_pack_b_transposed(__local float *panels, __global const slim_weight *b, const int stride,
                                        const int depth, const int columns)
{
  for (int c = 0; c < columns; c += SLIM_WIDTH) {
    __local float *panel = panels + c / SLIM_GEMM_COLUMNS * SLIM_GEMM_COLUMNS * depth + c % SLIM_GEMM_COLUMNS;
    slim_gemm_turn(panel, SLIM_GEMM_COLUMNS, b + (size_t)c * stride, stride, depth, columns - 1 - c, 0);
  }
}

#endif
