/* Images and weights folded, and gradients unfolded: between pixels in blocks of side x side and one pixel each. */
#include "backend/cpu/pack.h"
#include "backend/cpu/winograd_transform.h"

typedef struct job {
  const winograd *w;
  const float *from;
  float *to;
} job;

/* The folded images. */
static int folded_h(const winograd *w)
{
  return w->transposed ? w->oh : w->h;
}

static int folded_w(const winograd *w)
{
  return w->transposed ? w->ow : w->w;
}

static int folded_c(const winograd *w)
{
  return w->transposed ? w->oc : w->c;
}

static size_t folded_floats(const winograd *w)
{
  return (size_t)w->n * (size_t)folded_h(w) * (size_t)folded_w(w) * (size_t)folded_c(w);
}

static size_t weights_floats(const winograd *w)
{
  return (size_t)(w->kernel * w->kernel) * (size_t)w->c * (size_t)w->oc;
}

size_t CPU_OP(winograd_folded)(const winograd *w)
{
  return w->fold.side > 1 ? whole_lines(folded_floats(w)) + whole_lines(weights_floats(w)) : 0;
}

float *CPU_OP(winograd_folded_weights)(const winograd *w, float *folded)
{
  return folded + whole_lines(folded_floats(w));
}

/* --- images ------------------------------------------------------------------------------------------------------- */

/* A few floats, inline. */
CPU_INLINE void copy_few(float *to, const float *from, int count)
{
  int i = 0;
  for (; i + 4 <= count; i += 4) {
    memcpy(to + i, from + i, 4 * sizeof *to);
  }
  for (; i < count; i++) {
    to[i] = from[i];
  }
}

/* Columns of block number x that lie in the image, counted from its first. */
static inline span columns_inside(const winograd_fold *f, int x)
{
  const int left = x * f->side - f->left;
  return (span){ at_most(at_least(-left, 0), f->side), at_least(at_most(f->side, f->w - left), 0) };
}

/* A row of pixels, the one number dy of its blocks; NULL: zeros. */
static void fold_row(const winograd *w, const float *row, int dy, float *to)
{
  const winograd_fold *f = &w->fold;
  const int c = f->c, run = f->side * c;
  row -= row ? f->left * c : 0;
  to += dy * run;
  for (int x = 0; x < w->w; x++, row += row ? run : 0, to += w->c) {
    const span s = row ? columns_inside(f, x) : (span){ 0, 0 };
    if (s.end - s.begin < f->side) {
      memset(to, 0, (size_t)run * sizeof *to);
    }
    copy_few(to + s.begin * c, row + s.begin * c, (s.end - s.begin) * c);
  }
}

/* Rows of the folded images. */
static void fold_rows(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const winograd *w = j->w;
  const winograd_fold *f = &w->fold;
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    const size_t n = i / (size_t)w->h;
    for (int dy = 0; dy < f->side; dy++) {
      const int y = (int)(i % (size_t)w->h) * f->side + dy - f->top;
      const bool inside = y >= 0 && y < f->h;
      fold_row(w, inside ? j->from + (n * (size_t)f->h + (size_t)y) * (size_t)f->w * (size_t)f->c : NULL, dy,
               j->to + i * (size_t)w->w * (size_t)w->c);
    }
  }
}

void CPU_OP(winograd_fold_image)(const slim_cpu_step *step, const winograd *w, const float *in, float *folded)
{
  job j = { w, in, folded };
  slim_cpu_for(step, (size_t)(w->n * w->h), 1 + CPU_GRAIN / (size_t)(w->w * w->c), fold_rows, &j);
}

/* Rows of the images as they lie: no output reads what the folded ones lack. */
static void unfold_rows(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const winograd *w = j->w;
  const winograd_fold *f = &w->fold;
  const int run = f->side * f->c;
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    const size_t n = i / (size_t)f->h, row = (size_t)f->w * (size_t)f->c;
    const int y = (int)(i % (size_t)f->h) + f->top;
    float *to = j->to + i * row;
    const float *from = j->from + ((n * (size_t)w->oh + (size_t)(y / f->side)) * (size_t)w->ow) * (size_t)w->oc +
                        y % f->side * run;
    memset(to, 0, row * sizeof *to);
    for (int x = 0; x < w->ow && y / f->side < w->oh; x++, from += w->oc) {
      const span s = columns_inside(f, x);
      copy_few(to + (x * f->side - f->left + s.begin) * f->c, from + s.begin * f->c, (s.end - s.begin) * f->c);
    }
  }
}

void CPU_OP(winograd_unfold_image)(const slim_cpu_step *step, const winograd *w, const float *folded, float *out)
{
  const winograd_fold *f = &w->fold;
  job j = { w, folded, out };
  slim_cpu_for(step, (size_t)(w->n * f->h), 1 + CPU_GRAIN / (size_t)(f->w * f->c), unfold_rows, &j);
}

/* --- weights ------------------------------------------------------------------------------------------------------ */

/* The row of the weights, of all outputs, that number i of the folded ones is; -1: it is 0. */
static ptrdiff_t weights_row(const winograd *w, int i)
{
  const winograd_fold *f = &w->fold;
  const int c = folded_c(w), tap = i / c, ky = tap / w->kernel * f->side + i % c / (f->side * f->c);
  const int kx = tap % w->kernel * f->side + i % c / f->c % f->side;
  return ky < f->kernel && kx < f->kernel ? (ptrdiff_t)(ky * f->kernel + kx) * f->c + i % f->c : -1;
}

static int weights_rows(const winograd *w)
{
  return w->kernel * w->kernel * folded_c(w);
}

static int weights_columns(const winograd *w)
{
  return w->transposed ? w->c : w->oc;
}

void CPU_OP(winograd_fold_weights)(const winograd *w, const slim_view *weights, float *folded)
{
  const uint16_t *halves = halves_of(weights);
  const int columns = weights_columns(w);
  for (int i = 0; i < weights_rows(w); i++, folded += columns) {
    const ptrdiff_t row = weights_row(w, i);
    if (row < 0) {
      memset(folded, 0, (size_t)columns * sizeof *folded);
    } else if (halves) {
      half_row(halves + row * columns, columns, columns, folded);
    } else {
      memcpy(folded, (const float *)weights->host + row * columns, (size_t)columns * sizeof *folded);
    }
  }
}

void CPU_OP(winograd_unfold_weights)(const winograd *w, const float *folded, float *dw)
{
  const int columns = weights_columns(w);
  for (int i = 0; i < weights_rows(w); i++, folded += columns) {
    const ptrdiff_t row = weights_row(w, i);
    if (row >= 0) {
      memcpy(dw + row * columns, folded, (size_t)columns * sizeof *folded);
    }
  }
}
