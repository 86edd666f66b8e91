/*
 * Depthwise sums of 3x3 taps and stride 1 (as many outputs as inputs) or 2: column after column of a few rows, a vector
 * of channels. The column of the input at hand adds to the sums of the outputs left and right of it and to its own, so
 * that each number is read once for up to nine sums, and the weights stay in registers. All channels of a few columns
 * are made before the next ones, so that memory is read and written nearly as it lies: processors fetch that in time.
 */
#include "backend/cpu/depthwise_walk.h"

#if DEPTHWISE_WALKS

/* With the weights and a number of the input, 22 registers. */
typedef struct sums {
  vec left[DEPTHWISE_ROWS], here[DEPTHWISE_ROWS], right[DEPTHWISE_ROWS];
} sums;

/* Floats at p, of which there may be none: then zeros. Even so p lies in the input: processors take long over a page
 * that is not there, though they need nothing of it. */
CPU_INLINE vec some(const float *p, int lanes)
{
  return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << lanes) - 1), p);
}

CPU_INLINE void load_weights(const depthwise_walk *l, int k, int lanes, vec *weights)
{
  CPU_UNROLL
  for (int t = 0; t < 9; t++) {
    weights[t] = some(l->weights + t * l->tap + k, lanes);
  }
}

/* What output rows take from pixel v of input row `from`. */
CPU_INLINE void add(sums *s, const vec *weights, vec v, int from, int rows)
{
  CPU_UNROLL
  for (int t = 0; t < 3; t++) {
    const int row = from - 1 + t;
    if (row >= 0 && row < rows) {
      const vec *w = weights + 3 * (2 - t);
      s->left[row] += w[2] * v;
      s->here[row] += w[1] * v;
      s->right[row] += w[0] * v;
    }
  }
}

CPU_INLINE void put(const depthwise_walk *l, const vec *sum, float *to, int rows, int lanes)
{
  const vec zero = { 0 };
  CPU_UNROLL
  for (int r = 0; r < rows; r++, to += l->out_row) {
    vec v = sum[r];
    if (l->add_residual) {
      v += lanes_load(to + l->to_residual, lanes);
    }
    if (l->clamped) {
      v = vec_clamp(v, zero, zero + l->ceiling);
    }
    lanes_store(to, v, lanes);
  }
}

/* Rows [y, y + rows), channels [k, k + lanes). */
CPU_INLINE void walk(const depthwise_walk *l, int y, int k, int rows, int lanes)
{
  const bool has_above = y > 0, has_below = y + rows < l->h;
  const int first = l->begin > 0 ? l->begin - 1 : 0, last = l->end < l->w ? l->end : l->w - 1;
  const float *x = l->in + (y * l->row + first * l->pixel + k);
  const float *above = has_above ? x - l->row : x, *below = has_below ? x + rows * l->row : x;
  float *to = l->out + (y * l->out_row + l->begin * l->out_pixel + k);
  vec weights[9], bias = l->bias ? some(l->bias + k, lanes) : (vec){ 0 };
  sums s;
  load_weights(l, k, lanes, weights);
  CPU_UNROLL
  for (int r = 0; r < rows; r++) {
    s.left[r] = s.here[r] = s.right[r] = bias;
  }
  for (int i = first; i <= last; i++) {
    add(&s, weights, some(above, has_above ? lanes : 0), -1, rows);
    CPU_UNROLL
    for (int from = 0; from < rows; from++) {
      add(&s, weights, lanes_load(x + from * l->row, lanes), from, rows);
    }
    add(&s, weights, some(below, has_below ? lanes : 0), rows, rows);
    if (i > l->begin) {
      put(l, s.left, to, rows, lanes);
      to += l->out_pixel;
    }
    CPU_UNROLL
    for (int r = 0; r < rows; r++) {
      s.left[r] = s.here[r];
      s.here[r] = s.right[r];
      s.right[r] = bias;
    }
    x += l->pixel;
    above += l->pixel;
    below += l->pixel;
  }
  if (l->end == l->w) {
    put(l, s.left, to, rows, lanes);
  }
}

/* Input columns from `at` on of stride 2: rows [top, top + 2 * rows], of which the first and the last may be outside.
 */
typedef struct column {
  const float *first, *inner, *last;
  int first_lanes, lanes, last_lanes;
  ptrdiff_t row;
} column;

CPU_INLINE vec column_pixel(const column *x, int from, int rows)
{
  return from == 0          ? some(x->first, x->first_lanes)
         : from == 2 * rows ? some(x->last, x->last_lanes)
                            : lanes_load(x->inner + (from - 1) * x->row, x->lanes);
}

CPU_INLINE void column_next(column *x, ptrdiff_t pixel)
{
  x->first += pixel;
  x->inner += pixel;
  x->last += pixel;
}

/* What the sums take from a column through the taps of column t; next: the sums right of them, of which it is the first
 * column; NULL: it is of none. */
CPU_INLINE void add_strided(vec *sum, vec *next, const vec *weights, int t, const column *x, int rows)
{
  CPU_UNROLL
  for (int from = 0; from <= 2 * rows; from++) {
    const vec v = column_pixel(x, from, rows);
    CPU_UNROLL
    for (int r = 0; r < rows; r++) {
      if (from >= 2 * r && from <= 2 * r + 2) {
        const vec *w = weights + 3 * (from - 2 * r);
        sum[r] += w[t] * v;
        if (next) {
          next[r] += w[0] * v;
        }
      }
    }
  }
}

CPU_INLINE column column_of(const depthwise_walk *l, int y, int at, int k, int rows, int lanes)
{
  const int top = 2 * y - l->before_h, bottom = top + 2 * rows;
  const float *inner = l->in + ((top + 1) * l->row + at * l->pixel + k);
  return (column){ .first = top >= 0 ? inner - l->row : inner,
                   .inner = inner,
                   .last = bottom < l->h ? inner + (2 * rows - 1) * l->row : inner,
                   .first_lanes = top >= 0 ? lanes : 0,
                   .lanes = lanes,
                   .last_lanes = bottom < l->h ? lanes : 0,
                   .row = l->row };
}

/* The same of stride 2. */
CPU_INLINE void walk_strided(const depthwise_walk *l, int y, int k, int rows, int lanes)
{
  const int first = 2 * l->begin - l->before_w, behind = 2 * l->end - l->before_w;
  column x = column_of(l, y, first > 0 ? first : 0, k, rows, lanes);
  float *to = l->out + (y * l->out_row + l->begin * l->out_pixel + k);
  vec weights[9], left[DEPTHWISE_ROWS], here[DEPTHWISE_ROWS];
  const vec bias = l->bias ? some(l->bias + k, lanes) : (vec){ 0 };
  load_weights(l, k, lanes, weights);
  CPU_UNROLL
  for (int r = 0; r < rows; r++) {
    left[r] = here[r] = bias;
  }
  for (int i = l->begin; i < l->end; i++) {
    if (first >= 0 || i > l->begin) {
      add_strided(left, here, weights, 2, &x, rows);
      column_next(&x, l->pixel);
    }
    if (i > l->begin) {
      put(l, left, to, rows, lanes);
      to += l->out_pixel;
    }
    add_strided(here, NULL, weights, 1, &x, rows);
    column_next(&x, l->pixel);
    CPU_UNROLL
    for (int r = 0; r < rows; r++) {
      left[r] = here[r];
      here[r] = bias;
    }
  }
  if (behind < l->w) {
    add_strided(left, NULL, weights, 2, &x, rows);
  }
  put(l, left, to, rows, lanes);
}

#define CHOSEN(l_, y_, k_, rows_, lanes_)                                                                              \
  ((l_)->strided ? walk_strided(l_, y_, k_, rows_, lanes_) : walk(l_, y_, k_, rows_, lanes_))
#define ROWS(rows_)                                                                                                    \
  static void walk_##rows_(const depthwise_walk *l, int y)                                                             \
  {                                                                                                                    \
    int k = 0;                                                                                                         \
    for (; k + VL <= l->channels; k += VL) {                                                                           \
      CHOSEN(l, y, k, rows_, VL);                                                                                      \
    }                                                                                                                  \
    if (k < l->channels) {                                                                                             \
      CHOSEN(l, y, k, rows_, l->channels - k);                                                                         \
    }                                                                                                                  \
  }
ROWS(1)
ROWS(2)
ROWS(3)
ROWS(4)

void CPU_OP(depthwise_walk_run)(const depthwise_walk *l, int y, int rows)
{
  static void (*const by_rows[DEPTHWISE_ROWS])(const depthwise_walk *, int) = { walk_1, walk_2, walk_3, walk_4 };
  const int count = l->end - l->begin, blocks = pieces(count, l->columns);
  depthwise_walk block = *l;
  for (int i = 0; i < blocks; i++) {
    block.begin = l->begin + count * i / blocks;
    block.end = l->begin + count * (i + 1) / blocks;
    by_rows[rows - 1](&block, y);
  }
}

#endif
