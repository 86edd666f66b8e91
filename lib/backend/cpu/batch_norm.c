/*
 * Two sweeps: mean and spread of pieces that fit the cache, merged in double; then y = x * scale + shift, with an addition
 * and a clamp behind it where they are fused.
 */
#include "backend/cpu/batch_norm.h"

#include "backend/cpu/epilogue.h"

#include <math.h>

typedef struct job {
  const slim_cpu_step *step;
  norm_cut cut;
  const float *x, *residual; /* residual: NULL without an addition */
  float *y;
  float *mean, *spread; /* per piece and channel: its mean, and the sum of squared distances from it */
  float *scale, *shift; /* of a line */
  float floor, top;
} job;

/* --- statistics --------------------------------------------------------------------------------------------------- */

/* Adds rows of n floats, stride apart, or their squared distances from center. */
CPU_INLINE void add_rows(const float *x, size_t stride, size_t rows, size_t n, const float *restrict center,
                         float *restrict sum)
{
#define TERM(row_) (center ? ((row_)[k] - center[k]) * ((row_)[k] - center[k]) : (row_)[k])
  size_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    const float *a = x + r * stride, *b = a + stride, *c = b + stride, *d = c + stride;
    for (size_t k = 0; k < n; k++) {
      sum[k] += (TERM(a) + TERM(b)) + (TERM(c) + TERM(d));
    }
  }
  for (; r < rows; r++) {
    const float *a = x + r * stride;
    for (size_t k = 0; k < n; k++) {
      sum[k] += TERM(a);
    }
  }
#undef TERM
}

/* Sums n neighbouring floats of the piece's lines, the last of which has rest floats. */
CPU_INLINE void sum_lines(const job *j, const float *x, size_t lines, size_t rest, size_t n, const float *center,
                          float *sum)
{
  memset(sum, 0, n * sizeof *sum);
  add_rows(x, j->cut.line, lines, n, center, sum);
  add_rows(x + lines * j->cut.line, j->cut.line, rest > 0, rest, center, sum);
  norm_gather(&j->cut, sum);
}

/* Channels [first, first + n) of a piece. */
static void piece_last(const job *j, size_t piece, size_t first, size_t n)
{
  const size_t c = j->cut.ch.c, rows = norm_rows(&j->cut, piece);
  const size_t lines = rows / j->cut.repeat, rest = rows % j->cut.repeat * c;
  const float *x = j->x + piece * j->cut.rows * c + first;
  float *mean = j->mean + piece * c + first, *spread = j->spread + piece * c + first;
  const size_t channels_here = size_min(n, c);
  float sum[NORM_LINE], center[NORM_LINE];
  sum_lines(j, x, lines, rest, n, NULL, sum);
  for (size_t k = 0; k < channels_here; k++) {
    mean[k] = center[k] = sum[k] / (float)rows;
  }
  norm_spread(&j->cut, center);
  sum_lines(j, x, lines, rest, n, center, sum);
  memcpy(spread, sum, channels_here * sizeof *spread);
}

static void piece_planes(const job *j, size_t piece)
{
  const size_t c = j->cut.ch.c, n = j->cut.ch.inner;
  for (size_t k = 0; k < c; k++) {
    const float *x = j->x + (piece * c + k) * n;
    double total = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++) {
      total += (double)x[i];
    }
    const double mean = total / (double)n;
    for (size_t i = 0; i < n; i++) {
      squares += ((double)x[i] - mean) * ((double)x[i] - mean);
    }
    j->mean[piece * c + k] = (float)mean;
    j->spread[piece * c + k] = (float)squares;
  }
}

static void pieces(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    if (j->cut.ch.inner != 1) {
      piece_planes(j, i);
      continue;
    }
    for (size_t first = 0; first < j->cut.line; first += NORM_LINE) {
      piece_last(j, i, first, size_min(NORM_LINE, j->cut.line - first));
    }
  }
}

/* --- channels ----------------------------------------------------------------------------------------------------- */

#define CHANNELS ((size_t)64) /* merged side by side */

/* Means and variances (over N) of n channels from the pieces. */
static void merge(const job *j, size_t first, size_t n, double *mean, double *variance)
{
  const size_t c = j->cut.ch.c;
  double count = 0.0;
  for (size_t k = 0; k < n; k++) {
    mean[k] = variance[k] = 0.0;
  }
  for (size_t i = 0; i < j->cut.pieces; i++) {
    const double here = (double)(norm_rows(&j->cut, i) * j->cut.ch.inner);
    const double share = here / (count + here), weight = count * share;
    const float *m = j->mean + i * c + first, *s = j->spread + i * c + first;
    count += here;
    for (size_t k = 0; k < n; k++) {
      const double delta = (double)m[k] - mean[k];
      mean[k] += delta * share;
      variance[k] += (double)s[k] + delta * delta * weight;
    }
  }
  for (size_t k = 0; k < n; k++) {
    variance[k] /= count;
  }
}

static void store(const slim_cpu_step *step, int k, size_t i, double value)
{
  if (k < step->num_out && step->out[k].host) {
    ((float *)step->out[k].host)[i] = (float)value;
  }
}

/* Scale, shift and the outputs beside y of channels [begin, end), at most CHANNELS. */
static void finish_channels(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const slim_batch_norm_attr *attr = j->step->attr;
  const slim_view *in = j->step->in;
  const float *gamma = in[1].host, *beta = in[2].host, *moving_mean = in[3].host, *moving_variance = in[4].host;
  const double n = (double)norm_count(&j->cut), unbiased = attr->unbiased && n > 1.0 ? n / (n - 1.0) : 1.0;
  double mean[CHANNELS], variance[CHANNELS];
  (void)worker;
  if (attr->training) {
    merge(j, begin, end - begin, mean, variance);
  }
  for (size_t k = begin; k < end; k++) {
    const double m = attr->training ? mean[k - begin] : (double)moving_mean[k];
    const double v = attr->training ? variance[k - begin] : (double)moving_variance[k];
    const float inv_stddev = (float)(1.0 / sqrt(v + (double)attr->epsilon));
    norm_factors(gamma[k], beta[k], (float)m, inv_stddev, &j->scale[k], &j->shift[k]);
    store(j->step, 1, k, m);
    store(j->step, 2, k, attr->training ? v * unbiased : v);
    store(j->step, 3, k, (double)inv_stddev);
  }
}

/* --- the second sweep --------------------------------------------------------------------------------------------- */

CPU_INLINE float clamped(float v, float floor, float top)
{
  return v < floor ? floor : v > top ? top : v;
}

static void normalise_line(const job *j, size_t at, size_t first, size_t n)
{
  const float *restrict scale = j->scale + first, *restrict shift = j->shift + first;
  const float *x = j->x + at, *residual = j->residual;
  const float floor = j->floor, top = j->top;
  float *y = j->y + at;
  if (!residual) {
    for (size_t k = 0; k < n; k++) {
      y[k] = clamped(x[k] * scale[k] + shift[k], floor, top);
    }
    return;
  }
  residual += at;
  for (size_t k = 0; k < n; k++) {
    y[k] = clamped(x[k] * scale[k] + shift[k] + residual[k], floor, top);
  }
}

/* Rows [begin, end), line by line. */
static void normalise(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const size_t stop = end * j->cut.ch.c;
  (void)worker;
  for (size_t at = begin * j->cut.ch.c; at < stop; at += j->cut.line) {
    normalise_line(j, at, 0, size_min(j->cut.line, stop - at));
  }
}

/* Planes [begin, end) of one channel each. */
static void normalise_planes(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const size_t n = j->cut.ch.inner;
  (void)worker;
  for (size_t p = begin; p < end; p++) {
    const float scale = j->scale[p % j->cut.ch.c], shift = j->shift[p % j->cut.ch.c];
    for (size_t i = p * n; i < (p + 1) * n; i++) {
      j->y[i] = clamped(j->x[i] * scale + shift + (j->residual ? j->residual[i] : 0.0f), j->floor, j->top);
    }
  }
}

/* --- the op ------------------------------------------------------------------------------------------------------- */

static job job_of(const slim_cpu_step *step)
{
  const slim_batch_norm_attr *attr = step->attr;
  const tile_epilogue e = epilogue_of(step, 5);
  job j = { .step = step, .cut = norm_cut_of(&step->in[0].shape, attr->nchw), .x = step->in[0].host,
            .residual = e.residual, .y = step->out[0].host, .floor = -HUGE_VALF, .top = HUGE_VALF };
  if (e.activation != SLIM_ACTIVATION_NONE) {
    j.floor = 0.0f;
    j.top = e.activation == SLIM_ACTIVATION_RELU6 ? 6.0f : HUGE_VALF;
  }
  j.scale = step->workspace;
  if (j.scale) {
    j.shift = j.scale + j.cut.line;
    j.mean = j.shift + j.cut.line;
    j.spread = j.mean + j.cut.pieces * j.cut.ch.c;
  }
  return j;
}

static size_t workspace(const slim_cpu_step *step)
{
  const job j = job_of(step);
  return 2 * (j.cut.line + j.cut.pieces * j.cut.ch.c) * sizeof(float);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  job j = job_of(step);
  const channels *ch = &j.cut.ch;
  (void)run_info;
  if (((const slim_batch_norm_attr *)step->attr)->training) {
    slim_cpu_for(step, j.cut.pieces, 1, pieces, &j);
  }
  slim_cpu_for(step, ch->c, CHANNELS, finish_channels, &j);
  norm_spread(&j.cut, j.scale);
  norm_spread(&j.cut, j.shift);
  if (j.y && ch->inner == 1) {
    slim_cpu_for(step, ch->outer, j.cut.rows, normalise, &j);
  } else if (j.y) {
    slim_cpu_for(step, ch->outer * ch->c, 1 + CPU_GRAIN / ch->inner, normalise_planes, &j);
  }
}

/* An addition, then a clamp. */
static bool can_fuse(const slim_group *group, const slim_node *node)
{
  const bool clamps = node->op == &slim_op_activation &&
                      ((const slim_activation_attr *)node->attr)->kind <= SLIM_ACTIVATION_RELU6;
  return (clamps || node->op == &slim_op_binary) && epilogue_fits(group, node);
}

const slim_cpu_op CPU_OP(batch_norm) = { .can_fuse = can_fuse, .workspace = workspace, .run = run };
