/*
 * What gradients by weights share: inputs and outputs' gradients of a chunk of tiles, transformed, are multiplied at
 * every point with the tiles as depth. The outputs are transformed first, for all tasks; a task transforms some
 * channels of the inputs itself, which stay in its worker's cache while panels of the outputs pass. Chunks depend on
 * the shape alone, so that the number of threads changes nothing.
 */
#ifndef SLIM_CPU_WINOGRAD_SUMS_H
#define SLIM_CPU_WINOGRAD_SUMS_H

#include "backend/cpu/winograd_transform.h"

#define CHUNK_TILES 196
#define CHUNK_FLOATS (1 << 21) /* of both transforms; they stay in the last-level cache */
#define LEAST_CHUNK 100 /* measured: of fewer the transforms back, once a chunk, cost more than the cache saves */
#define INPUT_ROWS 32 /* channels of a task's inputs; whole vectors */
#define TASKS 2 /* of a worker, wanted at least */

typedef struct winograd_sums {
  int points, c, oc;
  int block;  /* tiles of a chunk */
  int rows;   /* channels of a task's inputs, whole vectors */
  int groups; /* tasks of the same channels, each with some of the panels */
} winograd_sums;

static inline int winograd_panels(const winograd_sums *s)
{
  return pieces(s->oc, TILE_COLUMNS);
}

static inline winograd_sums winograd_sums_plan(int points, int c, int oc, int tiles, const slim_cpu_step *step)
{
  const int room = CHUNK_FLOATS / (points * (c + oc));
  const int chunks = pieces(tiles, at_most(CHUNK_TILES, at_least(room, LEAST_CHUNK)));
  const int rows = at_most(INPUT_ROWS, pieces(c, VL) * VL);
  const int wanted = TASKS * slim_threads_count(step->device->threads);
  return (winograd_sums){ .points = points,
                          .c = c,
                          .oc = oc,
                          .block = pieces(tiles, chunks),
                          .rows = rows,
                          .groups = at_most(pieces(wanted, pieces(c, rows)), pieces(oc, TILE_COLUMNS)) };
}

/* --- memory: outputs [panel][point][tile][TILE_COLUMNS]; of a worker inputs [point][tile][rows] and sums of a panel
 * [point][row][TILE_COLUMNS] */

static inline size_t inputs_step(const winograd_sums *s)
{
  return winograd_step(s->block, s->rows);
}

static inline size_t outputs_step(const winograd_sums *s)
{
  return winograd_step(s->block, TILE_COLUMNS);
}

static inline size_t sums_step(const winograd_sums *s)
{
  return winograd_step(at_most(s->rows, s->c), TILE_COLUMNS);
}

static inline size_t inputs_floats(const winograd_sums *s)
{
  return (size_t)s->points * inputs_step(s);
}

static inline size_t outputs_floats(const winograd_sums *s)
{
  return (size_t)winograd_panels(s) * (size_t)s->points * outputs_step(s);
}

static inline size_t sums_floats(const winograd_sums *s)
{
  return (size_t)s->points * sums_step(s);
}

static inline size_t winograd_sums_workspace(const winograd_sums *s, const slim_cpu_step *step)
{
  const size_t workers = (size_t)slim_threads_count(step->device->threads);
  return outputs_floats(s) + workers * (inputs_floats(s) + sums_floats(s));
}

/* --- products ----------------------------------------------------------------------------------------------------- */

/* A task: input channels [k, k + rows) by panels [panel, end). */
typedef struct winograd_part {
  int k, rows, panel, end;
} winograd_part;

static inline int winograd_sums_tasks(const winograd_sums *s)
{
  return pieces(s->c, s->rows) * s->groups;
}

static inline winograd_part winograd_part_of(const winograd_sums *s, int number)
{
  const int k = number / s->groups * s->rows, group = number % s->groups, panels = winograd_panels(s);
  return (winograd_part){ k, at_most(s->rows, s->c - k), panels * group / s->groups,
                          panels * (group + 1) / s->groups };
}

/* rows of inputs by a panel of outputs to sums, or onto them. tiles: of the chunk, those that count at each point. */
static inline void winograd_sum(const winograd_sums *s, int rows, int panel, const span *tiles, const float *inputs,
                                const float *outputs, float *sums, bool add)
{
  const int heights = tiles_of(rows), width = panel_width(at_most(TILE_COLUMNS, s->oc - panel * TILE_COLUMNS));
  const float *b = outputs + (size_t)panel * (size_t)s->points * outputs_step(s);
  for (int p = 0; p < s->points; p++) {
    const size_t skip = (size_t)tiles[p].begin;
    winograd_tile t = { .b = b + (size_t)p * outputs_step(s) + skip * (size_t)width,
                        .a_step = (size_t)s->rows,
                        .depth = tiles[p].end - tiles[p].begin,
                        .accumulate = add };
    for (int i = 0; i < heights; i++) {
      const int row = tile_begin(rows, heights, i), height = tile_begin(rows, heights, i + 1) - row;
      t.a = inputs + (size_t)p * inputs_step(s) + skip * t.a_step + (size_t)row;
      t.c = sums + (size_t)p * sums_step(s) + (size_t)row * TILE_COLUMNS;
      CPU_OP(winograd_columns)[width == VL ? 0 : 1][height - 1](&t);
    }
  }
}

#endif
