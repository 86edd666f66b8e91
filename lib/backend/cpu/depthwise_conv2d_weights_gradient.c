/*
 * dw[tap][k] = sum over images and pixels of x[pixel + tap][k] * dy[pixel][k]. Several taps at once, of some vectors of
 * channels, are summed in registers along a row of dy. Rows are cut into fixed slices; each has sums of its own, which
 * are added in order.
 */
#include "backend/cpu/depthwise.h"

#define SLICES 16
#if defined(__AVX512F__)
#define VECTORS 2
#else
#define VECTORS 1 /* nine sums of them are what the registers hold */
#endif

typedef struct job {
  depthwise d;
  const float *x, *dy;
  float *dw;
  int slices;
} job;

static depthwise sums_of(const slim_cpu_step *step)
{
  return depthwise_of(step->attr, &step->in[1].shape, &step->out[0].shape, &step->in[0].shape);
}

static size_t weights_floats(const depthwise *d)
{
  return (size_t)(d->g.kh * d->g.kw) * (size_t)d->g.y.c;
}

static int slices_of(const depthwise *d)
{
  const int rows = d->g.y.n * d->g.y.h;
  return rows < SLICES ? rows : SLICES;
}

/* --- a row of dy -------------------------------------------------------------------------------------------------- */

/* Sums of a few taps, of one row of dy by the rows of x under it. */
typedef struct patch {
  const float *x, *dy; /* image, row */
  float *dw;           /* tap 0 of the first row */
  ptrdiff_t x_at;      /* what tap 0 of the first row and output reads; may lie outside */
  ptrdiff_t x_row, x_pixel, x_tap, dw_row, c;
  int count;
  int column, step, distance, width; /* tap t of output i reads column + i * step + t * distance of width */
} patch;

#define EACH_TAP(X) X(0, 0) X(0, 1) X(0, 2) X(0, 3) X(0, 4) X(1, 0) X(1, 1) X(1, 2) X(2, 0) X(2, 1) X(2, 2)
/* The sums are single variables, s0_0_0 to s2_2_1, and not an array: compilers keep those in registers. */
#define DECLARE(r_, t_) vec s##r_##_##t_##_0 = { 0 }, s##r_##_##t_##_1 = { 0 };
#define ADD(r_, t_)                                                                                                    \
  if (rows > (r_) && taps > (t_) &&                                                                                    \
      (inside || (column + (t_)*p->distance >= 0 && column + (t_)*p->distance < p->width))) {                          \
    const float *x = p->x + (at + (r_)*p->x_row + (t_)*p->x_tap);                                                      \
    s##r_##_##t_##_0 += dy0 * lanes_load(x, lanes);                                                                    \
    if (vectors > 1) {                                                                                                 \
      s##r_##_##t_##_1 += dy1 * vec_load(x + VL);                                                                      \
    }                                                                                                                  \
  }
#define STORE(r_, t_)                                                                                                  \
  if (rows > (r_) && taps > (t_)) {                                                                                    \
    float *dw = p->dw + (r_)*p->dw_row + (t_)*p->c + k;                                                                \
    lanes_store(dw, lanes_load(dw, lanes) + s##r_##_##t_##_0, lanes);                                                  \
    if (vectors > 1) {                                                                                                 \
      vec_store(dw + VL, vec_load(dw + VL) + s##r_##_##t_##_1);                                                        \
    }                                                                                                                  \
  }
#define SWEEP(begin_, end_, inside_)                                                                                   \
  for (int i = (begin_); i < (end_); i++) {                                                                            \
    const bool inside = (inside_);                                                                                     \
    const int column = p->column + i * p->step;                                                                        \
    const ptrdiff_t at = p->x_at + i * p->x_pixel + k;                                                                 \
    const float *dy = p->dy + i * p->c + k;                                                                            \
    const vec dy0 = lanes_load(dy, lanes), dy1 = vectors > 1 ? vec_load(dy + VL) : dy0;                                \
    (void)column;                                                                                                      \
    (void)dy1;                                                                                                         \
    EACH_TAP(ADD)                                                                                                      \
  }

/* Outputs [first, last) have all their taps inside the image. Vectors of channels from k on; of a single one, lanes. */
CPU_INLINE void add_patch(const patch *p, int rows, int taps, int k, int vectors, int lanes, int first, int last)
{
  EACH_TAP(DECLARE)
  SWEEP(0, first, false)
  SWEEP(first, last, true)
  SWEEP(last, p->count, false)
  EACH_TAP(STORE)
}

/* The first output whose tap 0 is at column or behind it. */
static int first_at(const patch *p, int column)
{
  const int first = column > p->column ? (column - p->column + p->step - 1) / p->step : 0;
  return first < p->count ? first : p->count;
}

CPU_INLINE void add_channels(const patch *p, int rows, int taps)
{
  const int first = first_at(p, 0), behind = first_at(p, p->width - (taps - 1) * p->distance);
  const int last = behind > first ? behind : first;
  int k = 0;
  for (; k + VECTORS * VL <= p->c; k += VECTORS * VL) {
    add_patch(p, rows, taps, k, VECTORS, VL, first, last);
  }
  for (; k < p->c; k += VL) {
    add_patch(p, rows, taps, k, 1, p->c - k < VL ? (int)(p->c - k) : VL, first, last);
  }
}

/* rows rows of taps taps; only 1x1, 1x3, 1x5 and 3x3 are called for. */
static void add_rows(const patch *p, int rows, int taps)
{
  if (rows == 3) {
    add_channels(p, 3, 3);
  } else if (taps == 5) {
    add_channels(p, 1, 5);
  } else if (taps == 3) {
    add_channels(p, 1, 3);
  } else {
    add_channels(p, 1, 1);
  }
}

/* --- the slice of a task ------------------------------------------------------------------------------------------ */

static void add_row(const job *j, float *dw, int n, int oy)
{
  const conv2d *g = &j->d.g;
  const ptrdiff_t c = g->x.c;
  patch p = { .x = j->x + (size_t)n * g->x.image,
              .dy = j->dy + (size_t)n * g->y.image + (size_t)oy * g->y.row,
              .c = c,
              .count = g->y.w,
              .step = g->stride.w,
              .distance = g->rate.w,
              .width = g->x.w };
  p.x_row = g->rate.h * (ptrdiff_t)g->x.row;
  p.x_pixel = g->stride.w * c;
  p.x_tap = g->rate.w * c;
  p.dw_row = g->kw * c;
  for (int ky = 0, rows = 1; ky < g->kh; ky += rows) {
    const int y = oy * g->stride.h - g->before_h + ky * g->rate.h;
    const bool three = g->kw == 3 && ky + 3 <= g->kh && y >= 0 && y + 2 * g->rate.h < g->x.h;
    rows = three ? 3 : 1;
    for (int kx = 0, taps = 1; kx < g->kw && y >= 0 && y < g->x.h; kx += taps) {
      const int left = g->kw - kx;
      taps = left >= 5 ? 5 : left >= 3 ? 3 : 1;
      p.column = kx * g->rate.w - g->before_w;
      p.x_at = y * (ptrdiff_t)g->x.row + p.column * c;
      p.dw = dw + (ky * g->kw + kx) * c;
      add_rows(&p, rows, taps);
    }
  }
}

static void run_slice(void *user, int slice, int worker)
{
  const job *j = user;
  const conv2d *g = &j->d.g;
  const int rows = g->y.n * g->y.h, last = (int)((int64_t)rows * (slice + 1) / j->slices);
  float *dw = j->dw + (size_t)slice * weights_floats(&j->d);
  (void)worker;
  memset(dw, 0, weights_floats(&j->d) * sizeof *dw);
  for (int row = (int)((int64_t)rows * slice / j->slices); row < last; row++) {
    add_row(j, dw, row / g->y.h, row % g->y.h);
  }
}

/* --- the op ------------------------------------------------------------------------------------------------------- */

/* Workspace: x and dy as the sums take them; slices of dw. */
static size_t workspace(const slim_cpu_step *step)
{
  const depthwise d = sums_of(step);
  const size_t slices = slices_of(&d) > 1 ? (size_t)slices_of(&d) * weights_floats(&d) : 0;
  return (depthwise_x_floats(&d) + depthwise_y_floats(&d) + slices) * sizeof(float);
}

static double flops(const slim_cpu_step *step)
{
  const depthwise d = sums_of(step);
  return depthwise_flops(&d);
}

typedef struct total {
  const float *from;
  float *to;
  size_t count;
  int slices;
} total;

static void add_slices(void *user, size_t begin, size_t end, int worker)
{
  const total *t = user;
  (void)worker;
  memcpy(t->to + begin, t->from + begin, (end - begin) * sizeof *t->to);
  for (int s = 1; s < t->slices; s++) {
    const float *from = t->from + (size_t)s * t->count;
    for (size_t i = begin; i < end; i++) {
      t->to[i] += from[i];
    }
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  job j = { .d = sums_of(step), .dy = step->in[0].host, .x = step->in[1].host, .dw = step->out[0].host };
  const size_t x_floats = depthwise_x_floats(&j.d), y_floats = depthwise_y_floats(&j.d);
  float *x = step->workspace, *dy = x + x_floats;
  (void)run_info;
  j.slices = slices_of(&j.d);
  if (x_floats > 0) {
    CPU_OP(depthwise_spread)(step, &j.d.x, j.d.multiplier, j.x, x);
    j.x = x;
  }
  if (y_floats > 0) {
    CPU_OP(depthwise_spread)(step, &j.d.y, 1, j.dy, dy);
    j.dy = dy;
  }
  if (j.slices > 1) {
    j.dw = dy + y_floats;
  }
  slim_threads_run(step->device->threads, j.slices, run_slice, &j);
  if (j.slices > 1) {
    total t = { j.dw, step->out[0].host, weights_floats(&j.d), j.slices };
    slim_cpu_for(step, t.count, CPU_GRAIN / SLICES, add_slices, &t);
  }
}

const slim_cpu_op CPU_OP(depthwise_conv2d_weights_gradient) = { .flops = flops, .workspace = workspace, .run = run };
