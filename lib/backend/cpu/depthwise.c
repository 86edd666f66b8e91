/*
 * Up to PIXELS neighbouring outputs of a row, by VECTORS vectors of channels, are summed in registers over a list of
 * taps. A tap is a place of the input for the first of them; the others lie at a fixed distance, whatever stride, rate
 * and direction. Neighbouring cache lines of few pixels, because pixels of many channels fall into the same cache sets.
 */
#include "backend/cpu/depthwise_pairs.h"
#include "backend/cpu/depthwise_walk.h"
#include "backend/depthwise.h"

#include <math.h>

#define PIXELS 7 /* 112, 56, 28, 14 and 7 are multiples */
#define EACH_PIXEL(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6)
#if defined(__AVX512F__)
#define VECTORS 4
#else
#define VECTORS 2
#endif

/* What a tap reads for output 0 of a row, from the image's first number on, and its weights; outputs [begin, end) of
 * the row find it inside of the image. */
typedef struct tap {
  ptrdiff_t in;
  const float *weights;
  int begin, end;
} tap;

/* Outputs of one row, in_pixel and out_pixel floats apart. */
typedef struct line {
  const tap *taps;
  int count;              /* of the taps */
  const float *in, *bias; /* bias NULL: none */
  float *out;
  ptrdiff_t in_pixel, out_pixel, to_residual;
  int channels;
  bool add_residual, clamped;
  float ceiling;
} line;

/* The sums are single variables, s0_0 to s6_3, and not an array: compilers keep those in registers. */
#if VECTORS == 4
#define EACH_VECTOR(X, p_) X(p_, 0) X(p_, 1) X(p_, 2) X(p_, 3)
#else
#define EACH_VECTOR(X, p_) X(p_, 0) X(p_, 1)
#endif

#define LOAD(from_, v_) (vectors > (v_) ? lanes_load((from_) + (v_)*VL, lanes) : zero)
#define BIAS(p_, v_) const vec bias##v_ = l->bias ? LOAD(l->bias + k, v_) : zero;
#define DECLARE(p_, v_) vec s##p_##_##v_ = bias##v_;
#define WEIGHT(p_, v_) const vec weight##v_ = LOAD(t->weights + k, v_);
#define ADD(p_, v_)                                                                                                    \
  if (vectors > (v_)) {                                                                                                \
    s##p_##_##v_ += weight##v_ * lanes_load(pixel + (v_)*VL, lanes);                                                   \
  }
#define FETCH(p_, v_)                                                                                                  \
  if (vectors > (v_)) {                                                                                                \
    __builtin_prefetch(out + (p_)*out_pixel + (v_)*VL, 1);                                                             \
  }
#define RESIDUAL(p_, v_) s##p_##_##v_ += LOAD(out + ((p_)*out_pixel + to_residual), v_);
#define CLAMP(p_, v_) s##p_##_##v_ = vec_clamp(s##p_##_##v_, zero, ceiling);
#define STORE(p_, v_)                                                                                                  \
  if (vectors > (v_)) {                                                                                                \
    lanes_store(out + (p_)*out_pixel + (v_)*VL, s##p_##_##v_, lanes);                                                  \
  }

/* pixel walks from output to output: the compiler shall not keep a register for each. */
#define ADD_PIXEL(p_)                                                                                                  \
  if (pixels > (p_)) {                                                                                                 \
    if (inside || (at + (p_) >= t->begin && at + (p_) < t->end)) {                                                     \
      EACH_VECTOR(ADD, p_)                                                                                             \
    }                                                                                                                  \
    pixel += in_pixel;                                                                                                 \
    __asm__("" : "+r"(pixel));                                                                                         \
  }
#define DECLARE_PIXEL(p_) EACH_VECTOR(DECLARE, p_)
#define CLAMP_PIXEL(p_) EACH_VECTOR(CLAMP, p_)
#define FETCH_PIXEL(p_)                                                                                                \
  if (pixels > (p_)) {                                                                                                 \
    EACH_VECTOR(FETCH, p_)                                                                                             \
  }
#define RESIDUAL_PIXEL(p_)                                                                                             \
  if (pixels > (p_)) {                                                                                                 \
    EACH_VECTOR(RESIDUAL, p_)                                                                                          \
  }
#define STORE_PIXEL(p_)                                                                                                \
  if (pixels > (p_)) {                                                                                                 \
    EACH_VECTOR(STORE, p_)                                                                                             \
  }

/* Outputs [at, at + pixels), vectors of channels from k on; of a single one, lanes. */
CPU_INLINE void run_tile(const line *l, int at, int k, int pixels, int vectors, int lanes)
{
  const tap *t = l->taps, *const end = t + l->count;
  const ptrdiff_t in_pixel = l->in_pixel, out_pixel = l->out_pixel, to_residual = l->to_residual;
  const float *first = l->in + k;
  float *out = l->out + at * out_pixel + k;
  const vec zero = { 0 }, ceiling = zero + l->ceiling;
  EACH_VECTOR(BIAS, 0)
  EACH_PIXEL(DECLARE_PIXEL)
  EACH_PIXEL(FETCH_PIXEL)
  for (; t < end; t++) {
    const float *pixel = first + (t->in + at * in_pixel);
    EACH_VECTOR(WEIGHT, 0)
    if (at >= t->begin && at + pixels <= t->end) {
      const bool inside = true;
      EACH_PIXEL(ADD_PIXEL)
    } else {
      const bool inside = false;
      EACH_PIXEL(ADD_PIXEL)
    }
  }
  if (l->add_residual) {
    EACH_PIXEL(RESIDUAL_PIXEL)
  }
  if (l->clamped) {
    EACH_PIXEL(CLAMP_PIXEL)
  }
  EACH_PIXEL(STORE_PIXEL)
}

#define BLOCK(pixels_)                                                                                                 \
  static void block_##pixels_(const line *l, int at)                                                                   \
  {                                                                                                                    \
    int k = 0;                                                                                                         \
    for (; k + VECTORS * VL <= l->channels; k += VECTORS * VL) {                                                       \
      run_tile(l, at, k, pixels_, VECTORS, VL);                                                                        \
    }                                                                                                                  \
    for (; VECTORS > 2 && k + 2 * VL <= l->channels; k += 2 * VL) {                                                    \
      run_tile(l, at, k, pixels_, 2, VL);                                                                              \
    }                                                                                                                  \
    for (; k < l->channels; k += VL) {                                                                                 \
      run_tile(l, at, k, pixels_, 1, l->channels - k < VL ? l->channels - k : VL);                                     \
    }                                                                                                                  \
  }
#define EACH_SIZE(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
EACH_SIZE(BLOCK)

/* Outputs [begin, begin + count) in blocks of nearly the same size. */
static void run_line(const line *l, int begin, int count)
{
#define BY_SIZE(pixels_) block_##pixels_,
  typedef void (*block_fn)(const line *l, int at);
  static const block_fn by_size[PIXELS + 1] = { NULL, EACH_SIZE(BY_SIZE) };
  const int blocks = (count + PIXELS - 1) / PIXELS;
  for (int i = 0; i < blocks; i++) {
    const int at = (int)((int64_t)count * i / blocks), next = (int)((int64_t)count * (i + 1) / blocks);
    by_size[next - at](l, begin + at);
  }
}

/* --- rows of outputs ---------------------------------------------------------------------------------------------- */

/*
 * An axis of the convolution. Output i reads, through tap t, place i * stride - before + t * rate. The other way round
 * place i gets from output (i + before - t * rate) / stride if that is whole; places of equal remainder by stride, a
 * phase, share their taps.
 */
typedef struct axis {
  int kernel, stride, rate, before;
  bool transposed;
} axis;

typedef struct job {
  image in, out;
  axis down, across;
  const float *from, *weights;
  float *to;
  tap *taps; /* of all workers */
  tile_epilogue epilogue;
  int channels; /* that are summed, from those that from, weights and to begin with on */
  int bands;    /* tasks of an image */
  bool kept;    /* do caches keep the images? */
} job;

static tap *taps_of(const job *j, int worker)
{
  return j->taps + (size_t)worker * (size_t)(j->down.kernel * j->across.kernel);
}

static int phases_of(const axis *a)
{
  return a->transposed ? a->stride : 1;
}

/* Places from an output to the next of its phase. */
static int step_of(const axis *a)
{
  return a->transposed ? 1 : a->stride;
}

/* What output 0 of the phase reads through tap t into *place. @return false: nothing. */
static bool place_of(const axis *a, int phase, int t, int *place)
{
  const int at = a->transposed ? phase + a->before - t * a->rate : t * a->rate - a->before;
  *place = a->transposed ? at / a->stride : at;
  return !a->transposed || at % a->stride == 0;
}

/* The first output, counting from place in steps, that reads behind a place. */
static int first_from(int place, int step, int behind)
{
  return place >= behind ? 0 : (behind - place + step - 1) / step;
}

/* The taps of outputs of row y and phase. @return how many. */
static int list_taps(const job *j, int y, int phase, tap *taps)
{
  const int step = step_of(&j->across);
  int count = 0, of_a_row = 0;
  for (int ky = 0; ky < j->down.kernel; ky++) {
    int row, column;
    const bool meets = place_of(&j->down, y % phases_of(&j->down), ky, &row);
    row += y / phases_of(&j->down) * step_of(&j->down);
    for (int kx = 0; kx < j->across.kernel && meets && row >= 0 && row < j->in.h; kx++) {
      if (place_of(&j->across, phase, kx, &column)) {
        tap *t = &taps[count++];
        t->in = row * (ptrdiff_t)j->in.row + column * (ptrdiff_t)j->in.pixel;
        t->weights = j->weights + (size_t)(ky * j->across.kernel + kx) * (size_t)j->in.c;
        t->begin = of_a_row ? t[-of_a_row].begin : first_from(column, step, 0);
        t->end = of_a_row ? t[-of_a_row].end : first_from(column, step, j->in.w);
      }
    }
    of_a_row = of_a_row ? of_a_row : count;
  }
  return count;
}

/* Of rows of image n; the taps and where the outputs go are to come. */
static line line_of(const job *j, int n, int worker)
{
  return (line){ .taps = taps_of(j, worker),
                 .in = j->from + (size_t)n * j->in.image,
                 .channels = j->channels,
                 .in_pixel = step_of(&j->across) * (ptrdiff_t)j->in.pixel,
                 .out_pixel = phases_of(&j->across) * (ptrdiff_t)j->out.pixel,
                 .bias = j->epilogue.bias,
                 .add_residual = j->epilogue.residual != NULL,
                 .to_residual = j->epilogue.residual ? j->epilogue.residual - j->to : 0,
                 .clamped = j->epilogue.activation != SLIM_ACTIVATION_NONE,
                 .ceiling = j->epilogue.activation == SLIM_ACTIVATION_RELU6 ? 6.0f : HUGE_VALF };
}

/* Workers are in other rows and go through all channels: they share no cache lines, and prefetching keeps up. */
static void run_task(void *user, int number, int worker)
{
  const job *j = user;
  const int band = number % j->bands, n = number / j->bands, phases = phases_of(&j->across);
  line l = line_of(j, n, worker);
  for (int y = j->out.h * band / j->bands; y < j->out.h * (band + 1) / j->bands; y++) {
    for (int phase = 0; phase < phases; phase++) {
      l.out = j->to + (size_t)n * j->out.image + (size_t)y * j->out.row + (size_t)phase * j->out.pixel;
      l.count = list_taps(j, y, phase, taps_of(j, worker));
      run_line(&l, 0, (j->out.w - phase + phases - 1) / phases);
    }
  }
}

/* --- a few rows at a time ----------------------------------------------------------------------------------------- */

#if DEPTHWISE_WALKS
/* Of pieces: with more, the pixels of a vector of them share too few cache sets. */
#define PIECE_CHANNELS 128
/* Columns of outputs that are walked at once: each column of the input is turned to again for the block beside it, but
 * what the outputs of few take lies near for the next channels. */
#define FEW_COLUMNS 4
#define MANY_COLUMNS 14

static bool fits_walk(const conv2d *g)
{
  if (g->kh != 3 || g->kw != 3 || g->rate.h != 1 || g->rate.w != 1) {
    return false;
  }
  if (g->stride.h == 2 && g->stride.w == 2) {
    return slim_depthwise_halves(g->x.h, g->y.h, g->before_h) && slim_depthwise_halves(g->x.w, g->y.w, g->before_w);
  }
  return g->stride.h == 1 && g->stride.w == 1 && g->before_h == 1 && g->before_w == 1 && g->x.h == g->y.h &&
         g->x.w == g->y.w;
}

/* Pieces of nearly the same size that the rows of an image are walked in. */
static int walks_of(const job *j)
{
  return pieces(j->out.h, DEPTHWISE_ROWS);
}

/* Of rows of image n. */
static depthwise_walk walk_of(const job *j, int n)
{
  const ptrdiff_t c = j->in.c;
  return (depthwise_walk){ .in = j->from + (size_t)n * j->in.image,
                           .bias = j->epilogue.bias,
                           .weights = j->down.transposed ? j->weights + 8 * c : j->weights,
                           .out = j->to + (size_t)n * j->out.image,
                           .row = (ptrdiff_t)j->in.row,
                           .pixel = (ptrdiff_t)j->in.pixel,
                           .tap = j->down.transposed ? -c : c,
                           .out_row = (ptrdiff_t)j->out.row,
                           .out_pixel = (ptrdiff_t)j->out.pixel,
                           .to_residual = j->epilogue.residual ? j->epilogue.residual - j->to : 0,
                           .h = j->in.h,
                           .w = j->in.w,
                           .end = j->out.w,
                           .columns = j->kept && j->down.stride == 1 ? MANY_COLUMNS : FEW_COLUMNS,
                           .before_h = j->down.before,
                           .before_w = j->across.before,
                           .strided = j->down.stride == 2,
                           .channels = j->channels,
                           .add_residual = j->epilogue.residual != NULL,
                           .clamped = j->epilogue.activation != SLIM_ACTIVATION_NONE,
                           .ceiling = j->epilogue.activation == SLIM_ACTIVATION_RELU6 ? 6.0f : HUGE_VALF };
}

static void run_walks(void *user, int number, int worker)
{
  const job *j = user;
  const int band = number % j->bands, walks = walks_of(j);
  depthwise_walk l = walk_of(j, number / j->bands);
  (void)worker;
  for (int i = walks * band / j->bands; i < walks * (band + 1) / j->bands; i++) {
    const int y = j->out.h * i / walks;
    const int rows = j->out.h * (i + 1) / walks - y;
    CPU_OP(depthwise_walk_run)(&l, y, rows);
  }
}
#endif

size_t CPU_OP(depthwise_scratch)(const slim_cpu_step *step, const depthwise *d)
{
  const size_t taps = (size_t)(d->g.kh * d->g.kw * slim_threads_count(step->device->threads));
  return whole_lines(taps * sizeof(tap) / sizeof(float));
}

static job job_of(const depthwise *d, const depthwise_operands *o)
{
  const conv2d *g = &d->g;
  job j = { .in = d->transposed ? g->y : g->x,
            .out = d->transposed ? g->x : g->y,
            .from = o->in,
            .weights = o->weights,
            .taps = (tap *)(void *)o->scratch,
            .epilogue = o->epilogue };
  j.channels = j.in.c;
  j.down = (axis){ g->kh, g->stride.h, g->rate.h, g->before_h, d->transposed };
  j.across = (axis){ g->kw, g->stride.w, g->rate.w, g->before_w, d->transposed };
  return j;
}

void CPU_OP(depthwise_run)(const slim_cpu_step *step, const depthwise *d, const depthwise_operands *o, float *out)
{
  if (d->transposed && depthwise_pairs_fits(&d->g)) {
    CPU_OP(depthwise_pairs_run)(step, d, o->in, o->weights, out);
    return;
  }
  job j = job_of(d, o);
  j.to = out;
  j.kept = depthwise_kept(step, &d->g);
  const int bands = depthwise_bands(step, j.in.n);
#if DEPTHWISE_WALKS
  if (fits_walk(&d->g)) {
    j.bands = at_most(bands, walks_of(&j));
    slim_threads_run(step->device->threads, j.in.n * j.bands, run_walks, &j);
    return;
  }
#endif
  j.bands = at_most(bands, j.out.h);
  slim_threads_run(step->device->threads, j.in.n * j.bands, run_task, &j);
}

/* --- pieces ------------------------------------------------------------------------------------------------------- */

#if DEPTHWISE_WALKS
/* Are pieces made by a few rows? They go from x to y. */
static bool makes_rows(const conv2d *g)
{
  return fits_walk(g) && g->x.c <= PIECE_CHANNELS;
}
#endif

int CPU_OP(depthwise_unit)(const depthwise *d, int most)
{
#if DEPTHWISE_WALKS
  const int w = d->g.y.w, rows = at_most(most / w, DEPTHWISE_ROWS);
  return makes_rows(&d->g) && rows > 1 ? rows * w : 1;
#else
  (void)d;
  (void)most;
  return 1;
#endif
}

/* Outputs [x, x + count) of row y of image n, to j->to. */
static void make_line(const job *j, int n, int y, int x, int count, int worker)
{
  line l = line_of(j, n, worker);
  l.count = list_taps(j, y, 0, taps_of(j, worker));
  l.out = j->to - (ptrdiff_t)x * l.out_pixel;
  run_line(&l, x, count);
}

#if DEPTHWISE_WALKS
/* The same of rows [y, y + rows). */
static void make_rows(const job *j, int n, int y, int rows, int x, int count)
{
  depthwise_walk l = walk_of(j, n);
  l.begin = x;
  l.end = x + count;
  l.out = j->to - (y * l.out_row + x * l.out_pixel);
  CPU_OP(depthwise_walk_run)(&l, y, rows);
}
#endif

/* Whole rows by a few where that is faster. @return how many outputs from the first of left on, row y, were made. */
static int make_some(const job *j, const conv2d *g, int first, int left, int worker)
{
  const int w = j->out.w, h = j->out.h, x = first % w, y = first / w % h, n = first / w / h;
  const int count = at_most(left, w - x);
#if DEPTHWISE_WALKS
  if (makes_rows(g)) {
    const int whole = x == 0 ? at_most(h - y, left / w) : 0;
    const int rows = whole > 0 ? pieces(whole, pieces(whole, DEPTHWISE_ROWS)) : 1;
    make_rows(j, n, y, rows, x, count);
    return rows * count;
  }
#else
  (void)g;
#endif
  make_line(j, n, y, x, count, worker);
  return count;
}

void CPU_OP(depthwise_make)(const depthwise *d, const depthwise_operands *o, const depthwise_piece *p, int worker)
{
  job j = job_of(d, o);
  j.channels = p->depth;
  j.from += p->k;
  j.weights += p->k;
  j.epilogue.bias += j.epilogue.bias ? p->k : 0;
  j.to = p->to;
  j.out.pixel = p->step;
  j.out.row = (size_t)j.out.w * p->step;
  for (int made = 0; made < p->count;) {
    const int count = make_some(&j, &d->g, p->m + made, p->count - made, worker);
    j.to += (size_t)count * p->step;
    made += count;
  }
}
