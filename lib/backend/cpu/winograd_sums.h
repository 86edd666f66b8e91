/*
 * What gradients by weights share: inputs and outputs' gradients of a chunk of tiles, transformed, are multiplied at
 * every point with the tiles as depth. Chunks depend on the shape alone, so that the number of threads changes nothing.
 */
#ifndef SLIM_CPU_WINOGRAD_SUMS_H
#define SLIM_CPU_WINOGRAD_SUMS_H

#include "backend/cpu/winograd_transform.h"

#define CHUNK_TILES 196
#define CHUNK_FLOATS (1 << 21) /* of both transforms; they stay in the last-level cache */
#define LEAST_CHUNK 100 /* measured: of fewer the transforms back, once a chunk, cost more than the cache saves */
#define TASKS 4 /* of a worker, wanted at least */

typedef struct winograd_sums {
  int points, c, oc;
  int block; /* tiles of a chunk */
  int parts; /* pieces that a panel's products are cut into, by weights of WINOGRAD_K channels */
} winograd_sums;

static inline winograd_sums winograd_sums_plan(int points, int c, int oc, int tiles, const slim_cpu_step *step)
{
  const int room = CHUNK_FLOATS / (points * (c + oc));
  const int chunks = pieces(tiles, at_most(CHUNK_TILES, at_least(room, LEAST_CHUNK)));
  const int tasks = pieces(c, WINOGRAD_K) * pieces(oc, TILE_COLUMNS);
  const int wanted = TASKS * slim_threads_count(step->device->threads);
  return (winograd_sums){ .points = points,
                          .c = c,
                          .oc = oc,
                          .block = pieces(tiles, chunks),
                          .parts = at_most(pieces(wanted, tasks), tiles_of(at_most(c, WINOGRAD_K))) };
}

/* --- memory: inputs [k block][point][tile][WINOGRAD_K], outputs [panel][point][tile][TILE_COLUMNS], sums of workers */

static inline size_t inputs_step(const winograd_sums *s)
{
  return winograd_step(s->block, WINOGRAD_K);
}

static inline size_t outputs_step(const winograd_sums *s)
{
  return winograd_step(s->block, TILE_COLUMNS);
}

static inline size_t inputs_floats(const winograd_sums *s)
{
  return (size_t)pieces(s->c, WINOGRAD_K) * (size_t)s->points * inputs_step(s);
}

static inline size_t outputs_floats(const winograd_sums *s)
{
  return (size_t)pieces(s->oc, TILE_COLUMNS) * (size_t)s->points * outputs_step(s);
}

/* The first of a part's row tiles, of which a block of input channels has tiles. */
static inline int part_begin(const winograd_sums *s, int tiles, int part)
{
  return tiles * part / s->parts;
}

/* From point to point of a worker's sums, of the most channels of a part. */
static inline size_t sums_step(const winograd_sums *s)
{
  return winograd_step(pieces(tiles_of(at_most(s->c, WINOGRAD_K)), s->parts) * TILE_ROWS, TILE_COLUMNS);
}

static inline size_t sums_floats(const winograd_sums *s)
{
  return (size_t)s->points * sums_step(s);
}

static inline size_t winograd_sums_workspace(const winograd_sums *s, const slim_cpu_step *step)
{
  return inputs_floats(s) + outputs_floats(s) + (size_t)slim_threads_count(step->device->threads) * sums_floats(s);
}

/* --- products ----------------------------------------------------------------------------------------------------- */

/* Input channels [k, k + rows) by the columns of the panel from n0 on. */
typedef struct winograd_part {
  int k, rows, n0;
} winograd_part;

static inline int winograd_sums_tasks(const winograd_sums *s)
{
  return pieces(s->c, WINOGRAD_K) * s->parts * pieces(s->oc, TILE_COLUMNS);
}

/* Part number number to sums, or onto them: [point][row][TILE_COLUMNS]. tiles: of the chunk, those that count at each
 * point. */
static inline winograd_part winograd_sum(const winograd_sums *s, int number, const span *tiles, const float *inputs,
                                         const float *outputs, float *sums, bool add)
{
  const int panels = pieces(s->oc, TILE_COLUMNS), panel = number % panels, part = number / panels % s->parts;
  const int k = number / panels / s->parts * WINOGRAD_K, group = at_most(WINOGRAD_K, s->c - k);
  const int heights = tiles_of(group), first = part_begin(s, heights, part), last = part_begin(s, heights, part + 1);
  const int begin = tile_begin(group, heights, first), rows = tile_begin(group, heights, last) - begin;
  const int n0 = panel * TILE_COLUMNS, width = panel_width(at_most(TILE_COLUMNS, s->oc - n0));
  const float *a = inputs + (size_t)(k / WINOGRAD_K) * (size_t)s->points * inputs_step(s) + begin;
  const float *b = outputs + (size_t)panel * (size_t)s->points * outputs_step(s);
  for (int p = 0; p < s->points; p++) {
    const size_t skip = (size_t)tiles[p].begin;
    winograd_tile t = { .b = b + (size_t)p * outputs_step(s) + skip * (size_t)width,
                        .depth = tiles[p].end - tiles[p].begin,
                        .accumulate = add };
    for (int i = first; i < last; i++) {
      const int row = tile_begin(group, heights, i) - begin, height = tile_begin(group, heights, i + 1) - begin - row;
      t.a = a + (size_t)p * inputs_step(s) + skip * WINOGRAD_K + (size_t)row;
      t.c = sums + (size_t)p * sums_step(s) + (size_t)row * TILE_COLUMNS;
      CPU_OP(winograd_columns)[width == VL ? 0 : 1][height - 1](&t);
    }
  }
  return (winograd_part){ k + begin, rows, n0 };
}

#endif
