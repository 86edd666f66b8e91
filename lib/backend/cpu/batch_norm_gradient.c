/* Two sweeps: sums of dy and of dy * (x - mean) per channel; then dx. */
#include "backend/cpu/batch_norm.h"

typedef struct job {
  norm_cut cut;
  const float *dy, *x, *mean;
  float *dx;
  float *sum, *dot;  /* per piece and channel */
  float *a, *b, *c0; /* dx = a * dy + b * x + c0 */
} job;

static void piece_last(const job *j, size_t piece)
{
  const size_t c = j->cut.ch.c, rows = norm_rows(&j->cut, piece), at = piece * j->cut.rows * c;
  const float *restrict dy = j->dy + at, *restrict x = j->x + at, *restrict mean = j->mean;
  float *restrict sum = j->sum + piece * c, *restrict dot = j->dot + piece * c;
  memset(sum, 0, c * sizeof *sum);
  memset(dot, 0, c * sizeof *dot);
  for (size_t r = 0; r < rows; r++) {
    for (size_t k = 0; k < c; k++) {
      sum[k] += dy[r * c + k];
      dot[k] += dy[r * c + k] * (x[r * c + k] - mean[k]);
    }
  }
}

static void piece_planes(const job *j, size_t piece)
{
  const size_t c = j->cut.ch.c, n = j->cut.ch.inner;
  for (size_t k = 0; k < c; k++) {
    const size_t at = (piece * c + k) * n;
    double sum = 0.0, dot = 0.0;
    for (size_t i = at; i < at + n; i++) {
      sum += (double)j->dy[i];
      dot += (double)j->dy[i] * ((double)j->x[i] - (double)j->mean[k]);
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
    if (j->cut.ch.inner == 1) {
      piece_last(j, i);
    } else {
      piece_planes(j, i);
    }
  }
}

static void spread(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const size_t c = j->cut.ch.c, n = j->cut.ch.inner;
  (void)worker;
  for (size_t r = begin; r < end; r++) {
    const float *dy = j->dy + r * c * n, *x = j->x + r * c * n;
    float *dx = j->dx + r * c * n;
    if (n == 1) {
      for (size_t k = 0; k < c; k++) {
        dx[k] = j->a[k] * dy[k] + (j->b[k] * x[k] + j->c0[k]);
      }
      continue;
    }
    for (size_t i = 0; i < c * n; i++) {
      dx[i] = j->a[i / n] * dy[i] + (j->b[i / n] * x[i] + j->c0[i / n]);
    }
  }
}

static void store(const slim_cpu_step *step, int k, size_t i, double value)
{
  if (k < step->num_out && step->out[k].host) {
    ((float *)step->out[k].host)[i] = (float)value;
  }
}

/* dx = gamma * inv * (dy - sum / N - (x - mean) * inv^2 * dot / N); without batch statistics only the first term. */
static void finish_channel(const slim_cpu_step *step, const job *j, size_t k)
{
  const slim_batch_norm_attr *attr = step->attr;
  const double gamma = (double)((const float *)step->in[2].host)[k], mean = (double)j->mean[k];
  const double inv = (double)((const float *)step->in[4].host)[k], n = (double)norm_count(&j->cut);
  double sum = 0.0, dot = 0.0;
  for (size_t i = 0; i < j->cut.pieces; i++) {
    sum += (double)j->sum[i * j->cut.ch.c + k];
    dot += (double)j->dot[i * j->cut.ch.c + k];
  }
  const double a = gamma * inv, b = attr->training ? -a * inv * inv * dot / n : 0.0;
  j->a[k] = (float)a;
  j->b[k] = (float)b;
  j->c0[k] = (float)(attr->training ? -a * sum / n - b * mean : 0.0);
  store(step, 1, k, dot * inv);
  store(step, 2, k, sum);
}

static job job_of(const slim_cpu_step *step)
{
  const slim_batch_norm_attr *attr = step->attr;
  job j = { .cut = norm_cut_of(&step->in[0].shape, attr->nchw), .dy = step->in[0].host, .x = step->in[1].host,
            .mean = step->in[3].host, .dx = step->out[0].host };
  const size_t c = j.cut.ch.c;
  j.a = step->workspace;
  if (j.a) {
    j.b = j.a + c;
    j.c0 = j.b + c;
    j.sum = j.c0 + c;
    j.dot = j.sum + j.cut.pieces * c;
  }
  return j;
}

static size_t workspace(const slim_cpu_step *step)
{
  const job j = job_of(step);
  return (3 + 2 * j.cut.pieces) * j.cut.ch.c * sizeof(float);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  job j = job_of(step);
  (void)run_info;
  slim_cpu_for(step, j.cut.pieces, 1, pieces, &j);
  for (size_t k = 0; k < j.cut.ch.c; k++) {
    finish_channel(step, &j, k);
  }
  if (j.dx) {
    slim_cpu_for(step, j.cut.ch.outer, j.cut.rows, spread, &j);
  }
}

const slim_cpu_op CPU_OP(batch_norm_gradient) = { .workspace = workspace, .run = run };
