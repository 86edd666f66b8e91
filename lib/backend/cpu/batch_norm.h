/* How both passes of batch norm cut their input: pieces of fixed rows (channels last) or one image each. */
#ifndef SLIM_CPU_BATCH_NORM_H
#define SLIM_CPU_BATCH_NORM_H

#include "backend/cpu/vec.h"

#define NORM_ROWS ((size_t)512) /* most rows of a piece: it is summed in float32 */

typedef struct norm_cut {
  channels ch;
  size_t rows, pieces; /* rows of a piece (channels last), and how many pieces there are */
} norm_cut;

static inline norm_cut norm_cut_of(const slim_shape *shape, int nchw)
{
  norm_cut cut = { .ch = channels_of(shape, nchw) };
  cut.rows = cut.ch.inner == 1 ? size_min(16 + CPU_GRAIN / cut.ch.c, NORM_ROWS) : 1;
  cut.pieces = (cut.ch.outer + cut.rows - 1) / cut.rows;
  return cut;
}

/* Rows of piece i. */
static inline size_t norm_rows(const norm_cut *cut, size_t i)
{
  return size_min(cut->rows, cut->ch.outer - i * cut->rows);
}

/* Elements of a channel. */
static inline size_t norm_count(const norm_cut *cut)
{
  return cut->ch.outer * cut->ch.inner;
}

#endif
