#include "backend/cpu/vec.h"

#define BLOCK ((size_t)64) /* rows summed in float32 before they go into the chunk's sum */
#define TILE ((size_t)64)  /* channels side by side */

typedef struct job {
  channels ch;
  const float *x, *bias;
  float *y;
  size_t rows; /* of a chunk, for the gradient */
} job;

static void forward_rows(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const size_t c = j->ch.c;
  (void)worker;
  for (size_t r = begin; r < end; r++) {
    const float *x = j->x + r * c;
    float *y = j->y + r * c;
    for (size_t k = 0; k < c; k++) {
      y[k] = x[k] + j->bias[k];
    }
  }
}

static void forward_planes(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const size_t n = j->ch.inner;
  (void)worker;
  for (size_t p = begin; p < end; p++) {
    const float bias = j->bias[p % j->ch.c];
    for (size_t i = p * n; i < (p + 1) * n; i++) {
      j->y[i] = j->x[i] + bias;
    }
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const slim_bias_attr *attr = step->attr;
  job j = { .ch = channels_of(&step->in[0].shape, attr->nchw), .x = step->in[0].host, .bias = step->in[1].host,
            .y = step->out[0].host };
  (void)run_info;
  if (j.ch.inner == 1) {
    slim_cpu_for(step, j.ch.outer, 1 + CPU_GRAIN / j.ch.c, forward_rows, &j);
  } else {
    slim_cpu_for(step, j.ch.outer * j.ch.c, 1 + CPU_GRAIN / j.ch.inner, forward_planes, &j);
  }
}

/* --- gradient: sums over all but the channel; chunks of fixed rows, then the chunks in order ---------------------- */

/* Sum over rows [begin, end) of n channels. */
static void sum_tile(const float *x, size_t c, size_t begin, size_t end, size_t n, float *sum)
{
  for (size_t k = 0; k < n; k++) {
    sum[k] = 0.0f;
  }
  for (size_t r = begin; r < end; r += BLOCK) {
    float block[TILE] = { 0 };
    for (size_t i = r; i < size_min(r + BLOCK, end); i++) {
      for (size_t k = 0; k < n; k++) {
        block[k] += x[i * c + k];
      }
    }
    for (size_t k = 0; k < n; k++) {
      sum[k] += block[k];
    }
  }
}

static void chunk_rows(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const size_t c = j->ch.c;
  (void)worker;
  for (size_t chunk = begin; chunk < end; chunk++) {
    const size_t first = chunk * j->rows, last = size_min(first + j->rows, j->ch.outer);
    for (size_t k = 0; k < c; k += TILE) {
      sum_tile(j->x + k, c, first, last, size_min(TILE, c - k), j->y + chunk * c + k);
    }
  }
}

/* A chunk is an image. */
static void chunk_planes(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t p = begin * j->ch.c; p < end * j->ch.c; p++) {
    double total = 0.0;
    for (size_t i = p * j->ch.inner; i < (p + 1) * j->ch.inner; i++) {
      total += (double)j->x[i];
    }
    j->y[p] = (float)total;
  }
}

static job gradient_job(const slim_cpu_step *step)
{
  const slim_bias_attr *attr = step->attr;
  job j = { .ch = channels_of(&step->in[0].shape, attr->nchw), .x = step->in[0].host, .y = step->workspace };
  j.rows = j.ch.inner == 1 ? 1 + CPU_GRAIN * 4 / j.ch.c : 1;
  return j;
}

static size_t chunks_of(const job *j)
{
  return (j->ch.outer + j->rows - 1) / j->rows;
}

static size_t workspace(const slim_cpu_step *step)
{
  const job j = gradient_job(step);
  return chunks_of(&j) * j.ch.c * sizeof(float);
}

static void run_gradient(slim_cpu_step *step, const slim_run *run_info)
{
  job j = gradient_job(step);
  float *sum = step->out[0].host;
  (void)run_info;
  slim_cpu_for(step, chunks_of(&j), 1, j.ch.inner == 1 ? chunk_rows : chunk_planes, &j);
  for (size_t k = 0; k < j.ch.c; k++) {
    double total = 0.0;
    for (size_t chunk = 0; chunk < chunks_of(&j); chunk++) {
      total += (double)j.y[chunk * j.ch.c + k];
    }
    sum[k] = (float)total;
  }
}

const slim_cpu_op CPU_OP(bias_add) = { .run = run };
const slim_cpu_op CPU_OP(bias_add_gradient) = { .workspace = workspace, .run = run_gradient };
