/* Weights transformed: U = G g G^T, a row of its points at a time. */
#include "backend/cpu/pack.h"
#include "backend/cpu/winograd_transform.h"

#define AHEAD 12 /* rows of weights that are fetched before their turn */

/* Tap by tap: rows of all taps together would meet in few cache sets. */
static void copy_taps(const winograd_weights *w, const float *weights, int n0, int k, int count, float *taps)
{
  const int number = w->taps, columns = at_most(TILE_COLUMNS, w->oc - n0);
  for (int t = 0; t < number; t++) {
    const float *from = weights + ((size_t)t * (size_t)w->c + (size_t)k) * (size_t)w->oc + n0;
    float *to = taps + t * TILE_COLUMNS;
    for (int i = 0; i < count; i++, from += w->oc, to += number * TILE_COLUMNS) {
      __builtin_prefetch(from + (size_t)w->oc * AHEAD);
      __builtin_prefetch(from + (size_t)w->oc * AHEAD + TILE_COLUMNS - 1);
      if (columns == TILE_COLUMNS) {
        vec_store(to, vec_load(from));
        vec_store(to + VL, vec_load(from + VL));
      } else {
        vec_store(to, load_some(from, columns));
        vec_store(to + VL, columns > VL ? load_some(from + VL, columns - VL) : (vec){ 0 });
      }
    }
  }
}

/* The same of halves. */
static void copy_half_taps(const winograd_weights *w, const uint16_t *weights, int n0, int k, int count, float *taps)
{
  const int number = w->taps, columns = at_most(TILE_COLUMNS, w->oc - n0);
  for (int t = 0; t < number; t++) {
    const uint16_t *from = weights + ((size_t)t * (size_t)w->c + (size_t)k) * (size_t)w->oc + n0;
    float *to = taps + t * TILE_COLUMNS;
    for (int i = 0; i < count; i++, from += w->oc, to += number * TILE_COLUMNS) {
      __builtin_prefetch(from + (size_t)w->oc * AHEAD);
      half_row(from, columns, TILE_COLUMNS, to);
    }
  }
}

/* The same of weights that lie turned. */
static void turn_taps(const winograd_weights *w, const float *weights, int n0, int k, int count, float *taps)
{
  const int number = w->taps, columns = at_most(TILE_COLUMNS, w->oc - n0);
  const size_t c = (size_t)w->c, channel = (size_t)number * TILE_COLUMNS;
  if (columns < TILE_COLUMNS) {
    memset(taps, 0, (size_t)count * channel * sizeof *taps);
  }
  for (int t = 0; t < number; t++) {
    const float *from = weights + ((size_t)(number - 1 - t) * (size_t)w->oc + (size_t)n0) * c + k;
    turn_panel(from, c, columns, count, taps + t * TILE_COLUMNS, channel);
  }
}

void CPU_OP(winograd_taps)(const winograd_weights *w, int n0, int k, int count, float *taps)
{
  const uint16_t *halves = halves_of(w->view);
  if (halves) {
    copy_half_taps(w, halves, n0, k, count, taps);
    return;
  }
  (w->transposed ? turn_taps : copy_taps)(w, w->view->host, n0, k, count, taps);
}

CPU_INLINE void filter_row(const float *taps, int count, const float *g, int width, float *to, size_t step, int kernel)
{
  for (int i = 0; i < count; i++, taps += kernel * kernel * TILE_COLUMNS, to += width) {
    for (int v = 0; v < width; v += VL) {
      vec column[5], point[N];
      for (int x = 0; x < kernel; x++) {
        column[x] = g[0] * vec_load(taps + x * TILE_COLUMNS + v);
        for (int y = 1; y < kernel; y++) {
          column[x] += g[y] * vec_load(taps + (y * kernel + x) * TILE_COLUMNS + v);
        }
      }
      transform_taps(column, point, kernel);
      for (int x = 0; x < N; x++) {
        vec_store(to + (size_t)x * step + v, point[x]);
      }
    }
  }
}

void CPU_OP(winograd_filter)(const winograd *w, const float *taps, int count, int row, int width, float *to,
                             size_t step)
{
  static const float scale[N - 1] = { SCALE_0, SCALE_A, SCALE_A, SCALE_B, SCALE_B };
  static const float point[N - 1] = { 0.0f, PA, -PA, PB, -PB };
  float g[5] = { 0 };
  if (row == N - 1) {
    g[w->kernel - 1] = 1.0f;
  } else {
    g[0] = scale[row];
    for (int i = 1; i < w->kernel; i++) {
      g[i] = g[i - 1] * point[row];
    }
  }
  if (w->kernel == 3) {
    filter_row(taps, count, g, width, to, step, 3);
  } else {
    filter_row(taps, count, g, width, to, step, 5);
  }
}
