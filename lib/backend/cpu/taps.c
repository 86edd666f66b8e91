#include "backend/cpu/taps.h"

#include "backend/cpu/pack.h"
#include "backend/cpu/pieces.h"

#define BLOCK_PIXELS 224 /* outputs of a task, about */
#define BLOCK_ROWS 4     /* least rows of a task where rows are shared by neighbours */
#define TASKS 8          /* wanted at least */
#define POINTER_FLOATS (sizeof(void *) / 4) /* scratch memory is counted in floats */
#define CHUNK_BYTES (192 << 10) /* of packed weights that stay in the second-level cache over a block */

static int last_of(const slim_taps *a)
{
  return a->begin + (a->count - 1) * a->distance;
}

static int span_of(const slim_taps *a)
{
  return a->count ? last_of(a) - a->begin + 1 : 1;
}

static bool inside(const slim_taps *a, int out, int stride, int size)
{
  return a->count == 0 || (a->begin >= 0 && (out - 1) * stride + last_of(a) < size);
}

static int panels_of(const taps *t)
{
  return pieces(t->oc, TILE_COLUMNS);
}

static void plan_blocks(taps *t)
{
  const int pixels = t->oh * t->ow;
  t->block_images = 1;
  t->block_rows = at_least(1, t->oh); /* of an empty image there are no blocks */
  if (pixels * 3 / 2 > BLOCK_PIXELS) {
    const int rows = at_least(pieces(BLOCK_PIXELS, t->ow), t->rows.count > 1 ? BLOCK_ROWS : 1);
    t->block_rows = pieces(t->oh, at_least(1, (t->oh + rows / 2) / rows));
  } else if (pixels > 0) {
    t->block_images = at_most(at_least(1, BLOCK_PIXELS / pixels), at_least(1, t->n / TASKS));
  }
  t->blocks_down = pieces(t->oh, t->block_rows);
  t->blocks = pieces(t->n, t->block_images) * t->blocks_down;
  t->panel_groups = at_most(panels_of(t), pieces(TASKS, at_least(1, t->blocks)));
}

void CPU_OP(taps_plan)(taps *t)
{
  const bool joined = t->columns.distance == 1 || t->columns.count == 1;
  const int count = t->rows.count * t->columns.count;
  t->segments = joined ? (count ? t->rows.count : 0) : count;
  t->depth = joined ? t->columns.count * t->c : t->c;
  t->direct = inside(&t->rows, t->oh, t->stride.h, t->h) && inside(&t->columns, t->ow, t->stride.w, t->w);
  plan_blocks(t);
}

/* --- weights: [panel][segment][depth][width] ---------------------------------------------------------------------- */

size_t CPU_OP(taps_packed)(const taps *t)
{
  return (size_t)t->segments * (size_t)t->depth * panels_width((size_t)t->oc);
}

typedef struct pack_job {
  const taps *t;
  const float *weights;
  const uint16_t *halves; /* the weights, when they are not NULL; not transposed */
  float *packed;
} pack_job;

/* Tap number tap of panel number panel. */
static void pack_tap(const pack_job *job, int panel, int tap)
{
  const taps *t = job->t;
  const int ky = t->rows.first + tap / t->columns.count * t->rows.step;
  const int kx = t->columns.first + tap % t->columns.count * t->columns.step;
  const int n0 = panel * TILE_COLUMNS, columns = at_most(TILE_COLUMNS, t->oc - n0);
  const size_t c = (size_t)t->c, oc = (size_t)t->oc, depth = (size_t)t->segments * (size_t)t->depth;
  const size_t first = (size_t)(ky * t->kernel_w + kx) * c * oc;
  const float *from = job->weights + first;
  float *to = job->packed + depth * (size_t)n0 + (size_t)tap * c * (size_t)panel_width(columns);
  if (job->halves) {
    pack_half(job->halves + first + n0, oc, columns, t->c, to);
  } else if (t->transposed) {
    pack_panel_transposed(from + (size_t)n0 * c, c, columns, t->c, to);
  } else {
    pack_panel(from + n0, oc, from + c * oc, columns, t->c, to);
  }
}

static void pack_piece(void *user, size_t begin, size_t end, int worker)
{
  const pack_job *job = user;
  const size_t count = (size_t)(job->t->rows.count * job->t->columns.count);
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    pack_tap(job, (int)(i / count), (int)(i % count));
  }
}

void CPU_OP(taps_pack)(const slim_cpu_step *step, const taps *t, const slim_view *weights, float *packed)
{
  pack_job job = { t, weights->host, halves_of(weights), packed };
  const size_t tap = 1 + (size_t)t->c * TILE_COLUMNS;
  slim_cpu_for(step, (size_t)(panels_of(t) * t->rows.count * t->columns.count), 1 + CPU_GRAIN / tap, pack_piece, &job);
}

/* --- a task: some images or rows, some panels --------------------------------------------------------------------- */

/* Where a task reads: the input itself, or its copy with zeros around. Strides in floats; base: output [0][0]'s first
 * tap. */
typedef struct source {
  const float *base;
  size_t image, row, pixel;
} source;

typedef struct job {
  const taps *t;
  const float *in, *packed;
  float *out, *scratch;
  const tile_epilogue *epilogue;
} job;

typedef struct block {
  int image, images, row, rows, panel, panels;
} block;

static int copy_width(const taps *t)
{
  return (t->ow - 1) * t->stride.w + span_of(&t->columns);
}

static int copy_height(const taps *t, int rows)
{
  return (rows - 1) * t->stride.h + span_of(&t->rows);
}

static size_t round_floats(size_t n)
{
  return (n + 15) / 16 * 16;
}

static size_t copy_floats(const taps *t)
{
  const size_t row = (size_t)copy_width(t) * (size_t)t->c;
  return t->direct ? 0 : round_floats((size_t)t->block_images * (size_t)copy_height(t, t->block_rows) * row);
}

static size_t block_pixels(const taps *t)
{
  return (size_t)t->block_images * (size_t)t->block_rows * (size_t)t->ow;
}

size_t CPU_OP(taps_scratch)(const taps *t)
{
  const size_t pointers = round_floats(block_pixels(t) * POINTER_FLOATS);
  return copy_floats(t) + 2 * pointers + round_floats((size_t)t->segments * POINTER_FLOATS + 1);
}

/* One row of an image into its place in the copy, with zeros where it does not reach. */
static void copy_row(const taps *t, const float *from, int y, float *to)
{
  const int width = copy_width(t), left = at_most(at_least(0, -t->columns.begin), width);
  const int right = at_most(width, t->w - t->columns.begin);
  const size_t c = (size_t)t->c;
  if (y < 0 || y >= t->h || right <= left) {
    memset(to, 0, (size_t)width * c * sizeof *to);
    return;
  }
  memset(to, 0, (size_t)left * c * sizeof *to);
  memcpy(to + (size_t)left * c, from + ((size_t)y * (size_t)t->w + (size_t)(left + t->columns.begin)) * c,
         (size_t)(right - left) * c * sizeof *to);
  memset(to + (size_t)right * c, 0, (size_t)(width - right) * c * sizeof *to);
}

static source source_of(const job *j, const block *b, float *copy)
{
  const taps *t = j->t;
  const size_t c = (size_t)t->c, row = (size_t)t->w * c, whole = (size_t)t->h * row;
  if (t->direct) {
    const int y = b->row * t->stride.h + t->rows.begin;
    return (source){ j->in + (size_t)b->image * whole + (size_t)y * row + (size_t)t->columns.begin * c, whole, row, c };
  }
  const int height = copy_height(t, b->rows);
  const source s = { copy, (size_t)height * (size_t)copy_width(t) * c, (size_t)copy_width(t) * c, c };
  for (int n = 0; n < b->images; n++) {
    for (int r = 0; r < height; r++) {
      copy_row(t, j->in + (size_t)(b->image + n) * whole, b->row * t->stride.h + t->rows.begin + r,
               copy + (size_t)n * s.image + (size_t)r * s.row);
    }
  }
  return s;
}

static void find_offsets(const taps *t, const source *s, ptrdiff_t *offset)
{
  const int across = t->segments == t->rows.count ? 1 : t->columns.count;
  for (int i = 0; i < t->segments; i++) {
    offset[i] = (ptrdiff_t)((size_t)(i / across * t->rows.distance) * s->row +
                            (size_t)(i % across * t->columns.distance) * s->pixel);
  }
}

/* Pixels of a block follow each other row by row of all its images, or column by column where the kernel is one row: so
 * a tile's pixels leave the image under the same taps, which are left out. */
static bool by_column(const taps *t)
{
  return t->rows.count == 1 && t->segments == 1 && t->columns.count > 1;
}

/* The row or column of a pixel. */
static int place_of(const taps *t, const block *b, int pixel)
{
  return by_column(t) ? pixel / (b->images * b->rows) : b->row + pixel / (b->images * t->ow);
}

/* The taps that some output in [first, last] reads inside of the image; all, if there are none. */
static span taps_inside(const slim_taps *a, int stride, int size, int first, int last)
{
  const int least = first * stride + a->begin, most = last * stride + a->begin;
  const span s = { most < 0 ? pieces(-most, a->distance) : 0,
                   least < size ? at_most(a->count, (size - 1 - least) / a->distance + 1) : 0 };
  return s.begin < s.end ? s : (span){ 0, a->count };
}

/* Where a pixel of the block reads and writes. */
static void find_pixel(const job *j, const block *b, const source *s, int n, int r, int i, const float **a, float **c)
{
  const taps *t = j->t;
  *a = s->base + (size_t)n * s->image + (size_t)(r * t->stride.h) * s->row + (size_t)(i * t->stride.w) * s->pixel;
  *c = j->out + (size_t)(b->image + n) * t->out_image + (size_t)(b->row + r) * t->out_row + (size_t)i * t->out_pixel;
}

/* @return how many there are. */
static int find_pixels(const job *j, const block *b, const source *s, const float **a, float **c)
{
  const taps *t = j->t;
  const bool columns = by_column(t);
  const int outer = columns ? t->ow : b->rows, inner = columns ? b->rows : t->ow;
  int count = 0;
  for (int o = 0; o < outer; o++) {
    for (int n = 0; n < b->images; n++) {
      for (int i = 0; i < inner; i++, count++) {
        find_pixel(j, b, s, n, columns ? i : o, columns ? o : i, &a[count], &c[count]);
      }
    }
  }
  return count;
}

/* A worker's scratch memory, divided. */
typedef struct places {
  float *copy;
  const float **a;
  float **c;
  ptrdiff_t *offset;
} places;

static places places_of(const job *j, int worker)
{
  const taps *t = j->t;
  const size_t pointers = round_floats(block_pixels(t) * POINTER_FLOATS);
  float *at = j->scratch + (size_t)worker * CPU_OP(taps_scratch)(t);
  places p = { .copy = at };
  at += copy_floats(t);
  p.a = (const float **)(void *)at;
  p.c = (float **)(void *)(at + pointers);
  p.offset = (ptrdiff_t *)(void *)(at + 2 * pointers);
  return p;
}

/* Is there a pixel in the block some of whose taps are outside of the image? */
static bool at_edge(const taps *t, const block *b)
{
  const int least = b->row * t->stride.h + t->rows.begin;
  const int most = (b->row + b->rows - 1) * t->stride.h + last_of(&t->rows);
  return !t->direct && (by_column(t) || least < 0 || most >= t->h);
}

/* Leaves out the taps that are outside of the image for all of a tile's pixels. offset: memory for one. */
static void skip_taps(const taps *t, const block *b, int begin, int end, tile *tl, ptrdiff_t *offset)
{
  const int first = place_of(t, b, begin), last = place_of(t, b, end - 1), width = panel_width(tl->columns);
  if (by_column(t)) {
    const span s = taps_inside(&t->columns, t->stride.w, t->w, first, last);
    *offset = tl->offset[0] + (ptrdiff_t)s.begin * t->c;
    tl->offset = offset;
    tl->depth = (s.end - s.begin) * t->c;
    tl->b += (size_t)(s.begin * t->c) * (size_t)width;
  } else {
    const span s = taps_inside(&t->rows, t->stride.h, t->h, first, last);
    const int across = t->segments / at_least(1, t->rows.count);
    tl->offset += s.begin * across;
    tl->segments = (s.end - s.begin) * across;
    tl->b += (size_t)(s.begin * across) * (size_t)t->depth * (size_t)width;
  }
}

/* Are a tile's rows as far from one another? Then it need not look each up. */
static bool finds_even_rows(int rows, tile *tl)
{
  const ptrdiff_t stride = rows > 1 ? tl->rows[1] - tl->rows[0] : 0;
  for (int r = 2; r < rows; r++) {
    if (tl->rows[r] - tl->rows[r - 1] != stride) {
      return false;
    }
  }
  tl->a = tl->rows[0];
  tl->stride = (size_t)stride;
  return true;
}

/* All tiles of one panel over some of the segments. ahead: the panel that is wanted next. */
static void run_panel(const job *j, const block *b, const places *p, int pixels, int n0, int s0, int s1,
                      const float *ahead)
{
  const taps *t = j->t;
  const int columns = at_most(TILE_COLUMNS, t->oc - n0), width = panel_width(columns), tiles = tiles_of(pixels);
  const bool last = s1 == t->segments, skips = last && s0 == 0 && at_edge(t, b);
  const size_t depth = (size_t)t->segments * (size_t)t->depth;
  tile whole = { .offset = p->offset + s0, .segments = s1 - s0, .depth = t->depth, .column = (size_t)n0,
                 .columns = columns };
  whole.b = j->packed + depth * (size_t)n0 + (size_t)s0 * (size_t)t->depth * (size_t)width;
  whole.accumulate = s0 > 0;
  if (last) {
    whole.bias = j->epilogue->bias;
    whole.add_residual = j->epilogue->residual != NULL;
    whole.to_residual = whole.add_residual ? j->epilogue->residual - j->out : 0;
    whole.activation = j->epilogue->activation;
  }
  for (int i = 0; i < tiles; i++) {
    const int begin = tile_begin(pixels, tiles, i), end = tile_begin(pixels, tiles, i + 1);
    tile tl = whole;
    ptrdiff_t offset;
    tl.rows = p->a + begin;
    tl.c = p->c + begin;
    if (i == 0) {
      tl.ahead = ahead;
      tl.ahead_step = (size_t)width;
    }
    if (skips) {
      skip_taps(t, b, begin, end, &tl, &offset);
    }
    const bool even = finds_even_rows(end - begin, &tl);
    (even ? CPU_OP(tile_even_rows) : CPU_OP(tile_rows))[width == VL ? 0 : 1][end - begin - 1](&tl);
  }
}

static block block_of(const taps *t, int number)
{
  const int group = number / t->blocks, place = number % t->blocks, panels = panels_of(t);
  block b = { .image = place / t->blocks_down * t->block_images, .row = place % t->blocks_down * t->block_rows };
  b.images = at_most(t->block_images, t->n - b.image);
  b.rows = at_most(t->block_rows, t->oh - b.row);
  b.panel = panels * group / t->panel_groups;
  b.panels = panels * (group + 1) / t->panel_groups;
  return b;
}

static void run_task(void *user, int number, int worker)
{
  const job *j = user;
  const taps *t = j->t;
  const block b = block_of(t, number);
  const places p = places_of(j, worker);
  const source s = source_of(j, &b, p.copy);
  const int pixels = find_pixels(j, &b, &s, p.a, p.c);
  const int chunk = at_least(1, CHUNK_BYTES / (at_least(1, t->depth) * TILE_COLUMNS * (int)sizeof(float)));
  find_offsets(t, &s, p.offset);
  for (int panel = b.panel; panel < b.panels; panel++) {
    const int next = panel + 1 < b.panels ? panel + 1 : b.panel;
    const float *ahead = j->packed + (size_t)t->segments * (size_t)t->depth * (size_t)(next * TILE_COLUMNS);
    int s0 = 0;
    do {
      const int s1 = at_most(s0 + chunk, t->segments);
      run_panel(j, &b, &p, pixels, panel * TILE_COLUMNS, s0, s1, ahead);
      s0 = s1;
    } while (s0 < t->segments);
  }
}

void CPU_OP(taps_run)(const slim_cpu_step *step, const taps *t, const float *in, const float *packed, float *out,
                      const tile_epilogue *epilogue, float *scratch)
{
  job j = { t, in, packed, out, scratch, epilogue };
  slim_threads_run(step->device->threads, t->blocks * t->panel_groups, run_task, &j);
}
