/* Weights packed in advance, for many runs: their points, or the taps of a panel's channels, one after another. */
#include "backend/cpu/winograd_transform.h"

#define MOST_TAPS 25

void CPU_OP(winograd_filter_panel)(const winograd *w, const winograd_weights *weights, int n0, float *taps,
                                   float *points)
{
  const int width = panel_width(at_most(TILE_COLUMNS, w->oc - n0));
  const size_t point = (size_t)w->c * (size_t)width;
  for (int k = 0; k < w->c; k += WINOGRAD_TAPS) {
    const int count = at_most(WINOGRAD_TAPS, w->c - k);
    float *to = points + winograd_panel_points(w, n0) + (size_t)k * (size_t)width;
    CPU_OP(winograd_taps)(weights, n0, k, count, taps);
    for (int row = 0; row < w->size; row++, to += (size_t)w->size * point) {
      CPU_OP(winograd_filter)(w, taps, count, row, width, to, point);
    }
  }
}

typedef struct job {
  const winograd *w;
  winograd_weights weights;
  float *packed;
} job;

static void pack_taps(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t panel = begin; panel < end; panel++) {
    const int n0 = (int)panel * TILE_COLUMNS;
    CPU_OP(winograd_taps)(&j->weights, n0, 0, j->w->c, (float *)winograd_packed_taps(j->w, j->packed, n0, 0));
  }
}

static void pack_points(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  float taps[WINOGRAD_TAPS * MOST_TAPS * TILE_COLUMNS] __attribute__((aligned(64)));
  (void)worker;
  for (size_t panel = begin; panel < end; panel++) {
    CPU_OP(winograd_filter_panel)(j->w, &j->weights, (int)panel * TILE_COLUMNS, taps, j->packed);
  }
}

size_t CPU_OP(winograd_packed)(const winograd *w)
{
  const size_t columns = (size_t)pieces(w->oc, TILE_COLUMNS) * TILE_COLUMNS;
  if (w->points_kept) {
    return (size_t)w->points * (size_t)w->c * panels_width((size_t)w->oc);
  }
  return w->staged && w->fold.side == 1 ? (size_t)(w->kernel * w->kernel) * (size_t)w->c * columns : 0;
}

void CPU_OP(winograd_pack)(const slim_cpu_step *step, const winograd *w, const slim_view *weights, float *packed)
{
  job j = { w, winograd_weights_of(w, weights), packed };
  slim_cpu_for(step, (size_t)pieces(w->oc, TILE_COLUMNS), 1, w->points_kept ? pack_points : pack_taps, &j);
}
