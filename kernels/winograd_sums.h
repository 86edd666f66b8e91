/*
 * What gradients by weights share. For each point, a product of x's transformed tiles v, transposed, by those of dy, z,
 * summed over all tiles into du. Runs of s.block tiles are worked on one after the other:
 *   v of s.depth channels [point][channel / width][tile][width], z of all outputs
 *   [panel of SLIM_GEMM_COLUMNS][point][tile][SLIM_GEMM_COLUMNS],
 *   du of s.depth channels and a panel [point][channel][SLIM_GEMM_COLUMNS].
 */
#ifndef SLIM_KERNEL_WINOGRAD_SUMS_H
#define SLIM_KERNEL_WINOGRAD_SUMS_H

#include "deal.h"
#include "winograd.h"
#include "winograd_sums_params.h"

#define SLIM_WINOGRAD_CHANNELS (SLIM_WIDTH / 2) /* rows of a tile of du */
#define SLIM_WINOGRAD_AHEAD 4                   /* channels of dw that are fetched before their turn */
#if SLIM_WIDTH == 16 && SLIM_WINOGRAD_TAPS == 4
#define SLIM_WINOGRAD_TWELVE /* all channels of a folded first layer, 7x7 taps by 2 over 3 */
#endif

static inline size_t slim_winograd_v_step(const slim_winograd_sums_params s)
{
  return (size_t)s.block * ((s.depth + SLIM_WIDTH - 1) / SLIM_WIDTH) * SLIM_WIDTH + SLIM_WINOGRAD_GAP;
}

static inline size_t slim_winograd_z_step(const slim_winograd_sums_params s)
{
  return (size_t)s.block * SLIM_GEMM_COLUMNS + SLIM_WINOGRAD_GAP;
}

static inline int slim_winograd_z_panels(const slim_winograd_sums_params s)
{
  return (s.o + SLIM_GEMM_COLUMNS - 1) / SLIM_GEMM_COLUMNS;
}

static inline int slim_winograd_du_step(const slim_winograd_sums_params s)
{
  return s.depth * SLIM_GEMM_COLUMNS;
}

/* Where tile number t of a run has its vector of outputs from o on, at the first point of z. */
static inline size_t slim_winograd_z_place(const slim_winograd_sums_params s, const int t, const int o)
{
  return o / SLIM_GEMM_COLUMNS * s.points * slim_winograd_z_step(s) + t * SLIM_GEMM_COLUMNS + o % SLIM_GEMM_COLUMNS;
}

#define SLIM_WINOGRAD_STORE_DU_(i_)                                                                                    \
  SLIM_STOREW(left##i_, 2 * i_, du);                                                                                   \
  SLIM_STOREW(right##i_, 2 * i_ + 1, du);
#define SLIM_WINOGRAD_GAIN_DU_(i_)                                                                                     \
  left##i_ += SLIM_LOADW(2 * i_, du);                                                                                  \
  right##i_ += SLIM_LOADW(2 * i_ + 1, du);
#define SLIM_WINOGRAD_ADD_CHANNEL_(i_) SLIM_GEMM_ADD_(i_, x[i_])

/* Some rows of du: the products of tiles; adds: to what is there, but not to begin with, as one long sum would round
 * more. ahead: a line for each tile, to be fetched. */
#define SLIM_WINOGRAD_ACCUMULATE(name_, EACH_)                                                                         \
  static inline void name_(__global const float *x, __global const float *z, __local float *du, const int tiles,       \
                           __global const float *ahead, const bool adds)                                               \
  {                                                                                                                    \
    EACH_(SLIM_GEMM_DECLARE_)                                                                                          \
    for (int t = 0; t < tiles; t++, x += SLIM_WIDTH, z += SLIM_GEMM_COLUMNS, ahead += 16) {                            \
      SLIM_FETCH(ahead);                                                                                               \
      const SLIM_FLOATW b0 = SLIM_LOADW(0, z), b1 = SLIM_LOADW(1, z);                                                  \
      EACH_(SLIM_WINOGRAD_ADD_CHANNEL_)                                                                                \
    }                                                                                                                  \
    if (adds) {                                                                                                        \
      EACH_(SLIM_WINOGRAD_GAIN_DU_)                                                                                    \
    }                                                                                                                  \
    EACH_(SLIM_WINOGRAD_STORE_DU_)                                                                                     \
  }
SLIM_WINOGRAD_ACCUMULATE(slim_winograd_accumulate, SLIM_GEMM_EACH_SOME)
#ifdef SLIM_WINOGRAD_TWELVE
SLIM_WINOGRAD_ACCUMULATE(slim_winograd_accumulate_twelve, SLIM_WINOGRAD_EACH_FEWER)
#endif

/* Sums of a group that wait for the next run, */
static inline void slim_winograd_keep(__global float *to, __local const float *du, const int count)
{
  for (int i = 0; i < count; i += SLIM_WIDTH) {
    SLIM_STOREW(SLIM_LOADW(0, du + i), 0, to + i);
  }
}

/* and are added to its own: rounding errors would grow with one sum over all tiles. */
static inline void slim_winograd_gain(__local float *du, __global const float *from, const int count)
{
  for (int i = 0; i < count; i += SLIM_WIDTH) {
    SLIM_STOREW(SLIM_LOADW(0, du + i) + SLIM_LOADW(0, from + i), 0, du + i);
  }
}

/* A part of the weights: channels from c on, by a panel of columns outputs from o on. */
typedef struct slim_winograd_part {
  int c, channels, o, columns;
} slim_winograd_part;

/* The products of a part at point number i, summed over the run that begins at tile first; adds: to du. v: of the
 * part's channels. */
static inline void slim_winograd_sum_point(__global const float *v, __global const float *z, __local float *du,
                                           const slim_winograd_sums_params s, const slim_winograd_part part,
                                           const int first, const int i, const bool adds)
{
  const slim_winograd_span at = slim_winograd_tiles_at(s.order, s.side, i, first, min(s.block, s.tiles - first));
  const int needed = at.end - at.begin;
  __global const float *panel = z + i * slim_winograd_z_step(s) + slim_winograd_z_place(s, at.begin, part.o);
  v += i * slim_winograd_v_step(s);
#ifdef SLIM_WINOGRAD_TWELVE
  if (part.channels == 12) {
    v += at.begin * SLIM_WIDTH;
    slim_winograd_accumulate_twelve(v, panel, du + i * slim_winograd_du_step(s), needed,
                                    v + slim_winograd_v_step(s), adds);
    return;
  }
#endif
  for (int c = 0; c < part.channels; c += SLIM_WINOGRAD_CHANNELS) {
    __global const float *from = v + (size_t)(c / SLIM_WIDTH * s.block + at.begin) * SLIM_WIDTH;
    /* Of the next point: a vector's tiles, then a part of the panel's. */
    __global const float *ahead = c % SLIM_WIDTH == 0
                                      ? from + slim_winograd_v_step(s)
                                      : panel + slim_winograd_z_step(s) + (size_t)(c / SLIM_WIDTH) * needed * 16;
    slim_winograd_accumulate(from + c % SLIM_WIDTH, panel, du + i * slim_winograd_du_step(s) + c * SLIM_GEMM_COLUMNS,
                             needed, ahead, adds);
  }
}

/* Sums a part over the run that begins at tile first into du. sums: of the part, between runs.
 * @return whether it was the last run. */
static inline bool slim_winograd_sum(__global const float *v, __global const float *z, __global float *sums,
                                     __local float *du, const slim_winograd_sums_params s,
                                     const slim_winograd_part part, const int first)
{
  const int count = s.points * slim_winograd_du_step(s);
  for (int i = 0; i < s.points; i++) {
    slim_winograd_sum_point(v, z, du, s, part, first, i, false);
  }
  if (first > 0) {
    slim_winograd_gain(du, sums, count);
  }
  const bool last = first + s.block >= s.tiles;
  if (!last) {
    slim_winograd_keep(sums, du, count);
  }
  return last;
}

/* Fetches what is written a few channels after channel number c of a part: its outputs of so many taps. */
static inline void slim_winograd_fetch_taps(__global float *dw, const slim_winograd_sums_params s,
                                            const slim_winograd_part part, const int c, const int taps)
{
  const int row = part.c + min(c + SLIM_WINOGRAD_AHEAD, part.channels - 1);
  for (int i = 0; i < taps; i++) {
    __global float *to = dw + ((size_t)i * s.c + row) * s.o + part.o;
    SLIM_FETCH_WRITTEN(to);
    SLIM_FETCH_WRITTEN(to + part.columns - 1);
  }
}

/* The parameters and the body of a kernel whose tasks, of s.depth channels by some of the panels, transform their
 * channels of x under the run that begins at tile first, in scratch of their groups' own, sum and, after the last run,
 * bring their sums back to taps_ weights a channel and output: open_(x, zeros, p, s, c, count, tile, t, v) transforms
 * count channels from c on of a tile, which is number t of its run, close_(du, dw, s) brings back those of a vector.
 * sums: of each channels' part and panel, between runs. */
#define SLIM_WINOGRAD_PANELS_PARAMETERS(convolution_)                                                                  \
  SLIM_TENSOR(const float, x), SLIM_TENSOR(const float, z), SLIM_TENSOR(float, scratch), SLIM_TENSOR(float, sums),     \
      SLIM_TENSOR(float, dw), __global const float *zeros, const convolution_ p, const slim_winograd_sums_params s,    \
      const int first, __local float *du, SLIM_DEALT
#define SLIM_WINOGRAD_PANELS(taps_, open_, close_)                                                                     \
  SLIM_OPEN(const float, x);                                                                                           \
  SLIM_OPEN(const float, z);                                                                                           \
  SLIM_OPEN(float, scratch);                                                                                           \
  SLIM_OPEN(float, sums);                                                                                              \
  SLIM_OPEN(float, dw);                                                                                                \
  const int panels = slim_winograd_z_panels(s);                                                                        \
  __global float *v = scratch + get_group_id(0) * s.points * slim_winograd_v_step(s);                                  \
  SLIM_EACH_TASK(task)                                                                                                 \
  {                                                                                                                    \
    slim_winograd_part part = { task.y * s.depth, min(s.depth, s.c - task.y * s.depth), 0, 0 };                        \
    for (int t = 0; t < min(s.block, s.tiles - first); t++) {                                                          \
      open_(x, zeros, p, s, part.c, part.channels, first + t, t, v);                                                   \
    }                                                                                                                  \
    for (int panel = panels * task.x / deal.x; panel < panels * (task.x + 1) / deal.x; panel++) {                      \
      __global float *waiting = sums + (size_t)(task.y * panels + panel) * s.points * slim_winograd_du_step(s);        \
      part.o = panel * SLIM_GEMM_COLUMNS;                                                                              \
      part.columns = min(SLIM_GEMM_COLUMNS, s.o - part.o);                                                             \
      const int closed = slim_winograd_sum(v, z, waiting, du, s, part, first) ? part.channels : 0;                     \
      for (int c = 0; c < closed; c++) {                                                                               \
        slim_winograd_fetch_taps(dw, s, part, c, taps_);                                                               \
        for (int o = 0; o < part.columns; o += SLIM_WIDTH) {                                                           \
          close_(du + c * SLIM_GEMM_COLUMNS + o, dw + (size_t)(part.c + c) * s.o + part.o + o, s);                     \
        }                                                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
  }

#endif
