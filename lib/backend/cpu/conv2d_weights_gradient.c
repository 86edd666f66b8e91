/*
 * dw[tap][ci][co] = sum over images and pixels of x[pixel + tap][ci] * dy[pixel][co], as a matrix product: its rows are
 * runs of ci numbers, the depth are the pixels that have the tap inside of the image. With few channels the columns of
 * a copy of x under the taps of one kernel row lie side by side instead (rate 1), so that the runs have kw * ci
 * numbers. Tasks are some rows of each run, and fixed slices of the images, each with sums of its own, which are added
 * in order. Products of whole matrices are gemm's, also those of pixels that lie apart, which are gathered; others may
 * be Winograd's.
 */
#include "backend/cpu/conv2d_weights_product.h"
#include "backend/cpu/gemm_pack.h"
#include "backend/cpu/layout.h"
#include "backend/cpu/pieces.h"
#include "backend/cpu/winograd.h"
#include "backend/cpu/winograd_line.h"

#define TASKS 8
#define CHUNK_PIXELS 384        /* depth of a chunk, about */
#define APART_CHANNELS 16       /* so many are a run of their own */
#define FEW_WEIGHTS (1 << 17)   /* so many are summed in as many copies as there are tasks, */
#define SLICE_CHUNKS 4          /* others in slices of so many chunks at least, */
#define SLICED_FLOATS (1 << 20) /* of so many sums together at most */

typedef struct plan {
  conv2d g;
  image x, y;    /* channels last */
  bool apart;    /* a run is the channels under a tap */
  bool in_place; /* x is read as it lies */
  int runs, run; /* runs of neighbouring rows of dw, and how long each is */
  int chunk_images, chunk_rows, chunks_down, chunks;
  int copy_h, copy_w;        /* of x's copy for one image of a chunk */
  int tiles, groups, slices; /* of a run; that tasks share */
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

/* Are they summed in as many copies as there are tasks? */
static bool has_few_weights(const plan *p)
{
  return weights_floats(p) <= FEW_WEIGHTS;
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
    const int images = at_most(CHUNK_PIXELS / pixels, has_few_weights(p) ? pieces(p->y.n, TASKS) : p->y.n);
    const int chunks = pieces(p->y.n, at_least(1, images));
    p->chunk_images = at_least(1, pieces(p->y.n, at_least(1, chunks)));
  }
  p->chunks_down = pieces(p->y.h, p->chunk_rows);
  p->chunks = pieces(p->y.n, p->chunk_images) * p->chunks_down;
  p->copy_h = (p->chunk_rows - 1) * p->g.stride.h + (p->g.kh - 1) * p->g.rate.h + 1;
  p->copy_w = (p->y.w - 1) * p->g.stride.w + (p->g.kw - 1) * p->g.rate.w + 1;
}

/* Rows of dw are cut into groups of as many tiles. With the slices they are an even number of tasks. */
static void plan_tasks(plan *p)
{
  const int most =
      has_few_weights(p) ? p->chunks : at_most(p->chunks / SLICE_CHUNKS, (int)(SLICED_FLOATS / weights_floats(p)));
  p->slices = at_least(1, at_most(TASKS, most));
  const int unit = p->slices % 2 + 1, tiles = tiles_of(p->run);
  const int each = at_least(1, tiles / pieces(TASKS, p->slices));
  p->groups = at_most(p->run, pieces(pieces(tiles, each), unit) * unit);
  p->tiles = at_most(p->run, p->groups * each);
}

static plan plan_of(const slim_cpu_step *step)
{
  plan p = { .g = conv2d_of(step->attr, &step->in[1].shape, &step->out[0].shape, &step->in[0].shape) };
  const conv2d *g = &p.g;
  p.x = channels_last(g->x);
  p.y = channels_last(g->y);
  p.apart = g->rate.w != 1 || g->x.c >= APART_CHANNELS || g->kw == 1;
  p.runs = p.apart ? g->kh * g->kw : g->kh;
  p.run = p.apart ? p.x.c : g->kw * p.x.c;
  p.in_place = p.apart || (g->before_w == 0 && (p.y.w - 1) * g->stride.w + g->kw <= p.x.w);
  plan_chunks(&p);
  plan_tasks(&p);
  return p;
}

/* --- scratch of a worker: x's copy, dy's panels, the starts of the segments --------------------------------------- */

#define POINTER_FLOATS (sizeof(void *) / 4)

static size_t copy_floats(const plan *p)
{
  const size_t image_size = (size_t)p->copy_h * (size_t)p->copy_w * (size_t)p->x.c;
  return p->in_place ? 0 : whole_lines((size_t)p->chunk_images * image_size);
}

static size_t chunk_pixels(const plan *p)
{
  return (size_t)(p->chunk_images * p->chunk_rows * p->y.w);
}

static size_t panels_floats(const plan *p)
{
  return whole_lines(chunk_pixels(p) * panels_width((size_t)p->y.c));
}

static size_t segment_pointers(const plan *p)
{
  return whole_lines((size_t)(p->chunk_images * p->chunk_rows) * POINTER_FLOATS);
}

static size_t scratch_floats(const plan *p)
{
  return copy_floats(p) + panels_floats(p) + 3 * segment_pointers(p);
}

/* --- a chunk: some images or rows --------------------------------------------------------------------------------- */

typedef struct chunk {
  int image, images, row, rows;
  float *copy, *panels;
  const float **x_rows, **dy_rows; /* of a tile's segments */
  size_t *pixels;                  /* of dy, at which they begin */
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

/* The first pixel of the chunk's outputs, of all images'; how many they are. */
static int first_pixel(const plan *p, const chunk *c)
{
  return (c->image * p->y.h + c->row) * p->y.w;
}

static int pixels_of(const plan *p, const chunk *c)
{
  return c->images * c->rows * p->y.w;
}

/* dy, panel after panel. */
static void pack_dy(const job *j, const chunk *c)
{
  const plan *p = &j->p;
  const gemm product = { .n = p->y.c, .k = p->y.n * p->y.h * p->y.w, .b = j->dy, .ldb = p->y.pixel };
  pack_b(&product, 0, p->y.c, first_pixel(p, c), pixels_of(p, c), c->panels);
}

/* The outputs of count that read inside of size, the first of them at first. */
static span outputs_inside(int first, int stride, int size, int count)
{
  const int begin = first < 0 ? pieces(-first, stride) : 0;
  const int end = first < size ? at_most(count, (size - 1 - first) / stride + 1) : 0;
  return (span){ at_most(begin, end), end };
}

/* The segments of a run of dw's rows, from its row begin on: rows of the chunk whose outputs have it inside of the
 * image. */
static void find_segments(const plan *p, const chunk *c, int run, int begin, tile *tl)
{
  const int across = p->runs / p->g.kh, kernel_w = across > 1 ? 1 : p->run / p->x.c;
  const int y = c->top + run / across * p->g.rate.h, x = c->left + run % across * p->g.rate.w;
  const span rows = outputs_inside(y, p->g.stride.h, c->h, c->rows);
  const span columns = outputs_inside(x, p->g.stride.w, c->w - kernel_w + 1, p->y.w);
  int count = 0;
  for (int n = 0; n < c->images; n++) {
    const float *from =
        c->from + (size_t)n * c->image_step + (size_t)(x + columns.begin * p->g.stride.w) * (size_t)p->x.c + begin;
    for (int r = rows.begin; r < rows.end; r++, count++) {
      c->x_rows[count] = from + (size_t)(y + r * p->g.stride.h) * c->row_step;
      c->pixels[count] = (size_t)((n * c->rows + r) * p->y.w + columns.begin);
    }
  }
  tl->segments = count;
  tl->depth = columns.end - columns.begin;
}

/* What is read next: of x and of dy, where it begins, floats from step to step, steps. */
typedef struct ahead {
  const float *x, *dy;
  size_t x_step;
  int x_steps, dy_steps;
} ahead;

/* Fetches a share of it during the depth of a tile's products. */
static void look_ahead(ahead *a, tile *tl)
{
  const int depth = tl->segments * tl->depth;
  const bool of_x = a->x_steps > 0;
  tl->ahead = of_x ? a->x : a->dy_steps > 0 ? a->dy : NULL;
  tl->ahead_step = of_x ? a->x_step : TILE_COLUMNS;
  *(of_x ? &a->x : &a->dy) += (size_t)depth * tl->ahead_step;
  *(of_x ? &a->x_steps : &a->dy_steps) -= depth;
}

/* Adds the chunk to some rows of each run of dw, all columns of them. */
static void run_tile(const job *j, const chunk *c, float *dw, int begin, int height, bool first, ahead *next)
{
  const plan *p = &j->p;
  float *row[TILE_ROWS];
  tile tl = { .base = c->x_rows, .stride = (size_t)p->g.stride.w * (size_t)p->x.c, .b_rows = c->dy_rows, .c = row,
              .accumulate = !first };
  for (int run = 0; run < p->runs; run++) {
    find_segments(p, c, run, begin, &tl);
    for (int r = 0; r < height; r++) {
      row[r] = dw + (size_t)(run * p->run + begin + r) * (size_t)p->y.c;
    }
    for (int n0 = 0; n0 < p->y.c; n0 += TILE_COLUMNS) {
      const float *panel = c->panels + (size_t)pixels_of(p, c) * (size_t)n0;
      tl.column = (size_t)n0;
      tl.columns = at_most(TILE_COLUMNS, p->y.c - n0);
      for (int s = 0; s < tl.segments; s++) {
        c->dy_rows[s] = panel + c->pixels[s] * (size_t)panel_width(tl.columns);
      }
      look_ahead(next, &tl);
      CPU_OP(tile_columns)[panel_width(tl.columns) == VL ? 0 : 1][height - 1](&tl);
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

/* Of the next chunk: a tile's channels, or with the last tile all of x; with that dy too. */
static ahead ahead_of(const job *j, const chunk *next, int begin, bool last)
{
  const plan *p = &j->p;
  const int row = at_least(0, next->row * p->g.stride.h - p->g.before_h);
  const size_t pixels = (size_t)next->images * (size_t)at_most(next->rows * p->g.stride.h, p->x.h) * (size_t)p->x.w;
  const size_t step = p->apart ? p->x.pixel : TILE_COLUMNS;
  ahead a = { .x = j->x + (size_t)next->image * p->x.image + (size_t)row * p->x.row + begin, .x_step = step };
  a.x_steps = p->apart || last ? (int)(pixels * p->x.pixel / step) : 0;
  if (last) {
    a.dy = j->dy + (size_t)first_pixel(p, next) * p->y.pixel;
    a.dy_steps = pieces(pixels_of(p, next) * p->y.c, TILE_COLUMNS);
  }
  return a;
}

/* Adds the chunk to the tiles [t0, t1) of each run. next: NULL if there is none. */
static void run_chunk(const job *j, chunk *c, const chunk *next, float *dw, int t0, int t1, bool first)
{
  const plan *p = &j->p;
  open_chunk(j, c);
  pack_dy(j, c);
  for (int t = t0; t < t1; t++) {
    const int begin = tile_begin(p->run, p->tiles, t), end = tile_begin(p->run, p->tiles, t + 1);
    ahead a = next ? ahead_of(j, next, p->apart ? begin : 0, t + 1 == t1) : (ahead){ 0 };
    run_tile(j, c, dw, begin, end - begin, first, &a);
  }
}

static void run_task(void *user, int number, int worker)
{
  const job *j = user;
  const plan *p = &j->p;
  const int group = number % p->groups, slice = number / p->groups;
  const int begin = p->chunks * slice / p->slices, end = p->chunks * (slice + 1) / p->slices;
  const int t0 = p->tiles * group / p->groups, t1 = p->tiles * (group + 1) / p->groups;
  float *scratch = j->scratch + (size_t)worker * scratch_floats(p), *dw = j->dw + (size_t)slice * weights_floats(p);
  for (int i = begin; i < end; i++) {
    chunk c = chunk_of(p, i), next = chunk_of(p, i + 1);
    c.copy = scratch;
    c.panels = c.copy + copy_floats(p);
    c.x_rows = (const float **)(void *)(c.panels + panels_floats(p));
    c.dy_rows = (const float **)(void *)(c.panels + panels_floats(p) + segment_pointers(p));
    c.pixels = (size_t *)(void *)(c.panels + panels_floats(p) + 2 * segment_pointers(p));
    run_chunk(j, &c, i + 1 < end ? &next : NULL, dw, t0, t1, i == begin);
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
  if (CPU_OP(conv2d_weights_product_fits)(&p->g)) {
    return CPU_OP(conv2d_weights_product_workspace)(step, &p->g);
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
  step->base.kernel = CPU_OP(conv2d_weights_product_fits)(&p.g) ? "conv2d_product"
                      : plan_winograd(&p, &w)                   ? "conv2d_weights_winograd"
                      : plan_line(step, &p, &l)                 ? "conv2d_weights_winograd_line"
                                                                : "conv2d_weights";
  return true;
}

static void run_direct(const slim_cpu_step *step, job *j)
{
  const plan *p = &j->p;
  float *slices = j->scratch + scratch_all(step, p), *dw = j->dw;
  j->dw = p->slices > 1 ? slices : dw;
  slim_threads_run(step->device->threads, p->groups * p->slices, run_task, j);
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
  if (CPU_OP(conv2d_weights_product_fits)(&p->g)) {
    CPU_OP(conv2d_weights_product_run)(step, &p->g, j.x, j.dy, j.dw, j.scratch);
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
