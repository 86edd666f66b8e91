/*
 * dw[tap][ci][co] = sum over images and pixels of x[pixel + tap][ci] * dy[pixel][co], as a matrix product: its rows are
 * runs of ci numbers, the depth are the pixels that have the tap inside of the image. With few channels the columns of
 * a copy of x under the taps of one kernel row lie side by side (rate 1), so that the runs have kw * ci numbers. The
 * images are cut into fixed slices, each with sums of its own, which are added in order; many weights are cut by panels
 * of output channels instead. Products of whole matrices are gemm's, others may be Winograd's.
 */
#include "backend/cpu/conv2d.h"
#include "backend/cpu/layout.h"
#include "backend/cpu/pack.h"
#include "backend/cpu/pieces.h"
#include "backend/cpu/winograd.h"
#include "backend/cpu/winograd_line.h"

#define TASKS 8
#define CHUNK_PIXELS 320        /* depth of a chunk, about */
#define APART_CHANNELS 16       /* so many are a run of their own */
#define SLICED_FLOATS (1 << 17) /* the most weights that are summed in several copies */

typedef struct plan {
  conv2d g;
  image x, y;    /* channels last */
  bool in_place; /* x is read as it lies */
  int runs, run; /* runs of neighbouring rows of dw, and how long each is */
  int chunk_images, chunk_rows, chunks_down, chunks;
  int copy_h, copy_w; /* of x's copy for one image of a chunk */
  int panels, panel_groups, slices;
} plan;

typedef struct job {
  plan p;
  const float *x, *dy;
  float *dw;
  float *scratch;
} job;

static size_t weights_floats(const plan *p)
{
  return (size_t)(p->g.kh * p->g.kw) * (size_t)p->x.c * (size_t)p->y.c;
}

static void plan_chunks(plan *p)
{
  const int pixels = at_least(1, p->y.h * p->y.w);
  p->chunk_rows = at_least(1, p->y.h);
  p->chunk_images = 1;
  if (pixels > 2 * CHUNK_PIXELS) {
    const int rows = at_least(pieces(CHUNK_PIXELS, p->y.w), at_most(4, p->y.h));
    p->chunk_rows = pieces(p->y.h, pieces(p->y.h, rows));
  } else {
    p->chunk_images = at_least(1, at_most(CHUNK_PIXELS / pixels, pieces(p->y.n, TASKS)));
  }
  p->chunks_down = pieces(p->y.h, p->chunk_rows);
  p->chunks = pieces(p->y.n, p->chunk_images) * p->chunks_down;
  p->copy_h = (p->chunk_rows - 1) * p->g.stride.h + (p->g.kh - 1) * p->g.rate.h + 1;
  p->copy_w = (p->y.w - 1) * p->g.stride.w + (p->g.kw - 1) * p->g.rate.w + 1;
}

static plan plan_of(const slim_cpu_step *step)
{
  plan p = { .g = conv2d_of(step->attr, &step->in[1].shape, &step->out[0].shape, &step->in[0].shape) };
  const conv2d *g = &p.g;
  const bool joined = (g->rate.w == 1 && g->x.c < APART_CHANNELS) || g->kw == 1;
  p.x = channels_last(g->x);
  p.y = channels_last(g->y);
  p.runs = joined ? g->kh : g->kh * g->kw;
  p.run = joined ? g->kw * p.x.c : p.x.c;
  p.in_place = !joined || g->kw == 1 || (g->before_w == 0 && (p.y.w - 1) * g->stride.w + g->kw <= p.x.w);
  p.panels = pieces(p.y.c, TILE_COLUMNS);
  plan_chunks(&p);
  p.panel_groups = weights_floats(&p) > SLICED_FLOATS ? at_most(p.panels, TASKS) : 1;
  p.slices = at_most(p.chunks, pieces(TASKS, p.panel_groups));
  return p;
}

/* --- scratch of a worker: x's copy, dy's panels, the starts of the rows ------------------------------------------- */

#define POINTER_FLOATS (sizeof(void *) / 4)

static size_t copy_floats(const plan *p)
{
  const size_t image_size = (size_t)p->copy_h * (size_t)p->copy_w * (size_t)p->x.c;
  return p->in_place ? 0 : whole_lines((size_t)p->chunk_images * image_size);
}

static size_t panel_floats(const plan *p)
{
  return (size_t)(p->chunk_images * p->chunk_rows * p->y.w) * TILE_COLUMNS;
}

static size_t segment_pointers(const plan *p)
{
  return whole_lines((size_t)(p->chunk_images * p->chunk_rows) * POINTER_FLOATS);
}

static size_t scratch_floats(const plan *p)
{
  return copy_floats(p) + panel_floats(p) + 2 * segment_pointers(p);
}

/* --- a chunk: some images or rows --------------------------------------------------------------------------------- */

typedef struct chunk {
  int image, images, row, rows;
  float *copy, *panel;
  const float **x_rows, **dy_rows; /* of a tile's segments */
  /* x or its copy: from [top][left] of the first image on; size, and floats from image to image and row to row */
  const float *from;
  int top, left, h, w;
  size_t image_step, row_step;
} chunk;

static void copy_row(const plan *p, const float *from, int y, float *to)
{
  const int left = at_most(p->g.before_w, p->copy_w), right = at_most(p->copy_w, p->x.w + p->g.before_w);
  const size_t c = (size_t)p->x.c;
  if (y < 0 || y >= p->x.h || right <= left) {
    memset(to, 0, (size_t)p->copy_w * c * sizeof *to);
    return;
  }
  memset(to, 0, (size_t)left * c * sizeof *to);
  memcpy(to + (size_t)left * c, from + (size_t)y * p->x.row, (size_t)(right - left) * c * sizeof *to);
  memset(to + (size_t)right * c, 0, (size_t)(p->copy_w - right) * c * sizeof *to);
}

/* Copies x where it must be. */
static void open_chunk(const job *j, chunk *c)
{
  const plan *p = &j->p;
  const int top = c->row * p->g.stride.h - p->g.before_h;
  const float *from = j->x + (size_t)c->image * p->x.image;
  if (p->in_place) {
    c->from = from;
    c->top = top;
    c->left = -p->g.before_w;
    c->h = p->x.h;
    c->w = p->x.w;
    c->image_step = p->x.image;
    c->row_step = p->x.row;
    return;
  }
  c->from = c->copy;
  c->top = c->left = 0;
  c->h = (c->rows - 1) * p->g.stride.h + (p->g.kh - 1) * p->g.rate.h + 1;
  c->w = p->copy_w;
  c->row_step = (size_t)p->copy_w * (size_t)p->x.c;
  c->image_step = (size_t)c->h * c->row_step;
  for (int i = 0; i < c->images * c->h; i++) {
    copy_row(p, from + (size_t)(i / c->h) * p->x.image, top + i % c->h, c->copy + (size_t)i * c->row_step);
  }
}

/* dy's columns of one panel, pixel after pixel. */
static void pack_dy(const job *j, const chunk *c, int n0, int columns)
{
  const plan *p = &j->p;
  const int pixels = c->rows * p->y.w;
  float *to = c->panel;
  for (int n = 0; n < c->images; n++, to += (size_t)pixels * (size_t)panel_width(columns)) {
    const float *from = j->dy + (size_t)(c->image + n) * p->y.image + (size_t)c->row * p->y.row;
    pack_panel(from + n0, p->y.pixel, j->dy + (size_t)p->y.n * p->y.image, columns, pixels, to);
  }
}

/* The outputs of count that read inside of size, the first of them at first. */
static span outputs_inside(int first, int stride, int size, int count)
{
  const int begin = first < 0 ? pieces(-first, stride) : 0;
  const int end = first < size ? at_most(count, (size - 1 - first) / stride + 1) : 0;
  return (span){ at_most(begin, end), end };
}

/* The segments of a run of dw's rows: rows of the chunk whose outputs have it inside of the image. */
static void find_segments(const plan *p, const chunk *c, int run, tile *tl)
{
  const int across = p->runs / p->g.kh, kernel_w = across > 1 ? 1 : p->run / p->x.c, width = panel_width(tl->columns);
  const int y = c->top + run / across * p->g.rate.h, x = c->left + run % across * p->g.rate.w;
  const span rows = outputs_inside(y, p->g.stride.h, c->h, c->rows);
  const span columns = outputs_inside(x, p->g.stride.w, c->w - kernel_w + 1, p->y.w);
  int count = 0;
  for (int n = 0; n < c->images; n++) {
    const float *from = c->from + (size_t)n * c->image_step +
                        (size_t)(x + columns.begin * p->g.stride.w) * (size_t)p->x.c;
    for (int r = rows.begin; r < rows.end; r++, count++) {
      c->x_rows[count] = from + (size_t)(y + r * p->g.stride.h) * c->row_step;
      c->dy_rows[count] = c->panel + (size_t)((n * c->rows + r) * p->y.w + columns.begin) * (size_t)width;
    }
  }
  tl->segments = count;
  tl->depth = columns.end - columns.begin;
}

/* What is fetched during tile i of count: first what pack_dy reads of the next chunk, at last its part of x. */
static void look_ahead(const job *j, const chunk *c, int n0, int i, int count, tile *tl)
{
  const plan *p = &j->p;
  const int pixels = c->images * c->rows * p->y.w;
  const bool below = c->row + c->rows < p->y.h; /* else the next chunk begins with the next image */
  const int n = below ? c->image : c->image + c->images, row = below ? c->row + c->rows : 0;
  const size_t x_rows = (size_t)(c->images * c->rows * p->g.stride.h), part = (size_t)pixels * TILE_COLUMNS;
  const int tiles = (int)((x_rows * p->x.row + part - 1) / part);
  tl->ahead = NULL;
  if (i == 0) {
    tl->ahead = j->dy + (size_t)n * p->y.image + (size_t)row * p->y.row + n0;
    tl->ahead_step = p->y.pixel;
  } else if (i >= count - tiles) {
    tl->ahead = j->x + (size_t)n * p->x.image + (size_t)(row * p->g.stride.h) * p->x.row;
    tl->ahead += (size_t)(i - count + tiles) * part;
    tl->ahead_step = TILE_COLUMNS;
  }
}

/* Adds the chunk to all of dw's rows of one panel. */
static void run_panel(const job *j, const chunk *c, float *dw, int n0, bool first)
{
  const plan *p = &j->p;
  const int columns = at_most(TILE_COLUMNS, p->y.c - n0), tiles = tiles_of(p->run);
  float *row[TILE_ROWS];
  tile tl = { .base = c->x_rows, .stride = (size_t)p->g.stride.w * (size_t)p->x.c, .b_rows = c->dy_rows, .c = row,
              .accumulate = !first, .columns = columns };
  pack_dy(j, c, n0, columns);
  for (int i = 0; i < p->runs * tiles; i++) {
    const int run = i / tiles, begin = tile_begin(p->run, tiles, i % tiles);
    const int height = tile_begin(p->run, tiles, i % tiles + 1) - begin;
    if (begin == 0) {
      find_segments(p, c, run, &tl);
    }
    for (int r = 0; r < height; r++) {
      row[r] = dw + (size_t)(run * p->run + begin + r) * (size_t)p->y.c + n0;
    }
    look_ahead(j, c, n0, i, p->runs * tiles, &tl);
    CPU_OP(tile_columns)[panel_width(columns) == VL ? 0 : 1][height - 1](&tl);
    for (int s = 0; s < tl.segments; s++) {
      c->x_rows[s] += height;
    }
  }
}

static chunk chunk_of(const plan *p, int number)
{
  chunk c = { .image = number / p->chunks_down * p->chunk_images, .row = number % p->chunks_down * p->chunk_rows };
  c.images = at_most(p->chunk_images, p->y.n - c.image);
  c.rows = at_most(p->chunk_rows, p->y.h - c.row);
  return c;
}

static void run_task(void *user, int number, int worker)
{
  const job *j = user;
  const plan *p = &j->p;
  const int group = number % p->panel_groups, slice = number / p->panel_groups;
  const int begin = p->chunks * slice / p->slices, end = p->chunks * (slice + 1) / p->slices;
  float *scratch = j->scratch + (size_t)worker * scratch_floats(p);
  for (int i = begin; i < end; i++) {
    chunk c = chunk_of(p, i);
    c.copy = scratch;
    c.panel = scratch + copy_floats(p);
    c.x_rows = (const float **)(void *)(c.panel + panel_floats(p));
    c.dy_rows = (const float **)(void *)(c.panel + panel_floats(p) + segment_pointers(p));
    open_chunk(j, &c);
    for (int k = p->panels * group / p->panel_groups; k < p->panels * (group + 1) / p->panel_groups; k++) {
      run_panel(j, &c, j->dw + (size_t)slice * weights_floats(p), k * TILE_COLUMNS, i == begin);
    }
  }
}

/* --- the op ------------------------------------------------------------------------------------------------------- */

typedef struct sum_job {
  const float *from;
  float *to;
  size_t count;
  int slices;
} sum_job;

static void add_slices(void *user, size_t begin, size_t end, int worker)
{
  const sum_job *s = user;
  (void)worker;
  memcpy(s->to + begin, s->from + begin, (end - begin) * sizeof *s->to);
  for (int k = 1; k < s->slices; k++) {
    const float *from = s->from + (size_t)k * s->count;
    for (size_t i = begin; i < end; i++) {
      s->to[i] += from[i];
    }
  }
}

/* Workspace: scratch of the workers; slices of dw; with nchw x and dy with channels last. */
static size_t scratch_all(const slim_cpu_step *step, const plan *p)
{
  return whole_lines(scratch_floats(p) * (size_t)slim_threads_count(step->device->threads));
}

static size_t slices_all(const plan *p)
{
  return p->slices > 1 ? whole_lines((size_t)p->slices * weights_floats(p)) : 0;
}

static bool is_nchw(const slim_cpu_step *step)
{
  return ((const slim_conv2d_attr *)step->attr)->nchw != 0;
}

/* dw = x^T * dy, read as they lie. */
static gemm product_of(const conv2d *g, const float *x, const float *dy, float *dw)
{
  gemm p = { .m = product_depth(g), .n = g->y.c, .k = product_rows(g), .a = x, .b = dy, .c = dw };
  p.lda = (size_t)p.m;
  p.ldb = p.ldc = (size_t)p.n;
  p.a_transposed = true;
  return p;
}

static bool plan_winograd(const plan *p, winograd *w)
{
  *w = winograd_of(&p->g);
  return CPU_OP(winograd_gradient_plan)(w);
}

static bool plan_line(const slim_cpu_step *step, const plan *p, winograd_line *l)
{
  *l = winograd_line_of(&p->g);
  return CPU_OP(winograd_line_gradient_plan)(l, step);
}

static size_t work_floats(const slim_cpu_step *step, const plan *p)
{
  winograd w;
  winograd_line l;
  if (conv2d_is_product(&p->g)) {
    const gemm product = product_of(&p->g, NULL, NULL, NULL);
    return whole_lines(CPU_OP(gemm_workspace)(step, &product) / sizeof(float));
  }
  if (plan_winograd(p, &w)) {
    return whole_lines(CPU_OP(winograd_gradient_workspace)(&w, step));
  }
  return plan_line(step, p, &l) ? whole_lines(CPU_OP(winograd_line_gradient_workspace)(&l, step))
                                : scratch_all(step, p) + slices_all(p);
}

static size_t workspace(const slim_cpu_step *step)
{
  const plan p = plan_of(step);
  const size_t turned = is_nchw(step) ? whole_lines(image_floats(&p.x)) + whole_lines(image_floats(&p.y)) : 0;
  return (work_floats(step, &p) + turned) * sizeof(float);
}

static double flops(const slim_cpu_step *step)
{
  const plan p = plan_of(step);
  return conv2d_flops(&p.g);
}

static bool prepare(slim_cpu_step *step)
{
  const plan p = plan_of(step);
  winograd w;
  winograd_line l;
  step->base.kernel = conv2d_is_product(&p.g)   ? "conv2d_product"
                      : plan_winograd(&p, &w)   ? "conv2d_weights_winograd"
                      : plan_line(step, &p, &l) ? "conv2d_weights_winograd_line"
                                                : "conv2d_weights";
  return true;
}

static void run_direct(const slim_cpu_step *step, job *j)
{
  const plan *p = &j->p;
  float *slices = j->scratch + scratch_all(step, p), *dw = j->dw;
  j->dw = p->slices > 1 ? slices : dw;
  slim_threads_run(step->device->threads, p->panel_groups * p->slices, run_task, j);
  if (p->slices > 1) {
    sum_job s = { slices, dw, weights_floats(p), p->slices };
    slim_cpu_for(step, s.count, CPU_GRAIN, add_slices, &s);
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  job j = { .p = plan_of(step), .dy = step->in[0].host, .x = step->in[1].host, .dw = step->out[0].host };
  const plan *p = &j.p;
  winograd w;
  winograd_line l;
  (void)run_info;
  j.scratch = step->workspace;
  if (image_floats(&p->x) == 0 || image_floats(&p->y) == 0) {
    memset(j.dw, 0, weights_floats(p) * sizeof *j.dw);
    return;
  }
  if (is_nchw(step)) {
    float *x = j.scratch + work_floats(step, p), *dy = x + whole_lines(image_floats(&p->x));
    turn_all(step, (size_t)p->x.n, (turn){ j.x, x, (size_t)p->x.c, (size_t)p->x.h * (size_t)p->x.w });
    turn_all(step, (size_t)p->y.n, (turn){ j.dy, dy, (size_t)p->y.c, (size_t)p->y.h * (size_t)p->y.w });
    j.x = x;
    j.dy = dy;
  }
  if (conv2d_is_product(&p->g)) {
    const gemm product = product_of(&p->g, j.x, j.dy, j.dw);
    CPU_OP(gemm_run)(step, &product, j.scratch);
  } else if (plan_winograd(p, &w)) {
    CPU_OP(winograd_gradient_run)(step, &w, j.x, j.dy, j.dw, j.scratch);
  } else if (plan_line(step, p, &l)) {
    CPU_OP(winograd_line_gradient_run)(step, &l, j.x, j.dy, j.dw, j.scratch);
  } else {
    run_direct(step, &j);
  }
}

const slim_cpu_op CPU_OP(conv2d_weights_gradient) = {
  .flops = flops, .workspace = workspace, .prepare = prepare, .run = run
};
