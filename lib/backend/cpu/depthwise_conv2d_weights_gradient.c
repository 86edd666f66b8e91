/*
 * dw[tap][k] = sum over images and pixels of x[pixel + tap][k] * dy[pixel][k]. Several taps at once, of some vectors of
 * channels, are summed in registers along a row of dy, or all nine of 3x3 over a window of a few rows and columns.
 * Bands are cut into fixed slices; each has sums of its own, which are added in order. Few bands are cut by channels
 * too.
 */
#include "backend/cpu/depthwise.h"

#define TASKS 16
#define WINDOW_ROWS 7   /* of dy, at most, that add_lines takes at once */
#define BAND_PIXELS 224 /* of dy, about: so that to begin and end the sums costs little */
#define GROUP 4         /* vectors of channels of a task, at least: neighbouring lines come together */
#define FEW_COLUMNS 4   /* of x in a window, at most, where caches do not keep the images, and where they do */
#define MANY_COLUMNS 56
#if defined(__AVX512F__)
#define VECTORS 2
#else
#define VECTORS 1 /* nine sums of them are what the registers hold */
#endif
#if defined(__AVX512F__) || defined(__aarch64__)
#define HAS_WINDOW true /* 32 registers hold the sums and what they are of */
#else
#define HAS_WINDOW false
#endif

typedef struct job {
  depthwise d;
  const float *x, *dy;
  float *dw;
  int band_rows, bands; /* rows of a band; bands of an image */
  int slices, groups;
  int columns; /* of x in a window, at most */
} job;

/* Some rows and channels of an image. */
typedef struct band {
  int n, begin, end; /* rows of dy */
  int left, right;   /* columns of x; only of a window */
  int k, k_end;
} band;

static size_t weights_floats(const depthwise *d)
{
  return (size_t)(d->g.kh * d->g.kw) * (size_t)d->g.y.c;
}

static job job_of(const slim_cpu_step *step)
{
  job j = { .d = depthwise_of(step->attr, &step->in[1].shape, &step->out[0].shape, &step->in[0].shape) };
  const image *y = &j.d.g.y;
  j.band_rows = at_most(y->h, pieces(BAND_PIXELS, WINDOW_ROWS * y->w) * WINDOW_ROWS);
  j.bands = pieces(y->h, j.band_rows);
  j.slices = y->n > 0 ? at_most(TASKS, y->n * j.bands) : 1;
  j.groups = at_most(pieces(TASKS, j.slices), pieces(y->c, GROUP * VL));
  j.columns = depthwise_kept(step, &j.d.g) ? MANY_COLUMNS : FEW_COLUMNS;
  return j;
}

/* --- some rows of dy ------------------------------------------------------------------------------------------ */

/* Sums of a few taps, of neighbouring rows of dy by the rows of x under them. */
typedef struct patch {
  const float *x, *dy; /* image, first row */
  float *dw;           /* tap 0 of the first row of taps */
  ptrdiff_t x_at;      /* what that tap reads for the first output; may lie outside */
  ptrdiff_t x_row, x_pixel, x_tap, dw_row, c;
  ptrdiff_t x_line, dy_line;         /* to the next row of dy */
  int lines, count;                  /* rows of dy, outputs of each */
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
    const ptrdiff_t at = p->x_at + line * p->x_line + i * p->x_pixel + k;                                              \
    const float *dy = p->dy + (line * p->dy_line + i * p->c + k);                                                      \
    const vec dy0 = lanes_load(dy, lanes), dy1 = vectors > 1 ? vec_load(dy + VL) : dy0;                                \
    (void)column;                                                                                                      \
    (void)dy1;                                                                                                         \
    EACH_TAP(ADD)                                                                                                      \
  }

/* Outputs [first, last) have all their taps inside the image. Vectors of channels from k on; of a single one, lanes. */
CPU_INLINE void add_patch(const patch *p, int rows, int taps, int k, int vectors, int lanes, int first, int last)
{
  EACH_TAP(DECLARE)
  for (int line = 0; line < p->lines; line++) {
    SWEEP(0, first, false)
    SWEEP(first, last, true)
    SWEEP(last, p->count, false)
  }
  EACH_TAP(STORE)
}

/* The first output whose tap 0 is at column or behind it. */
static int first_at(const patch *p, int column)
{
  const int first = column > p->column ? (column - p->column + p->step - 1) / p->step : 0;
  return first < p->count ? first : p->count;
}

/* Channels [k, end). */
CPU_INLINE void add_channels(const patch *p, int rows, int taps, int k, int end)
{
  const int first = first_at(p, 0), behind = first_at(p, p->width - (taps - 1) * p->distance);
  const int last = behind > first ? behind : first;
  for (; k + VECTORS * VL <= end; k += VECTORS * VL) {
    add_patch(p, rows, taps, k, VECTORS, VL, first, last);
  }
  for (; k < end; k += VL) {
    add_patch(p, rows, taps, k, 1, end - k < VL ? end - k : VL, first, last);
  }
}

/* rows rows of taps taps; only 1x1, 1x3, 1x5 and 3x3 are called for. Channels [k, end). */
static void add_rows(const patch *p, int rows, int taps, int k, int end)
{
  if (rows == 3) {
    add_channels(p, 3, 3, k, end);
  } else if (taps == 5) {
    add_channels(p, 1, 5, k, end);
  } else if (taps == 3) {
    add_channels(p, 1, 3, k, end);
  } else {
    add_channels(p, 1, 1, k, end);
  }
}

/* --- 3x3 of stride 1: up to WINDOW_ROWS rows of dy at a time, each number read once for all of its sums --------- */

#define EACH_WINDOW_TAP(X) X(0, 0) X(0, 1) X(0, 2) X(1, 0) X(1, 1) X(1, 2) X(2, 0) X(2, 1) X(2, 2)
#define EACH_DY_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6)

#define DECLARE_SUM(r_, t_) vec s##r_##_##t_ = { 0 };
/* Three columns of dy stay in registers: those that taps 0, 1 and 2 at a number of x belong to. */
#define OPEN_WINDOW(d_)                                                                                                \
  const bool dy_inside##d_ = rows > (d_) && (whole || b->begin + (d_) < b->end);                                       \
  vec dy##d_##_1 = dy_inside##d_ && has_before ? lanes_load(dy + ((d_)*dy_row - c), lanes) : zero;                     \
  vec dy##d_##_2 = dy_inside##d_ && has_second ? lanes_load(dy + ((d_)*dy_row - 2 * c), lanes) : zero;
#define READ_DY(d_)                                                                                                    \
  const vec dy##d_##_0 = has_0 && inside && dy_inside##d_ ? lanes_load(dy + (d_)*dy_row, lanes) : zero;
#define SHIFT(d_)                                                                                                      \
  dy##d_##_2 = dy##d_##_1;                                                                                             \
  dy##d_##_1 = dy##d_##_0;
/* Row r of the taps, where the number of x is under row d of dy. */
#define ADD_TAPS(r_, d_)                                                                                               \
  if (rows > (d_)) {                                                                                                   \
    if (has_0) {                                                                                                       \
      s##r_##_0 += x0 * dy##d_##_0;                                                                                    \
    }                                                                                                                  \
    s##r_##_1 += x0 * dy##d_##_1;                                                                                      \
    if (has_2) {                                                                                                       \
      s##r_##_2 += x0 * dy##d_##_2;                                                                                    \
    }                                                                                                                  \
  }
#define ADD_X(row_, add_)                                                                                              \
  if (rows + 2 > (row_) && ((whole && (row_) > 0 && (row_) < rows + 1) || (y + (row_) >= 0 && y + (row_) < g->x.h))) { \
    const vec x0 = lanes_load(x + (row_)*x_row, lanes);                                                                \
    add_                                                                                                               \
  }
/* A column of x. Without tap 0, or tap 2: there is no such column of dy. */
#define ADD_COLUMN(has_0_, has_2_, inside_)                                                                            \
  {                                                                                                                    \
    const bool has_0 = (has_0_), has_2 = (has_2_), inside = (inside_);                                                 \
    EACH_DY_ROW(READ_DY)                                                                                               \
    ADD_X(0, ADD_TAPS(0, 0))                                                                                           \
    ADD_X(1, ADD_TAPS(1, 0) ADD_TAPS(0, 1))                                                                            \
    ADD_X(2, ADD_TAPS(2, 0) ADD_TAPS(1, 1) ADD_TAPS(0, 2))                                                             \
    ADD_X(3, ADD_TAPS(2, 1) ADD_TAPS(1, 2) ADD_TAPS(0, 3))                                                             \
    ADD_X(4, ADD_TAPS(2, 2) ADD_TAPS(1, 3) ADD_TAPS(0, 4))                                                             \
    ADD_X(5, ADD_TAPS(2, 3) ADD_TAPS(1, 4) ADD_TAPS(0, 5))                                                             \
    ADD_X(6, ADD_TAPS(2, 4) ADD_TAPS(1, 5) ADD_TAPS(0, 6))                                                             \
    ADD_X(7, ADD_TAPS(2, 5) ADD_TAPS(1, 6))                                                                            \
    ADD_X(8, ADD_TAPS(2, 6))                                                                                           \
    EACH_DY_ROW(SHIFT)                                                                                                 \
    x += c;                                                                                                            \
    dy += c;                                                                                                           \
  }
#define STORE_SUM(r_, t_)                                                                                              \
  at = dw + ((r_)*3 + (t_)) * c + k;                                                                                   \
  lanes_store(at, lanes_load(at, lanes) + s##r_##_##t_, lanes);
/* rows rows of dy; whole: they are there, and so are those of x between the first and the last. */
#define ADD_LINES(rows_, whole_)                                                                                       \
  {                                                                                                                    \
    const bool whole = (whole_);                                                                                       \
    const int rows = (rows_);                                                                                          \
    int i = b->left;                                                                                                   \
    EACH_DY_ROW(OPEN_WINDOW)                                                                                           \
    if (i == 0) {                                                                                                      \
      ADD_COLUMN(true, false, g->before_w < g->y.w)                                                                    \
      i++;                                                                                                             \
    }                                                                                                                  \
    for (; i < inner; i++) {                                                                                           \
      ADD_COLUMN(true, true, true)                                                                                     \
    }                                                                                                                  \
    for (; i < b->right; i++) {                                                                                        \
      ADD_COLUMN(false, true, false)                                                                                   \
    }                                                                                                                  \
  }

static bool fits_window(const conv2d *g)
{
  return HAS_WINDOW && g->kh == 3 && g->kw == 3 && g->stride.h == 1 && g->stride.w == 1 && g->rate.h == 1 &&
         g->rate.w == 1 && g->before_w <= 1;
}

/* Channels [k, k + lanes) of WINDOW_ROWS rows, or fewer. */
CPU_INLINE void add_lines(const job *j, float *dw, const band *b, int k, int lanes)
{
  const conv2d *g = &j->d.g;
  const ptrdiff_t c = g->x.c, x_row = (ptrdiff_t)g->x.row, dy_row = (ptrdiff_t)g->y.row;
  const int y = b->begin - g->before_h, column = b->left + g->before_w; /* column: of dy, that tap 0 meets first */
  const int inner = at_most(b->right, g->y.w - g->before_w);
  const bool has_before = column > 0 && column <= g->y.w, has_second = column > 1 && column <= g->y.w + 1;
  const float *x = j->x + (size_t)b->n * g->x.image + (y * x_row + b->left * c + k);
  const float *dy = j->dy + (size_t)b->n * g->y.image + (b->begin * dy_row + column * c + k);
  const vec zero = { 0 };
  float *at;
  EACH_WINDOW_TAP(DECLARE_SUM)
  if (b->end - b->begin == WINDOW_ROWS && y >= -1 && y + WINDOW_ROWS < g->x.h) {
    ADD_LINES(WINDOW_ROWS, true)
  } else if (b->end - b->begin > 4) {
    ADD_LINES(WINDOW_ROWS, false)
  } else if (b->end - b->begin > 2) {
    ADD_LINES(4, false)
  } else {
    ADD_LINES(2, false)
  }
  EACH_WINDOW_TAP(STORE_SUM)
}

static void add_window(const job *j, float *dw, const band *b)
{
  int k = b->k;
  for (; k + VL <= b->k_end; k += VL) {
    add_lines(j, dw, b, k, VL);
  }
  if (k < b->k_end) {
    add_lines(j, dw, b, k, b->k_end - k);
  }
}

/* All channels of a window before the next, so that memory is read nearly as it lies: processors fetch that in time. */
static void add_windows(const job *j, float *dw, const band *b)
{
  const conv2d *g = &j->d.g;
  const int columns = at_most(g->x.w, g->y.w + 2 - g->before_w); /* of x that any tap reads */
  const int blocks = pieces(columns, j->columns);
  band window = *b;
  for (window.begin = b->begin; window.begin < b->end; window.begin = window.end) {
    window.end = at_most(window.begin + WINDOW_ROWS, b->end);
    for (int i = 0; i < blocks; i++) {
      window.left = columns * i / blocks;
      window.right = columns * (i + 1) / blocks;
      add_window(j, dw, &window);
    }
  }
}

/* --- a task: some bands, some channels ------------------------------------------------------------------------ */

/* rows rows of the kernel from ky on, for the rows [begin, end) of dy whose windows they are inside of. */
static void add_taps(const job *j, float *dw, const band *b, int ky, int rows, int begin, int end)
{
  const conv2d *g = &j->d.g;
  const ptrdiff_t c = g->x.c;
  patch p = { .x = j->x + (size_t)b->n * g->x.image,
              .dy = j->dy + (size_t)b->n * g->y.image + (size_t)begin * g->y.row,
              .c = c,
              .x_line = g->stride.h * (ptrdiff_t)g->x.row,
              .dy_line = (ptrdiff_t)g->y.row,
              .lines = end - begin,
              .count = g->y.w,
              .step = g->stride.w,
              .distance = g->rate.w,
              .width = g->x.w };
  const int y = begin * g->stride.h - g->before_h + ky * g->rate.h;
  p.x_row = g->rate.h * (ptrdiff_t)g->x.row;
  p.x_pixel = g->stride.w * c;
  p.x_tap = g->rate.w * c;
  p.dw_row = g->kw * c;
  for (int kx = 0, taps = 1; kx < g->kw && begin < end; kx += taps) {
    const int left = g->kw - kx;
    taps = left >= 5 ? 5 : left >= 3 ? 3 : 1;
    p.column = kx * g->rate.w - g->before_w;
    p.x_at = y * (ptrdiff_t)g->x.row + p.column * c;
    p.dw = dw + (ky * g->kw + kx) * c;
    add_rows(&p, rows, taps, b->k, b->k_end);
  }
}

/* The first row of the band whose window has row ky of the kernel at row y or below it. */
static int row_from(const job *j, const band *b, int ky, int y)
{
  const conv2d *g = &j->d.g;
  const int first = y + g->before_h - ky * g->rate.h;
  const int row = first > 0 ? pieces(first, g->stride.h) : 0;
  return row < b->begin ? b->begin : at_most(row, b->end);
}

/* Three rows of the kernel at once where all are inside of the image, else one by one. */
static void add_band(const job *j, float *dw, const band *b)
{
  const conv2d *g = &j->d.g;
  for (int ky = 0, rows = 1; ky < g->kh; ky += rows) {
    rows = g->kw == 3 && ky + 3 <= g->kh ? 3 : 1;
    const int begin = row_from(j, b, ky, 0), behind = row_from(j, b, ky + rows - 1, g->x.h);
    const int end = behind > begin ? behind : begin;
    add_taps(j, dw, b, ky, rows, begin, end);
    for (int i = 0; i < rows && rows > 1; i++) {
      const int last = row_from(j, b, ky + i, g->x.h);
      add_taps(j, dw, b, ky + i, 1, row_from(j, b, ky + i, 0), at_most(begin, last));
      add_taps(j, dw, b, ky + i, 1, end, last);
    }
  }
}

/* Sums of a group of channels begin at a whole vector. */
static int group_begin(const job *j, int group)
{
  const int c = j->d.g.y.c;
  return at_most(c, pieces(c, VL) * group / j->groups * VL);
}

/* Those of band number i. */
static void set_rows(const job *j, band *b, int i)
{
  b->n = i / j->bands;
  b->begin = i % j->bands * j->band_rows;
  b->end = at_most(b->begin + j->band_rows, j->d.g.y.h);
}

static void run_task(void *user, int number, int worker)
{
  const job *j = user;
  const conv2d *g = &j->d.g;
  const int group = number % j->groups, slice = number / j->groups, bands = g->y.n * j->bands;
  float *dw = j->dw + (size_t)slice * weights_floats(&j->d);
  band b = { .k = group_begin(j, group), .k_end = group_begin(j, group + 1) };
  (void)worker;
  for (int tap = 0; tap < g->kh * g->kw; tap++) {
    memset(dw + (size_t)tap * (size_t)g->y.c + b.k, 0, (size_t)(b.k_end - b.k) * sizeof *dw);
  }
  const int end = bands * (slice + 1) / j->slices;
  for (int i = bands * slice / j->slices; i < end; i++) {
    set_rows(j, &b, i);
    if (fits_window(g)) {
      add_windows(j, dw, &b);
    } else {
      add_band(j, dw, &b);
    }
  }
}

/* --- the op --------------------------------------------------------------------------------------------------- */

/* Workspace: x and dy as the sums take them; slices of dw. */
static size_t workspace(const slim_cpu_step *step)
{
  const job j = job_of(step);
  const size_t slices = j.slices > 1 ? (size_t)j.slices * weights_floats(&j.d) : 0;
  return (depthwise_x_floats(&j.d) + depthwise_y_floats(&j.d) + slices) * sizeof(float);
}

static double flops(const slim_cpu_step *step)
{
  const job j = job_of(step);
  return depthwise_flops(&j.d);
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
  job j = job_of(step);
  const size_t x_floats = depthwise_x_floats(&j.d), y_floats = depthwise_y_floats(&j.d);
  float *x = step->workspace, *dy = x + x_floats;
  (void)run_info;
  j.dy = step->in[0].host;
  j.x = step->in[1].host;
  j.dw = step->out[0].host;
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
  slim_threads_run(step->device->threads, j.slices * j.groups, run_task, &j);
  if (j.slices > 1) {
    total t = { j.dw, step->out[0].host, weights_floats(&j.d), j.slices };
    slim_cpu_for(step, t.count, CPU_GRAIN / TASKS, add_slices, &t);
  }
}

const slim_cpu_op CPU_OP(depthwise_conv2d_weights_gradient) = { .flops = flops, .workspace = workspace, .run = run };
