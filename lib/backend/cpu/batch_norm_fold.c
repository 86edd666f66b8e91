#include "backend/cpu/vec.h"

#include <math.h>

typedef struct job {
  size_t channels;
  const slim_view *weights, *out;
  const float *factor;
  atomic_bool *too_large; /* for halves */
} job;

static void rows(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t r = begin; r < end; r++) {
    const float *weights = (const float *)j->weights->host + r * j->channels;
    float *out = (float *)j->out->host + r * j->channels;
    for (size_t k = 0; k < j->channels; k++) {
      out[k] = weights[k] * j->factor[k];
    }
  }
}

static void half_rows(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t r = begin; r < end; r++) {
    const uint16_t *weights = halves_of(j->weights) + r * j->channels;
    uint16_t *out = (uint16_t *)j->out->host + r * j->channels;
    for (size_t k = 0; k < j->channels; k++) {
      const float weight = slim_half_to_float(weights[k]) * j->factor[k];
      out[k] = slim_half_of(weight);
      if (!(fabsf(weight) < SLIM_HALF_END)) {
        atomic_store(j->too_large, true);
      }
    }
  }
}

static size_t workspace(const slim_cpu_step *step)
{
  return elements_of(&step->in[1]) * sizeof(float);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const slim_batch_norm_attr *attr = step->attr;
  const float *gamma = step->in[1].host, *beta = step->in[2].host, *mean = step->in[3].host;
  const float *variance = step->in[4].host;
  float *factor = step->workspace, *bias = step->out[1].host;
  const size_t count = elements_of(&step->in[1]);
  (void)run_info;
  for (size_t k = 0; k < count; k++) {
    const double f = (double)gamma[k] / sqrt((double)variance[k] + (double)attr->epsilon);
    factor[k] = (float)f;
    bias[k] = (float)((double)beta[k] - (double)mean[k] * f);
  }
  if (step->out[0].shape.rank == 1) {
    memcpy(step->out[0].host, factor, count * sizeof *factor);
    return;
  }
  job j = { count, &step->in[0], &step->out[0], factor, &step->device->not_finite };
  slim_cpu_for(step, elements_of(&step->in[0]) / count, 1 + CPU_GRAIN / count,
               halves_of(&step->in[0]) ? half_rows : rows, &j);
}

const slim_cpu_op CPU_OP(batch_norm_fold) = { .halves = 1u << 0, .workspace = workspace, .run = run };
