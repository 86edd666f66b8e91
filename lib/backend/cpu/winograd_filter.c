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
    const ptrdiff_t tap = (ptrdiff_t)w->oc * (ptrdiff_t)w->c, next = t + 1 < number ? -tap : (number - 1) * tap + count;
    turn_panel(from, c, columns, count, taps + t * TILE_COLUMNS, channel, next);
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

/* A row of G: what each of kernel taps counts; only those of [first, last) do. */
typedef struct factors {
  float of[5];
  int first, last;
} factors;

static factors factors_of(int kernel, int row)
{
  static const float scale[N - 1] = { SCALE_0, SCALE_A, SCALE_A, SCALE_B, SCALE_B };
  static const float point[N - 1] = { 0.0f, PA, -PA, PB, -PB };
  factors g = { .first = 0, .last = row == 0 ? 1 : kernel };
  if (row == N - 1) {
    g.of[kernel - 1] = 1.0f;
    g.first = kernel - 1;
    return g;
  }
  g.of[0] = scale[row];
  for (int i = 1; i < kernel; i++) {
    g.of[i] = g.of[i - 1] * point[row];
  }
  return g;
}

/* A row of points of the taps of a channel. first, last: constants. */
CPU_INLINE void transform_row(const float *taps, const float *g, int kernel, int first, int last, vec *point)
{
  vec column[5];
  CPU_UNROLL
  for (int x = 0; x < kernel; x++) {
    column[x] = g[first] * vec_load(taps + (first * kernel + x) * TILE_COLUMNS);
    CPU_UNROLL
    for (int y = first + 1; y < last; y++) {
      column[x] += g[y] * vec_load(taps + (y * kernel + x) * TILE_COLUMNS);
    }
  }
  transform_taps(column, point, kernel);
}

CPU_INLINE void filter_row(const float *taps, int count, const float *g, int width, float *to, size_t step, int kernel,
                           int first, int last)
{
  for (int i = 0; i < count; i++, taps += kernel * kernel * TILE_COLUMNS, to += width) {
    for (int v = 0; v < width; v += VL) {
      vec point[N];
      transform_row(taps + v, g, kernel, first, last, point);
      for (int x = 0; x < N; x++) {
        vec_store(to + (size_t)x * step + v, point[x]);
      }
    }
  }
}

CPU_INLINE void filter_any(const float *taps, int count, const factors *g, int width, float *to, size_t step,
                           int kernel)
{
  if (g->last == 1) {
    filter_row(taps, count, g->of, width, to, step, kernel, 0, 1);
  } else if (g->first > 0) {
    filter_row(taps, count, g->of, width, to, step, kernel, kernel - 1, kernel);
  } else {
    filter_row(taps, count, g->of, width, to, step, kernel, 0, kernel);
  }
}

void CPU_OP(winograd_filter)(const winograd *w, const float *taps, int count, int row, int width, float *to,
                             size_t step)
{
  const factors g = factors_of(w->kernel, row);
  if (w->kernel == 3) {
    filter_any(taps, count, &g, width, to, step, 3);
  } else {
    filter_any(taps, count, &g, width, to, step, 5);
  }
}

/* --- four tiles: products right away, all points of a row in registers, without a trip through memory ------------- */

#define EACH_SUM(p_, t_)                                                                                               \
  CPU_UNROLL                                                                                                           \
  for (int p_ = 0; p_ < N; p_++)                                                                                       \
    CPU_UNROLL                                                                                                         \
    for (int t_ = 0; t_ < WINOGRAD_FEW; t_++)

/* VL columns of a row of points. a, to: of its first point. */
CPU_INLINE void few_columns(const winograd_few *f, const float *taps, const float *g, const float *a, float *to,
                            int first, int last)
{
  vec sum[N][WINOGRAD_FEW];
  EACH_SUM(p, t) {
    sum[p][t] = f->accumulate ? vec_load(to + (size_t)p * f->out_step + t * TILE_COLUMNS) : (vec){ 0 };
  }
  for (int k = 0; k < f->depth; k++, taps += 9 * TILE_COLUMNS) {
    vec point[N];
    transform_row(taps, g, 3, first, last, point);
    EACH_SUM(p, t) {
      sum[p][t] += a[(size_t)p * f->in_step + (size_t)(t * WINOGRAD_K + k)] * point[p];
    }
  }
  EACH_SUM(p, t) {
    vec_store(to + (size_t)p * f->out_step + t * TILE_COLUMNS, sum[p][t]);
  }
}

void CPU_OP(winograd_multiply_few)(const winograd_few *f, int row)
{
  const factors g = factors_of(3, row);
  const float *a = f->a + (size_t)(row * N) * f->in_step;
  float *to = f->products + (size_t)(row * N) * f->out_step;
  for (int v = 0; v < f->width; v += VL) {
    if (g.last == 1) {
      few_columns(f, f->taps + v, g.of, a, to + v, 0, 1);
    } else if (g.first > 0) {
      few_columns(f, f->taps + v, g.of, a, to + v, 2, 3);
    } else {
      few_columns(f, f->taps + v, g.of, a, to + v, 0, 3);
    }
  }
}
