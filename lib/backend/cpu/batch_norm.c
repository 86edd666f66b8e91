/* Two sweeps: mean and spread of pieces that fit the cache, merged in double; then y = x * scale + shift. */
#include "backend/cpu/batch_norm.h"

#include <math.h>

typedef struct job {
  norm_cut cut;
  const float *x;
  float *y;
  float *mean, *spread; /* per piece and channel: its mean, and the sum of squared distances from it */
  float *scale, *shift;
} job;

static void piece_last(const job *j, size_t piece)
{
  const size_t c = j->cut.ch.c, rows = norm_rows(&j->cut, piece);
  const float *x = j->x + piece * j->cut.rows * c;
  float *restrict mean = j->mean + piece * c, *restrict spread = j->spread + piece * c;
  memset(mean, 0, c * sizeof *mean);
  memset(spread, 0, c * sizeof *spread);
  for (size_t r = 0; r < rows; r++) {
    for (size_t k = 0; k < c; k++) {
      mean[k] += x[r * c + k];
    }
  }
  for (size_t k = 0; k < c; k++) {
    mean[k] /= (float)rows;
  }
  for (size_t r = 0; r < rows; r++) {
    for (size_t k = 0; k < c; k++) {
      const float d = x[r * c + k] - mean[k];
      spread[k] += d * d;
    }
  }
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
    if (j->cut.ch.inner == 1) {
      piece_last(j, i);
    } else {
      piece_planes(j, i);
    }
  }
}

/* Mean and variance (over N) of channel k from the pieces. */
static void merge(const job *j, size_t k, double *mean, double *variance)
{
  double count = 0.0, m = 0.0, spread = 0.0;
  for (size_t i = 0; i < j->cut.pieces; i++) {
    const double n = (double)(norm_rows(&j->cut, i) * j->cut.ch.inner);
    const double delta = (double)j->mean[i * j->cut.ch.c + k] - m;
    count += n;
    m += delta * n / count;
    spread += (double)j->spread[i * j->cut.ch.c + k] + delta * delta * n * (count - n) / count;
  }
  *mean = m;
  *variance = spread / count;
}

static void normalise(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const size_t c = j->cut.ch.c, n = j->cut.ch.inner;
  (void)worker;
  for (size_t r = begin; r < end; r++) {
    const float *x = j->x + r * c * n;
    float *y = j->y + r * c * n;
    if (n == 1) {
      for (size_t k = 0; k < c; k++) {
        y[k] = x[k] * j->scale[k] + j->shift[k];
      }
      continue;
    }
    for (size_t i = 0; i < c * n; i++) {
      y[i] = x[i] * j->scale[i / n] + j->shift[i / n];
    }
  }
}

static void store(const slim_cpu_step *step, int k, size_t i, double value)
{
  if (k < step->num_out && step->out[k].host) {
    ((float *)step->out[k].host)[i] = (float)value;
  }
}

/* Sets scale and shift of channel k and the outputs beside y. */
static void finish_channel(const slim_cpu_step *step, const job *j, size_t k)
{
  const slim_batch_norm_attr *attr = step->attr;
  const double gamma = (double)((const float *)step->in[1].host)[k], beta = (double)((const float *)step->in[2].host)[k];
  double mean, variance, unbiased = 1.0;
  if (attr->training) {
    const double n = (double)norm_count(&j->cut);
    merge(j, k, &mean, &variance);
    unbiased = attr->unbiased && n > 1.0 ? n / (n - 1.0) : 1.0;
  } else {
    mean = (double)((const float *)step->in[3].host)[k];
    variance = (double)((const float *)step->in[4].host)[k];
  }
  const double inv_stddev = 1.0 / sqrt(variance + (double)attr->epsilon);
  j->scale[k] = (float)(gamma * inv_stddev);
  j->shift[k] = (float)(beta - mean * gamma * inv_stddev);
  store(step, 1, k, mean);
  store(step, 2, k, variance * unbiased);
  store(step, 3, k, inv_stddev);
}

static job job_of(const slim_cpu_step *step)
{
  const slim_batch_norm_attr *attr = step->attr;
  job j = { .cut = norm_cut_of(&step->in[0].shape, attr->nchw), .x = step->in[0].host, .y = step->out[0].host };
  j.scale = step->workspace;
  if (j.scale) {
    j.shift = j.scale + j.cut.ch.c;
    j.mean = j.shift + j.cut.ch.c;
    j.spread = j.mean + j.cut.pieces * j.cut.ch.c;
  }
  return j;
}

static size_t workspace(const slim_cpu_step *step)
{
  const job j = job_of(step);
  return (2 + 2 * j.cut.pieces) * j.cut.ch.c * sizeof(float);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  job j = job_of(step);
  (void)run_info;
  if (((const slim_batch_norm_attr *)step->attr)->training) {
    slim_cpu_for(step, j.cut.pieces, 1, pieces, &j);
  }
  for (size_t k = 0; k < j.cut.ch.c; k++) {
    finish_channel(step, &j, k);
  }
  if (j.y) {
    slim_cpu_for(step, j.cut.ch.outer, j.cut.rows, normalise, &j);
  }
}

const slim_cpu_op CPU_OP(batch_norm) = { .workspace = workspace, .run = run };
