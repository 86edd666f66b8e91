#include "backend/cpu/labels.h"

#include <math.h>

/* Ties count as in; a label out of range or a target that is not finite is out. */
static float is_in(const float *x, size_t n, int64_t label, int k)
{
  int larger = 0;
  if (label < 0 || (uint64_t)label >= n || !isfinite(x[label])) {
    return 0.0f;
  }
  for (size_t i = 0; i < n; i++) {
    larger += x[i] > x[label] || x[i] != x[i];
  }
  return larger < k ? 1.0f : 0.0f;
}

static void rows(void *user, size_t begin, size_t end, int worker)
{
  const slim_cpu_step *step = user;
  const slim_in_top_k_attr *attr = step->attr;
  const size_t n = (size_t)step->in[0].shape.dim[1];
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    const float *x = (const float *)step->in[0].host + i * n;
    ((float *)step->out[0].host)[i] = is_in(x, n, label_at(&step->in[1], i), attr->k);
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  (void)run_info;
  slim_cpu_for(step, elements_of(&step->in[1]), 1 + CPU_GRAIN / (1 + (size_t)step->in[0].shape.dim[1]), rows, step);
}

const slim_cpu_op CPU_OP(in_top_k) = { .run = run };
