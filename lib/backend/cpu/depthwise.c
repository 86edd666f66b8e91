/*
 * Rows of outputs, PIXELS at a time by a vector of channels. Each output is one accumulator; the taps along a row come
 * from memory as they are, because what a vector of outputs shares with the next is in the first cache anyway.
 */
#include "backend/cpu/depthwise.h"

#include <math.h>

#define PIXELS 7 /* 112, 56, 28, 14 and 7 are multiples */
#define EACH_PIXEL(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6)

/* --- phases ------------------------------------------------------------------------------------------------------- */

/* An axis of the convolution, as the sums see it. */
typedef struct axis {
  int in, out, kernel, stride, rate, before;
  bool transposed;
} axis;

/*
 * With a rate, or with a stride the other way round, only inputs and taps some way apart meet in an output; outputs
 * fall into phases that each are a plain sum. Output number i of a phase is at first + i * step; its tap t is tap_first
 * + t * tap_step of the kernel and takes input number begin + i * stride + t, which is at in_first + in_step * number
 * if that is in [0, in_count).
 */
typedef struct phase {
  int first, step, count;
  int in_first, in_step, in_count;
  int begin, stride;
  int taps, tap_first, tap_step;
} phase;

static int phases_of(const axis *a)
{
  return a->transposed && a->stride > 1 ? a->stride : a->rate;
}

static int count_from(int first, int step, int size)
{
  return first < size ? (size - first + step - 1) / step : 0;
}

/* Neighbouring outputs of the phase are rate inputs apart, or stride times that. place: of tap 0 of output first. */
static void read_every(phase *p, const axis *a, int place)
{
  p->in_step = a->rate;
  p->in_first = (place % a->rate + a->rate) % a->rate;
  p->in_count = count_from(p->in_first, p->in_step, a->in);
  p->begin = (place - p->in_first) / a->rate;
  p->taps = a->kernel;
}

static phase forward_phase(const axis *a, int number)
{
  phase p = { .stride = a->stride, .tap_first = 0, .tap_step = 1 };
  read_every(&p, a, number * a->stride - a->before);
  return p;
}

/* The kernel turned by half a turn. */
static phase turned_phase(const axis *a, int number)
{
  phase p = { .stride = 1, .tap_first = a->kernel - 1, .tap_step = -1 };
  read_every(&p, a, number + a->before - (a->kernel - 1) * a->rate);
  return p;
}

/* Taps first, first + stride, ... meet the outputs of the phase; there may be none. */
static phase strided_phase(const axis *a, int number)
{
  const int first = (number + a->before) % a->stride, taps = count_from(first, a->stride, a->kernel);
  return (phase){ .in_step = 1,
                  .in_count = a->in,
                  .begin = (number + a->before - first) / a->stride - (taps - 1),
                  .stride = 1,
                  .taps = taps,
                  .tap_first = taps ? first + (taps - 1) * a->stride : 0,
                  .tap_step = -a->stride };
}

static phase phase_of(const axis *a, int number)
{
  phase p = !a->transposed   ? forward_phase(a, number)
            : a->stride == 1 ? turned_phase(a, number)
                             : strided_phase(a, number);
  p.first = number;
  p.step = phases_of(a);
  p.count = count_from(p.first, p.step, a->out);
  return p;
}

/* --- blocks of outputs -------------------------------------------------------------------------------------------- */

/* A row of outputs of one phase. */
typedef struct line {
  const float *in, *weights; /* input 0 and tap 0 of the first kernel row that meets the image */
  float *out;                /* output 0 */
  ptrdiff_t in_row, in_pixel, weights_row, weights_tap, out_pixel;
  ptrdiff_t to_residual;
  const float *bias; /* NULL: none */
  bool add_residual;
  float floor, ceiling;
  int rows, c;
  phase p;
} line;

/* Outputs number at + [from, to) of a line, channels k to k + lanes. */
typedef struct block {
  int at, from, to;
  int k, lanes;
} block;

CPU_INLINE vec choose(ivec mask, vec yes, vec no)
{
  return (vec)(((ivec)yes & mask) | ((ivec)no & ~mask));
}

/* Bias, residual and limits; NaN stays NaN. */
CPU_INLINE vec finish(const line *l, const float *out, vec sum, vec bias, int lanes)
{
  const vec zero = { 0 }, floor = zero + l->floor, ceiling = zero + l->ceiling;
  sum += bias;
  if (l->add_residual) {
    sum += lanes_load(out + l->to_residual, lanes);
  }
  sum = choose((ivec)(sum < floor), floor, sum);
  return choose((ivec)(sum > ceiling), ceiling, sum);
}

#define DECLARE(p_) vec sum##p_ = { 0 };
#define ADD_TAP(p_)                                                                                                    \
  if (inside || ((p_) < b->to && first + (p_)*stride + t >= 0 && first + (p_)*stride + t < l->p.in_count)) {           \
    sum##p_ += weight * lanes_load(l->in + (in + ((p_)*stride + t) * l->in_pixel), lanes);                             \
  }
#define FINISH(p_)                                                                                                     \
  if (inside || ((p_) >= b->from && (p_) < b->to)) {                                                                   \
    lanes_store(out + (p_)*l->out_pixel, finish(l, out + (p_)*l->out_pixel, sum##p_, bias, lanes), lanes);             \
  }

/* inside: the whole block, with all its taps inside the image. */
CPU_INLINE void run_block(const line *l, const block *b, int taps, int stride, int lanes, bool inside)
{
  const int first = l->p.begin + b->at * stride;
  const float *weights = l->weights + b->k;
  ptrdiff_t in = first * l->in_pixel + b->k; /* may lie outside of the image, taps that are used do not */
  float *out = l->out + b->at * l->out_pixel + b->k;
  const vec zero = { 0 }, bias = l->bias ? lanes_load(l->bias + b->k, lanes) : zero;
  EACH_PIXEL(DECLARE)
  for (int r = 0; r < l->rows; r++) {
    CPU_UNROLL
    for (int t = 0; t < taps; t++) {
      const vec weight = lanes_load(weights + t * l->weights_tap, lanes);
      EACH_PIXEL(ADD_TAP)
    }
    in += l->in_row;
    weights += l->weights_row;
  }
  EACH_PIXEL(FINISH)
}

static void run_any(const line *l, const block *b)
{
  run_block(l, b, l->p.taps, l->p.stride, b->lanes, false);
}

/* All whole vectors of channels of a block inside the image. */
#define INSIDE(taps_, stride_)                                                                                         \
  static void inside_##taps_##_##stride_(const line *l, block *b)                                                      \
  {                                                                                                                    \
    for (; b->k + VL <= l->c; b->k += VL) {                                                                            \
      run_block(l, b, taps_, stride_, VL, true);                                                                       \
    }                                                                                                                  \
  }
INSIDE(1, 1)
INSIDE(2, 1)
INSIDE(3, 1)
INSIDE(5, 1)
INSIDE(3, 2)
INSIDE(5, 2)

static void inside_any(const line *l, block *b)
{
  for (; b->k + VL <= l->c; b->k += VL) {
    run_block(l, b, l->p.taps, l->p.stride, VL, true);
  }
}

typedef void (*inside_fn)(const line *l, block *b);

static inside_fn inside_of(const phase *p)
{
  static const inside_fn by_taps[2][6] = { { NULL, inside_1_1, inside_2_1, inside_3_1, NULL, inside_5_1 },
                                           { NULL, NULL, NULL, inside_3_2, NULL, inside_5_2 } };
  const inside_fn fn = p->taps <= 5 && p->stride <= 2 ? by_taps[p->stride - 1][p->taps] : NULL;
  return fn ? fn : inside_any;
}

static void run_line(const line *l)
{
  const phase *p = &l->p;
  const inside_fn inside = inside_of(p);
  for (int at = 0; at < p->count; at += PIXELS) {
    /* the last block moves back to be whole, unless the line is shorter */
    const int begin = at + PIXELS <= p->count || p->count < PIXELS ? at : p->count - PIXELS;
    block b = { .at = begin, .from = at - begin, .to = p->count - begin < PIXELS ? p->count - begin : PIXELS };
    const int first = p->begin + begin * p->stride, last = first + (PIXELS - 1) * p->stride + p->taps;
    if (b.from == 0 && b.to == PIXELS && first >= 0 && last <= p->in_count) {
      inside(l, &b);
    }
    for (; b.k < l->c; b.k += VL) {
      b.lanes = l->c - b.k < VL ? l->c - b.k : VL;
      run_any(l, &b);
    }
  }
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

typedef struct job {
  axis rows, columns;
  image in, out;
  int kernel_w;
  const float *from, *weights;
  float *to;
  line line; /* with the epilogue */
} job;

/* The kernel rows that meet the image in one row of outputs. */
static void set_rows(const job *j, line *l, int n, int y)
{
  const phase p = phase_of(&j->rows, y % phases_of(&j->rows));
  const int number = p.begin + y / phases_of(&j->rows) * p.stride;
  const int first = number < 0 ? -number : 0;
  const int last = number + p.taps > p.in_count ? p.in_count - number : p.taps;
  const ptrdiff_t tap = (ptrdiff_t)j->kernel_w * l->c;
  l->rows = last > first ? last - first : 0;
  l->in = j->from + (size_t)n * j->in.image;
  l->weights = j->weights;
  if (l->rows > 0) {
    l->in += (p.in_first + (ptrdiff_t)(number + first) * p.in_step) * (ptrdiff_t)j->in.row;
    l->weights += (p.tap_first + first * p.tap_step) * tap;
  }
  l->in_row = p.in_step * (ptrdiff_t)j->in.row;
  l->weights_row = p.tap_step * tap;
  l->out = j->to + (size_t)n * j->out.image + (size_t)y * j->out.row;
}

static void run_rows(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t row = begin; row < end; row++) {
    line whole = j->line;
    set_rows(j, &whole, (int)(row / (size_t)j->out.h), (int)(row % (size_t)j->out.h));
    for (int i = 0; i < phases_of(&j->columns); i++) {
      line l = whole;
      l.p = phase_of(&j->columns, i);
      l.in += (size_t)l.p.in_first * j->in.pixel;
      l.in_pixel = l.p.in_step * (ptrdiff_t)j->in.pixel;
      l.weights += (ptrdiff_t)l.p.tap_first * l.c;
      l.weights_tap = (ptrdiff_t)l.p.tap_step * l.c;
      l.out += (size_t)l.p.first * j->out.pixel;
      l.out_pixel = l.p.step * (ptrdiff_t)j->out.pixel;
      run_line(&l);
    }
  }
}

static axis axis_of(int x, int y, int kernel, int stride, int rate, int before, bool transposed)
{
  return (axis){ transposed ? y : x, transposed ? x : y, kernel, stride, rate, before, transposed };
}

/* Rows of a task: several for each worker, so that they end together, and few enough to share the caches. */
static size_t grain_of(const slim_cpu_step *step, const image *out)
{
  const size_t rows = (size_t)out->n * (size_t)out->h;
  const size_t share = rows / (8 * (size_t)slim_threads_count(step->device->threads));
  const size_t most = 4 * CPU_GRAIN / (1 + out->row);
  return 1 + size_min(share, most);
}

void CPU_OP(depthwise_run)(const slim_cpu_step *step, const depthwise *d, const float *in, const float *weights,
                           float *out, const tile_epilogue *epilogue)
{
  const conv2d *g = &d->g;
  job j = { .in = d->transposed ? g->y : g->x,
            .out = d->transposed ? g->x : g->y,
            .kernel_w = g->kw,
            .from = in,
            .weights = weights,
            .to = out };
  j.rows = axis_of(g->x.h, g->y.h, g->kh, g->stride.h, g->rate.h, g->before_h, d->transposed);
  j.columns = axis_of(g->x.w, g->y.w, g->kw, g->stride.w, g->rate.w, g->before_w, d->transposed);
  j.line = (line){ .c = j.out.c,
                   .bias = epilogue->bias,
                   .add_residual = epilogue->residual != NULL,
                   .floor = epilogue->activation == SLIM_ACTIVATION_NONE ? -HUGE_VALF : 0.0f,
                   .ceiling = epilogue->activation == SLIM_ACTIVATION_RELU6 ? 6.0f : HUGE_VALF };
  if (epilogue->residual) {
    j.line.to_residual = epilogue->residual - out;
  }
  slim_cpu_for(step, (size_t)j.out.n * (size_t)j.out.h, grain_of(step, &j.out), run_rows, &j);
}
