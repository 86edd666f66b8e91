/*
 * Two sweeps: sums of dy and of dy * (x - mean) per channel; then dx. Where an activation behind the batch norm is
 * merged, dy counts only where the normalised x, made again, lies inside the clamp.
 */
#include "backend/cpu/batch_norm.h"

#include <math.h>

typedef struct job {
  const slim_cpu_step *step;
  norm_cut cut;
  const float *dy, *x;
  float *dx;
  float *mean, *scale, *shift; /* of a line */
  float *a, *b, *c0;           /* of a line: dx = a * dy + b * x + c0 */
  float *sum, *dot;            /* per piece and channel */
  bool clamps;
  float top;
} job;

/* dy where the activation passes it; top: where a clamp ends. */
CPU_INLINE float passed(bool clamps, float top, float dy, float x, float scale, float shift)
{
  const float z = x * scale + shift, below = z < top ? dy : 0.0f;
  return !clamps ? dy : z > 0.0f ? below : 0.0f;
}

/* --- the first sweep ---------------------------------------------------------------------------------------------- */

/* Adds rows of n floats, stride apart; first: the channel or place in the line they begin at. */
CPU_INLINE void add_rows(const job *j, bool clamps, size_t at, size_t stride, size_t rows, size_t first, size_t n,
                         float *restrict sum, float *restrict dot)
{
  const float *restrict mean = j->mean + first, *restrict scale = j->scale + first, *restrict shift = j->shift + first;
  const float top = j->top;
  size_t r = 0;
  for (; r + 2 <= rows; r += 2) {
    const float *dy0 = j->dy + at + r * stride, *x0 = j->x + at + r * stride;
    const float *dy1 = dy0 + stride, *x1 = x0 + stride;
    for (size_t k = 0; k < n; k++) {
      const float g0 = passed(clamps, top, dy0[k], x0[k], scale[k], shift[k]);
      const float g1 = passed(clamps, top, dy1[k], x1[k], scale[k], shift[k]);
      sum[k] += g0 + g1;
      dot[k] += g0 * (x0[k] - mean[k]) + g1 * (x1[k] - mean[k]);
    }
  }
  for (; r < rows; r++) {
    const float *dy = j->dy + at + r * stride, *x = j->x + at + r * stride;
    for (size_t k = 0; k < n; k++) {
      const float g = passed(clamps, top, dy[k], x[k], scale[k], shift[k]);
      sum[k] += g;
      dot[k] += g * (x[k] - mean[k]);
    }
  }
}

/* n neighbouring floats of the lines of a piece. */
CPU_INLINE void piece_last(const job *j, bool clamps, size_t piece, size_t first, size_t n)
{
  const size_t c = j->cut.ch.c, rows = norm_rows(&j->cut, piece), at = piece * j->cut.rows * c + first;
  const size_t lines = rows / j->cut.repeat, rest = rows % j->cut.repeat * c;
  float sum[NORM_LINE] = { 0 }, dot[NORM_LINE] = { 0 };
  add_rows(j, clamps, at, j->cut.line, lines, first, n, sum, dot);
  add_rows(j, clamps, at + lines * j->cut.line, j->cut.line, rest > 0, first, rest, sum, dot);
  norm_gather(&j->cut, sum);
  norm_gather(&j->cut, dot);
  memcpy(j->sum + piece * c + first, sum, size_min(n, c) * sizeof *sum);
  memcpy(j->dot + piece * c + first, dot, size_min(n, c) * sizeof *dot);
}

static void piece_planes(const job *j, size_t piece)
{
  const size_t c = j->cut.ch.c, n = j->cut.ch.inner;
  for (size_t k = 0; k < c; k++) {
    const size_t at = (piece * c + k) * n;
    double sum = 0.0, dot = 0.0;
    for (size_t i = at; i < at + n; i++) {
      const double g = (double)passed(j->clamps, j->top, j->dy[i], j->x[i], j->scale[k], j->shift[k]);
      sum += g;
      dot += g * ((double)j->x[i] - (double)j->mean[k]);
    }
    j->sum[piece * c + k] = (float)sum;
    j->dot[piece * c + k] = (float)dot;
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
      const size_t n = size_min(NORM_LINE, j->cut.line - first);
      if (j->clamps) {
        piece_last(j, true, i, first, n);
      } else {
        piece_last(j, false, i, first, n);
      }
    }
  }
}

/* --- channels ----------------------------------------------------------------------------------------------------- */

#define CHANNELS ((size_t)64) /* added up side by side */

static void store(const slim_cpu_step *step, int k, size_t i, double value)
{
  if (k < step->num_out && step->out[k].host) {
    ((float *)step->out[k].host)[i] = (float)value;
  }
}

/* dx = gamma * inv * (dy - sum / N - (x - mean) * inv^2 * dot / N); without batch statistics only the first term. */
static void finish_channel(const job *j, size_t k, double sum, double dot)
{
  const slim_batch_norm_attr *attr = j->step->attr;
  const double gamma = (double)((const float *)j->step->in[2].host)[k], mean = (double)j->mean[k];
  const double inv = (double)((const float *)j->step->in[4].host)[k], n = (double)norm_count(&j->cut);
  const double a = gamma * inv, b = attr->training ? -a * inv * inv * dot / n : 0.0;
  j->a[k] = (float)a;
  j->b[k] = (float)b;
  j->c0[k] = (float)(attr->training ? -a * sum / n - b * mean : 0.0);
  store(j->step, 1, k, dot * inv);
  store(j->step, 2, k, sum);
}

/* Channels [begin, end), at most CHANNELS. */
static void finish_channels(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  double sum[CHANNELS] = { 0 }, dot[CHANNELS] = { 0 };
  (void)worker;
  for (size_t i = 0; i < j->cut.pieces; i++) {
    const float *s = j->sum + i * j->cut.ch.c, *d = j->dot + i * j->cut.ch.c;
    for (size_t k = begin; k < end; k++) {
      sum[k - begin] += (double)s[k];
      dot[k - begin] += (double)d[k];
    }
  }
  for (size_t k = begin; k < end; k++) {
    finish_channel(j, k, sum[k - begin], dot[k - begin]);
  }
}

/* --- the second sweep --------------------------------------------------------------------------------------------- */

CPU_INLINE void pull_line(const job *j, bool clamps, size_t at, size_t n)
{
  const float *restrict a = j->a, *restrict b = j->b, *restrict c0 = j->c0;
  const float *restrict scale = j->scale, *restrict shift = j->shift;
  const float *dy = j->dy + at, *x = j->x + at;
  float *dx = j->dx + at;
  const float top = j->top;
  for (size_t k = 0; k < n; k++) {
    dx[k] = a[k] * passed(clamps, top, dy[k], x[k], scale[k], shift[k]) + (b[k] * x[k] + c0[k]);
  }
}

/* Rows [begin, end), line by line. */
static void pull(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const size_t stop = end * j->cut.ch.c;
  (void)worker;
  for (size_t at = begin * j->cut.ch.c; at < stop; at += j->cut.line) {
    const size_t n = size_min(j->cut.line, stop - at);
    if (j->clamps) {
      pull_line(j, true, at, n);
    } else {
      pull_line(j, false, at, n);
    }
  }
}

/* Planes [begin, end) of one channel each. */
static void pull_planes(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const size_t n = j->cut.ch.inner;
  (void)worker;
  for (size_t p = begin; p < end; p++) {
    const size_t k = p % j->cut.ch.c;
    for (size_t i = p * n; i < (p + 1) * n; i++) {
      const float g = passed(j->clamps, j->top, j->dy[i], j->x[i], j->scale[k], j->shift[k]);
      j->dx[i] = j->a[k] * g + (j->b[k] * j->x[i] + j->c0[k]);
    }
  }
}

/* --- the op ------------------------------------------------------------------------------------------------------- */

static job job_of(const slim_cpu_step *step)
{
  const slim_batch_norm_attr *attr = step->attr;
  job j = { .step = step, .cut = norm_cut_of(&step->in[0].shape, attr->nchw), .dy = step->in[0].host,
            .x = step->in[1].host, .dx = step->out[0].host, .clamps = attr->activation != SLIM_ACTIVATION_NONE,
            .top = attr->activation == SLIM_ACTIVATION_RELU6 ? 6.0f : HUGE_VALF };
  j.mean = step->workspace;
  if (j.mean) {
    j.scale = j.mean + j.cut.line;
    j.shift = j.scale + j.cut.line;
    j.a = j.shift + j.cut.line;
    j.b = j.a + j.cut.line;
    j.c0 = j.b + j.cut.line;
    j.sum = j.c0 + j.cut.line;
    j.dot = j.sum + j.cut.pieces * j.cut.ch.c;
  }
  return j;
}

static size_t workspace(const slim_cpu_step *step)
{
  const job j = job_of(step);
  return (6 * j.cut.line + 2 * j.cut.pieces * j.cut.ch.c) * sizeof(float);
}

/* What the forward pass multiplied by and added. */
static void make_lines(const job *j)
{
  const float *gamma = j->step->in[2].host, *mean = j->step->in[3].host, *inv = j->step->in[4].host;
  const float *beta = j->clamps ? j->step->in[5].host : NULL;
  for (size_t k = 0; k < j->cut.ch.c; k++) {
    j->mean[k] = mean[k];
    norm_factors(gamma[k], beta ? beta[k] : 0.0f, mean[k], inv[k], &j->scale[k], &j->shift[k]);
  }
  norm_spread(&j->cut, j->mean);
  norm_spread(&j->cut, j->scale);
  norm_spread(&j->cut, j->shift);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  job j = job_of(step);
  const channels *ch = &j.cut.ch;
  (void)run_info;
  make_lines(&j);
  slim_cpu_for(step, j.cut.pieces, 1, pieces, &j);
  slim_cpu_for(step, ch->c, CHANNELS, finish_channels, &j);
  norm_spread(&j.cut, j.a);
  norm_spread(&j.cut, j.b);
  norm_spread(&j.cut, j.c0);
  if (j.dx && ch->inner == 1) {
    slim_cpu_for(step, ch->outer, j.cut.rows, pull, &j);
  } else if (j.dx) {
    slim_cpu_for(step, ch->outer * ch->c, 1 + CPU_GRAIN / ch->inner, pull_planes, &j);
  }
}

const slim_cpu_op CPU_OP(batch_norm_gradient) = { .workspace = workspace, .run = run };
