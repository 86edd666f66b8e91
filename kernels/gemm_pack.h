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
  (float16)(SLIM_WEIGHTS4(row[row_] + k), SLIM_WEIGHTS4(row[row_ + 4] + k), SLIM_WEIGHTS4(row[row_ + 8] + k),         \
            SLIM_WEIGHTS4(row[row_ + 12] + k))
#define SLIM_GEMM_FIRST_TURNS_(a_, b_)                                                                                 \
  (float16)(a_.s0, b_.s0, a_.s1, b_.s1, a_.s4, b_.s4, a_.s5, b_.s5, a_.s8, b_.s8, a_.s9, b_.s9, a_.sc, b_.sc, a_.sd,   \
            b_.sd)
#define SLIM_GEMM_LAST_TURNS_(a_, b_)                                                                                  \
  (float16)(a_.s2, b_.s2, a_.s3, b_.s3, a_.s6, b_.s6, a_.s7, b_.s7, a_.sa, b_.sa, a_.sb, b_.sb, a_.se, b_.se, a_.sf,   \
            b_.sf)
#define SLIM_GEMM_FIRST_PAIRS_(a_, b_)                                                                                 \
  (float16)(a_.s01, b_.s01, a_.s45, b_.s45, a_.s89, b_.s89, a_.scd, b_.scd)
#define SLIM_GEMM_LAST_PAIRS_(a_, b_) (float16)(a_.s23, b_.s23, a_.s67, b_.s67, a_.sab, b_.sab, a_.sef, b_.sef)
#elif SLIM_WIDTH == 8
#define SLIM_GEMM_FOURS_(row_) (float8)(SLIM_WEIGHTS4(row[row_] + k), SLIM_WEIGHTS4(row[row_ + 4] + k))
#define SLIM_GEMM_FIRST_TURNS_(a_, b_) (float8)(a_.s0, b_.s0, a_.s1, b_.s1, a_.s4, b_.s4, a_.s5, b_.s5)
#define SLIM_GEMM_LAST_TURNS_(a_, b_) (float8)(a_.s2, b_.s2, a_.s3, b_.s3, a_.s6, b_.s6, a_.s7, b_.s7)
#define SLIM_GEMM_FIRST_PAIRS_(a_, b_) (float8)(a_.s01, b_.s01, a_.s45, b_.s45)
#define SLIM_GEMM_LAST_PAIRS_(a_, b_) (float8)(a_.s23, b_.s23, a_.s67, b_.s67)
#else
#define SLIM_GEMM_FOURS_(row_) SLIM_WEIGHTS4(row[row_] + k)
#define SLIM_GEMM_FIRST_TURNS_(a_, b_) (float4)(a_.s0, b_.s0, a_.s1, b_.s1)
#define SLIM_GEMM_LAST_TURNS_(a_, b_) (float4)(a_.s2, b_.s2, a_.s3, b_.s3)
#define SLIM_GEMM_FIRST_PAIRS_(a_, b_) (float4)(a_.s01, b_.s01)
#define SLIM_GEMM_LAST_PAIRS_(a_, b_) (float4)(a_.s23, b_.s23)
#endif

/* A vector of a panel's columns, step floats from k to k, from as many rows of the transposed b, stride apart; behind row
 * last there are none, and their columns are as its. */
#define SLIM_GEMM_TURN(name_, space_)                                                                                  \
  static inline void name_(space_ float *panel, const int step, __global const slim_weight *b, const int stride,       \
                           const int depth, const int last)                                                            \
  {                                                                                                                    \
    __global const slim_weight *row[SLIM_WIDTH];                                                                       \
    SLIM_UNROLL                                                                                                        \
    for (int r = 0; r < SLIM_WIDTH; r++) {                                                                             \
      row[r] = b + (size_t)min(r, last) * stride;                                                                      \
    }                                                                                                                  \
    int k = 0;                                                                                                         \
    for (; k + 4 <= depth; k += 4, panel += 4 * step) {                                                                \
      const SLIM_FLOATW r0 = SLIM_GEMM_FOURS_(0), r1 = SLIM_GEMM_FOURS_(1), r2 = SLIM_GEMM_FOURS_(2),                  \
                        r3 = SLIM_GEMM_FOURS_(3);                                                                      \
      const SLIM_FLOATW first01 = SLIM_GEMM_FIRST_TURNS_(r0, r1), first23 = SLIM_GEMM_FIRST_TURNS_(r2, r3);            \
      const SLIM_FLOATW last01 = SLIM_GEMM_LAST_TURNS_(r0, r1), last23 = SLIM_GEMM_LAST_TURNS_(r2, r3);                \
      SLIM_STOREW(SLIM_GEMM_FIRST_PAIRS_(first01, first23), 0, panel);                                                 \
      SLIM_STOREW(SLIM_GEMM_LAST_PAIRS_(first01, first23), 0, panel + step);                                           \
      SLIM_STOREW(SLIM_GEMM_FIRST_PAIRS_(last01, last23), 0, panel + 2 * step);                                        \
      SLIM_STOREW(SLIM_GEMM_LAST_PAIRS_(last01, last23), 0, panel + 3 * step);                                         \
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
    slim_gemm_turn(panel, SLIM_GEMM_COLUMNS, b + (size_t)c * stride, stride, depth, columns - 1 - c);
  }
}

#endif
