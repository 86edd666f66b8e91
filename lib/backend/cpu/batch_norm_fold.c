#include "backend/cpu/vec.h"

#include <math.h>

typedef struct job {
  size_t channels;
  const float *weights, *factor;
  float *out;
} job;

static void rows(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t r = begin; r < end; r++) {
    const float *weights = j->weights + r * j->channels;
    float *out = j->out + r * j->channels;
    for (size_t k = 0; k < j->channels; k++) {
      out[k] = weights[k] * j->factor[k];
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
  job j = { count, step->in[0].host, factor, step->out[0].host };
  slim_cpu_for(step, elements_of(&step->in[0]) / count, 1 + CPU_GRAIN / count, rows, &j);
}

const slim_cpu_op CPU_OP(batch_norm_fold) = { .workspace = workspace, .run = run };
