/*
 * dw[tap][ci][co] = sum over images and pixels of x[pixel + tap][ci] * dy[pixel][co], as a matrix product: the columns of
 * x under the taps of one kernel row lie side by side (rate 1), so that its rows are runs of kw * ci numbers; the depth
 * are the pixels. The images are cut into fixed slices, each with sums of its own, which are added in order; many
 * weights are cut by panels of output channels instead. Products of whole matrices are gemm's, others
 * may be Winograd's.
 */
#include "backend/cpu/conv2d.h"
#include "backend/cpu/layout.h"
#include "backend/cpu/pack.h"
#include "backend/cpu/winograd.h"

#define TASKS 8
#define CHUNK_PIXELS 320        /* depth of a chunk, about */
#define SLICED_FLOATS (1 << 17) /* the most weights that are summed in several copies */

typedef struct plan {
  conv2d g;
  image x, y;         /* channels last */
  bool direct;        /* no tap leaves the image: x is read as it lies */
  int runs, run;      /* runs of neighbouring rows of dw, and how long each is */
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

static int at_most(int a, int b)
{
  return a < b ? a : b;
}

static int at_least(int a, int b)
{
  return a > b ? a : b;
}

static int pieces(int total, int size)
{
  return (total + size - 1) / size;
}

static size_t weights_floats(const plan *p)
{
  return (size_t)(p->g.kh * p->g.kw) * (size_t)p->x.c * (size_t)p->y.c;
}

static void plan_chunks(plan *p)
{
  const int pixels = p->y.h * p->y.w;
  p->chunk_rows = p->y.h;
  p->chunk_images = 1;
  if (pixels > 2 * CHUNK_PIXELS) {
    const int rows = at_least(pieces(CHUNK_PIXELS, p->y.w), at_most(4, p->y.h));
    p->chunk_rows = pieces(p->y.h, pieces(p->y.h, rows));
  } else {
    p->chunk_images = at_most(at_least(1, CHUNK_PIXELS / pixels), pieces(p->y.n, TASKS));
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
  const bool joined = g->rate.w == 1 || g->kw == 1;
  p.x = channels_last(g->x);
  p.y = channels_last(g->y);
  p.runs = joined ? g->kh : g->kh * g->kw;
  p.run = joined ? g->kw * p.x.c : p.x.c;
  p.direct = g->before_h == 0 && g->before_w == 0 &&
             (p.y.h - 1) * g->stride.h + (g->kh - 1) * g->rate.h < p.x.h &&
             (p.y.w - 1) * g->stride.w + (g->kw - 1) * g->rate.w < p.x.w;
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
  return p->direct ? 0 : whole_lines((size_t)p->chunk_images * image_size);
}

static size_t panel_floats(const plan *p)
{
  return (size_t)(p->chunk_images * p->chunk_rows * p->y.w) * TILE_COLUMNS;
}

static size_t row_starts(const plan *p)
{
  return whole_lines((size_t)(p->chunk_images * p->chunk_rows) * POINTER_FLOATS);
}

static size_t scratch_floats(const plan *p)
{
  return copy_floats(p) + panel_floats(p) + 2 * row_starts(p);
}

/* --- a chunk: some images or rows --------------------------------------------------------------------------------- */

typedef struct chunk {
  int image, images, row, rows;
  float *copy, *panel;
  const float **start, **base; /* per image row: where tap 0 of its first pixel is read; and a tile's place in it */
  size_t row_step;             /* floats from one row of x to the next */
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

/* Copies x where it must be and notes where each image row begins. */
static void open_chunk(const job *j, chunk *c)
{
  const plan *p = &j->p;
  const int stride = p->g.stride.h, height = (c->rows - 1) * stride + (p->g.kh - 1) * p->g.rate.h + 1;
  c->row_step = p->direct ? p->x.row : (size_t)p->copy_w * (size_t)p->x.c;
  for (int n = 0; n < c->images; n++) {
    const float *from = j->x + (size_t)(c->image + n) * p->x.image;
    float *copy = c->copy + (size_t)n * (size_t)height * c->row_step;
    const float *first = p->direct ? from + (size_t)(c->row * stride) * p->x.row : copy;
    for (int r = 0; !p->direct && r < height; r++) {
      copy_row(p, from, c->row * stride - p->g.before_h + r, copy + (size_t)r * c->row_step);
    }
    for (int r = 0; r < c->rows; r++) {
      c->start[n * c->rows + r] = first + (size_t)(r * stride) * c->row_step;
    }
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

/* Adds the chunk to all of dw's rows of one panel. */
static void run_panel(const job *j, const chunk *c, float *dw, int n0, bool first)
{
  const plan *p = &j->p;
  const int columns = at_most(TILE_COLUMNS, p->y.c - n0), width = panel_width(columns), tiles = tiles_of(p->run);
  const int across = p->runs == p->g.kh ? 1 : p->g.kw;
  float *row[TILE_ROWS];
  tile tl = { .base = c->base, .stride = (size_t)p->g.stride.w * (size_t)p->x.c, .segments = c->images * c->rows,
              .depth = p->y.w, .b = c->panel, .c = row, .accumulate = !first, .columns = columns };
  pack_dy(j, c, n0, columns);
  for (int i = 0; i < p->runs * tiles; i++) {
    const int run = i / tiles, begin = tile_begin(p->run, tiles, i % tiles);
    const int height = tile_begin(p->run, tiles, i % tiles + 1) - begin;
    const size_t offset = (size_t)(run / across * p->g.rate.h) * c->row_step +
                          (size_t)(run % across * p->g.rate.w) * (size_t)p->x.c + (size_t)begin;
    for (int s = 0; s < tl.segments; s++) {
      c->base[s] = c->start[s] + offset;
    }
    for (int r = 0; r < height; r++) {
      row[r] = dw + (size_t)(run * p->run + begin + r) * (size_t)p->y.c + n0;
    }
    CPU_OP(tile_columns)[width == VL ? 0 : 1][height - 1](&tl);
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
    c.start = (const float **)(void *)(c.panel + panel_floats(p));
    c.base = (const float **)(void *)(c.panel + panel_floats(p) + row_starts(p));
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

static bool plan_winograd(const slim_cpu_step *step, const plan *p, winograd *w)
{
  *w = winograd_of(&p->g);
  return CPU_OP(winograd_gradient_plan)(w, step);
}

static size_t work_floats(const slim_cpu_step *step, const plan *p)
{
  winograd w;
  if (conv2d_is_product(&p->g)) {
    const gemm product = product_of(&p->g, NULL, NULL, NULL);
    return whole_lines(CPU_OP(gemm_workspace)(step, &product) / sizeof(float));
  }
  return plan_winograd(step, p, &w) ? whole_lines(CPU_OP(winograd_gradient_workspace)(&w, step))
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
  step->base.kernel = conv2d_is_product(&p.g)       ? "conv2d_product"
                      : plan_winograd(step, &p, &w) ? "conv2d_weights_winograd"
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
  (void)run_info;
  j.scratch = step->workspace;
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
  } else if (plan_winograd(step, p, &w)) {
    CPU_OP(winograd_gradient_run)(step, &w, j.x, j.dy, j.dw, j.scratch);
  } else {
    run_direct(step, &j);
  }
}

const slim_cpu_op CPU_OP(conv2d_weights_gradient) = {
  .flops = flops, .workspace = workspace, .prepare = prepare, .run = run
};
