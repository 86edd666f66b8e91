/*
 * Place p along an axis of dx, counted from where tap 0 of the first dy lies, takes of dy p / 2 through tap 1 if it is
 * odd; if it is even, of that through tap 0 and of the dy before it through tap 2. So a pair of rows by a pair of
 * columns of dx is made of a dy and its neighbours left, above and between those by nine products. A block is two such
 * pairs each way. All its channels are made before the next one, so that memory is written as it lies.
 */
#include "backend/cpu/depthwise_pairs.h"

#define PAIRS 2
#define READ (PAIRS + 1)
#define MADE (2 * PAIRS)

/* Rows or columns of a block, and which of them there are. */
typedef struct extent {
  int from, to; /* the first of dy, the first of dx */
  bool read[READ], made[MADE];
  bool whole;
} extent;

static extent extent_of(int block, int x, int y, int before)
{
  extent e = { .from = block * PAIRS - 1, .to = block * MADE - before, .whole = true };
  for (int i = 0; i < READ; i++) {
    e.read[i] = e.from + i >= 0 && e.from + i < y;
    e.whole = e.whole && e.read[i];
  }
  for (int i = 0; i < MADE; i++) {
    e.made[i] = e.to + i >= 0 && e.to + i < x;
    e.whole = e.whole && e.made[i];
  }
  return e;
}

/* An image, or a block of it. */
typedef struct place {
  const float *dy, *weights;
  float *dx;
  ptrdiff_t dy_row, dx_row, pixel;
} place;

/* What the block below will read and write. */
CPU_INLINE void fetch(const place *p, int k)
{
  CPU_UNROLL
  for (int i = 0; i < MADE * MADE; i++) {
    __builtin_prefetch(p->dx + ((i / MADE + MADE) * p->dx_row + i % MADE * p->pixel + k), 1, 2);
  }
  CPU_UNROLL
  for (int i = 0; i < PAIRS * PAIRS; i++) {
    __builtin_prefetch(p->dy + ((i / PAIRS + READ) * p->dy_row + i % PAIRS * p->pixel + k), 0, 2);
  }
}

/* dx of row `row` and column `column` of the block; v: its dy. */
CPU_INLINE vec sum_of(const vec *v, const vec *w, int row, int column)
{
  const vec *here = v + (row / 2 + 1) * READ + column / 2 + 1, *above = here - READ;
  if (row % 2 == 1) {
    return column % 2 == 1 ? w[4] * here[0] : w[3] * here[0] + w[5] * here[-1];
  }
  if (column % 2 == 1) {
    return w[1] * here[0] + w[7] * above[0];
  }
  return (w[0] * here[0] + w[2] * here[-1]) + (w[6] * above[0] + w[8] * above[-1]);
}

/* A vector of channels. whole: all of the block is there; only then fetches. */
CPU_INLINE void make(const place *p, const extent *down, const extent *across, int k, int lanes, bool whole,
                     bool fetches)
{
  vec v[READ * READ], w[9];
  if (fetches) {
    fetch(p, k);
  }
  CPU_UNROLL
  for (int i = 0; i < READ * READ; i++) {
    const bool there = whole || (down->read[i / READ] && across->read[i % READ]);
    v[i] = there ? lanes_load(p->dy + (i / READ * p->dy_row + i % READ * p->pixel + k), lanes) : (vec){ 0 };
  }
  CPU_UNROLL
  for (int t = 0; t < 9; t++) {
    w[t] = lanes_load(p->weights + (t * p->pixel + k), lanes);
  }
  CPU_UNROLL
  for (int i = 0; i < MADE * MADE; i++) {
    if (whole || (down->made[i / MADE] && across->made[i % MADE])) {
      lanes_store(p->dx + (i / MADE * p->dx_row + i % MADE * p->pixel + k), sum_of(v, w, i / MADE, i % MADE), lanes);
    }
  }
}

CPU_INLINE void make_block(const place *im, const extent *down, const extent *across, bool whole, bool fetches)
{
  place p = *im;
  const int depth = (int)p.pixel;
  p.dy += down->from * p.dy_row + across->from * p.pixel;
  p.dx += down->to * p.dx_row + across->to * p.pixel;
  int k = 0;
  for (; k + VL <= depth; k += VL) {
    make(&p, down, across, k, VL, whole, fetches);
  }
  if (k < depth) {
    make(&p, down, across, k, depth - k, whole, fetches);
  }
}

typedef struct job {
  const conv2d *g;
  place first; /* image */
  int bands;   /* tasks of an image */
  bool fetches;
} job;

static int blocks_of(int x, int before)
{
  return pieces(x + before, MADE);
}

/* A row of blocks. */
static void make_row(const job *j, const place *im, int block)
{
  const conv2d *g = j->g;
  const extent down = extent_of(block, g->x.h, g->y.h, g->before_h);
  for (int i = 0; i < blocks_of(g->x.w, g->before_w); i++) {
    const extent across = extent_of(i, g->x.w, g->y.w, g->before_w);
    if (!down.whole || !across.whole) {
      make_block(im, &down, &across, false, false);
    } else if (j->fetches) {
      make_block(im, &down, &across, true, true);
    } else {
      make_block(im, &down, &across, true, false);
    }
  }
}

static void run_task(void *user, int number, int worker)
{
  const job *j = user;
  const int band = number % j->bands, blocks = blocks_of(j->g->x.h, j->g->before_h);
  const size_t n = (size_t)(number / j->bands);
  place im = j->first;
  (void)worker;
  im.dy += n * j->g->y.image;
  im.dx += n * j->g->x.image;
  for (int i = blocks * band / j->bands; i < blocks * (band + 1) / j->bands; i++) {
    make_row(j, &im, i);
  }
}

void CPU_OP(depthwise_pairs_run)(const slim_cpu_step *step, const depthwise *d, const float *dy, const float *weights,
                                 float *dx)
{
  const conv2d *g = &d->g;
  job j = { .g = g, .bands = at_most(depthwise_bands(step, g->x.n), blocks_of(g->x.h, g->before_h)) };
  j.fetches = !depthwise_kept(step, g); /* what is there already is read faster without */
  j.first = (place){ dy, weights, dx, (ptrdiff_t)g->y.row, (ptrdiff_t)g->x.row, g->x.c };
  slim_threads_run(step->device->threads, g->x.n * j.bands, run_task, &j);
}
