/*
 * How both passes of batch norm walk over their input. Channels last: pieces of some rows; few channels are seen as
 * several rows side by side (lines), so that loops over channels are long. Channels first: a piece is an image.
 */
#ifndef SLIM_CPU_BATCH_NORM_H
#define SLIM_CPU_BATCH_NORM_H

#include "backend/cpu/vec.h"

#define NORM_ROWS ((size_t)512)  /* most rows of a piece: it is summed in float32 */
#define NORM_LINE ((size_t)1024) /* most floats of a line, and of what is summed side by side */

typedef struct norm_cut {
  channels ch;
  size_t repeat, line; /* rows of a line; its floats */
  size_t rows, pieces; /* rows of a piece (channels last), a multiple of repeat, and how many pieces there are */
} norm_cut;

static inline norm_cut norm_cut_of(const slim_shape *shape, int nchw)
{
  norm_cut cut = { .ch = channels_of(shape, nchw), .repeat = 1, .rows = 1 };
  if (cut.ch.inner == 1) {
    cut.repeat = cut.ch.c < NORM_LINE ? NORM_LINE / cut.ch.c : 1;
    cut.rows = size_min(16 + CPU_GRAIN / cut.ch.c, NORM_ROWS);
    cut.rows = (cut.rows + cut.repeat - 1) / cut.repeat * cut.repeat;
  }
  cut.line = cut.repeat * cut.ch.c;
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

/* The first c of a line become the sums of all its rows. */
static inline void norm_gather(const norm_cut *cut, float *sums)
{
  for (size_t r = 1; r < cut->repeat; r++) {
    for (size_t k = 0; k < cut->ch.c; k++) {
      sums[k] += sums[r * cut->ch.c + k];
    }
  }
}

/* The first c of a line go to all its rows. */
static inline void norm_spread(const norm_cut *cut, float *line)
{
  for (size_t r = 1; r < cut->repeat; r++) {
    memcpy(line + r * cut->ch.c, line, cut->ch.c * sizeof *line);
  }
}

/* y = x * scale + shift; the backward pass makes the same numbers, to the bit. */
static inline void norm_factors(float gamma, float beta, float mean, float inv_stddev, float *scale, float *shift)
{
  *scale = gamma * inv_stddev;
  *shift = (float)((double)beta - (double)mean * (double)*scale);
}

#endif
