/* Weights transformed: U = G g G^T, a row of its points at a time. */
#include "backend/cpu/pack.h"
#include "backend/cpu/winograd_transform.h"

#define AHEAD 12 /* rows of weights that are fetched before their turn */

/* Rows [begin, end) of count a tap. Tap by tap: rows of all taps together would meet in few cache sets. */
static void copy_rows(const winograd_weights *w, int n0, int k, int count, int begin, int end, float *taps)
{
  const float *weights = (const float *)w->view->host + (size_t)k * (size_t)w->oc + n0;
  const size_t tap = (size_t)w->c * (size_t)w->oc;
  const int columns = at_most(TILE_COLUMNS, w->oc - n0), last = w->taps * count - 1;
  for (int i = begin; i < end; i++) {
    const int t = i / count, channel = i % count, later = at_most(i + AHEAD, last);
    const float *from = weights + (size_t)t * tap + (size_t)channel * (size_t)w->oc;
    const float *ahead = weights + (size_t)(later / count) * tap + (size_t)(later % count) * (size_t)w->oc;
    float *to = taps + (channel * w->taps + t) * TILE_COLUMNS;
    __builtin_prefetch(ahead);
    __builtin_prefetch(ahead + TILE_COLUMNS - 1);
    if (columns == TILE_COLUMNS) {
      vec_store(to, vec_load(from));
      vec_store(to + VL, vec_load(from + VL));
    } else {
      vec_store(to, load_some(from, columns));
      vec_store(to + VL, columns > VL ? load_some(from + VL, columns - VL) : (vec){ 0 });
    }
  }
}

void CPU_OP(winograd_taps_share)(const winograd_weights *w, int n0, int k, int count, int turn, int turns, float *taps)
{
  const int rows = w->taps * count;
  copy_rows(w, n0, k, count, rows * turn / turns, rows * (turn + 1) / turns, taps);
}

void CPU_OP(winograd_fetch_taps)(const winograd_weights *w, int n0, int k, int count, int turn, int turns)
{
  const size_t size = slim_dtype_size(w->view->dtype), line = 64 / size;
  const int rows = w->transposed ? at_most(TILE_COLUMNS, w->oc - n0) : count, all = w->taps * rows;
  const size_t columns = (size_t)(w->transposed ? count : at_most(TILE_COLUMNS, w->oc - n0));
  const size_t row = (size_t)(w->transposed ? w->c : w->oc), tap = (size_t)w->c * (size_t)w->oc;
  const size_t first = w->transposed ? (size_t)n0 * row + (size_t)k : (size_t)k * row + (size_t)n0;
  for (int i = all * turn / turns; i < all * (turn + 1) / turns; i++) {
    const size_t at = first + (size_t)(i / rows) * tap + (size_t)(i % rows) * row;
    for (size_t x = 0; x < columns; x += line) {
      __builtin_prefetch((const char *)w->view->host + (at + x) * size, 0, 2);
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
  } else if (w->transposed) {
    turn_taps(w, w->view->host, n0, k, count, taps);
  } else {
    copy_rows(w, n0, k, count, 0, w->taps * count, taps);
  }
}

CPU_INLINE void filter_some(const float *taps, int count, const float *g, int width, float *to, size_t step, int size,
                            int kernel, int first, int last)
{
  for (int i = 0; i < count; i++, taps += kernel * kernel * TILE_COLUMNS, to += width) {
    for (int v = 0; v < width; v += VL) {
      vec point[MOST_SIZE];
      transform_row(taps + v, g, size, kernel, first, last, point);
      for (int x = 0; x < size; x++) {
        vec_store(to + (size_t)x * step + v, point[x]);
      }
    }
  }
}

CPU_INLINE void filter_row(const float *taps, int count, int row, int width, float *to, size_t step, int size,
                           int kernel)
{
  const factors g = factors_of(size, kernel, row);
  if (ZEROS(size) && g.last == 1) {
    filter_some(taps, count, g.of, width, to, step, size, kernel, 0, 1);
  } else if (g.first > 0) {
    filter_some(taps, count, g.of, width, to, step, size, kernel, kernel - 1, kernel);
  } else {
    filter_some(taps, count, g.of, width, to, step, size, kernel, 0, kernel);
  }
}

void CPU_OP(winograd_filter)(const winograd *w, const float *taps, int count, int row, int width, float *to,
                             size_t step)
{
  if (w->size == 6) {
    filter_row(taps, count, row, width, to, step, 6, 3);
  } else if (w->kernel == 3) {
    filter_row(taps, count, row, width, to, step, 7, 3);
  } else if (w->kernel == 4) {
    filter_row(taps, count, row, width, to, step, 7, 4);
  } else {
    filter_row(taps, count, row, width, to, step, 7, 5);
  }
}

/* --- rows of points that are made while others are multiplied ----------------------------------------------------- */

void CPU_OP(winograd_row_begin)(winograd_row *r, const float *taps, int count, int row, size_t step)
{
  const factors g = factors_of(6, 3, row);
  r->making =
      (winograd_making){ .taps = taps + g.first * 3 * TILE_COLUMNS, .to = r->next, .step = step, .left = count };
  r->making.mixed = g.last - g.first > 1;
  memcpy(r->making.of, g.of, sizeof r->making.of);
  r->begun = true;
}

void CPU_OP(winograd_row_ready)(const winograd *w, winograd_row *r, const float *taps, int count, int row, int width,
                                size_t step)
{
  const int done = r->begun ? count - r->making.left : 0;
  if (r->begun) {
    float *const made = r->next;
    r->next = r->now;
    r->now = made;
  }
  if (done < count) {
    CPU_OP(winograd_filter)(w, taps + done * w->kernel * w->kernel * TILE_COLUMNS, count - done, row, width,
                            r->now + done * width, step);
  }
  r->begun = false;
  r->making.left = 0;
}

/* --- four tiles: products right away, all points of a row in registers, without a trip through memory ------------- */

#define FEW_SIZE 6
#define FEW_SHARE (9 * TILE_COLUMNS / (FEW_SIZE * 2)) /* of a channel's taps, for a row of points and VL columns */
/* Points p_ of a row, the last at infinity or not, and tiles t_ that need them, in the order of place_of: cut off below,
 * whole, at the right, both ways. */
#define EACH_SUM(p_, t_)                                                                                               \
  CPU_UNROLL                                                                                                           \
  for (int p_ = 0; p_ < FEW_SIZE; p_++)                                                                                \
    CPU_UNROLL                                                                                                         \
    for (int t_ = 0; t_ < WINOGRAD_FEW; t_++)                                                                          \
      if (!cut || ((!infinity || t_ == 1 || t_ == 2) && (p_ < FEW_SIZE - 1 || t_ < 2)))

/* VL columns, from v on, of row row of points. */
CPU_INLINE void few_columns(const winograd_few *f, int row, int v, const float *g, int first, int last, bool cut)
{
  const bool infinity = first > 0;
  const float *taps = f->taps + v, *ahead = f->ahead + (size_t)(row * 2 + v / VL) * FEW_SHARE * (size_t)f->depth;
  const float *a = f->a + (size_t)(row * FEW_SIZE) * f->in_step;
  float *to = f->products + (size_t)(row * FEW_SIZE) * f->out_step + v;
  vec sum[FEW_SIZE][WINOGRAD_FEW];
  EACH_SUM(p, t) {
    sum[p][t] = f->accumulate ? vec_load(to + (size_t)p * f->out_step + t * TILE_COLUMNS) : (vec){ 0 };
  }
  for (int k = 0; k < f->depth; k++, taps += 9 * TILE_COLUMNS, ahead += FEW_SHARE) {
    vec point[FEW_SIZE];
    __builtin_prefetch(ahead, 0, 2);
    __builtin_prefetch(ahead + FEW_SHARE - 1, 0, 2);
    transform_row(taps, g, FEW_SIZE, 3, first, last, point);
    EACH_SUM(p, t) {
      sum[p][t] += a[(size_t)p * f->in_step + (size_t)(t * WINOGRAD_K + k)] * point[p];
    }
  }
  EACH_SUM(p, t) {
    vec_store(to + (size_t)p * f->out_step + t * TILE_COLUMNS, sum[p][t]);
  }
}

CPU_INLINE void few_row(const winograd_few *f, int row, bool cut)
{
  const factors g = factors_of(FEW_SIZE, 3, row);
  for (int v = 0; v < f->width; v += VL) {
    if (g.last == 1) {
      few_columns(f, row, v, g.of, 0, 1, cut);
    } else if (g.first > 0) {
      few_columns(f, row, v, g.of, 2, 3, cut);
    } else {
      few_columns(f, row, v, g.of, 0, 3, cut);
    }
  }
}

void CPU_OP(winograd_multiply_few)(const winograd_few *f, int row)
{
  if (f->cut) {
    few_row(f, row, true);
  } else {
    few_row(f, row, false);
  }
}
