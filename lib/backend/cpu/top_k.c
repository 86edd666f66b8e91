#include "backend/cpu/vec.h"

#include <math.h>

/* NaN counts as the smallest. */
static float rank_of(float x)
{
  return x != x ? -INFINITY : x;
}

/* The first largest of those behind element last: smaller, or equal and further on. last < 0: of all. */
static size_t next(const float *x, size_t n, int64_t last)
{
  size_t best = n;
  for (size_t i = 0; i < n; i++) {
    const bool behind =
        last < 0 || rank_of(x[i]) < rank_of(x[last]) || (rank_of(x[i]) == rank_of(x[last]) && (int64_t)i > last);
    best = behind && (best == n || rank_of(x[i]) > rank_of(x[best])) ? i : best;
  }
  return best;
}

static void rows(void *user, size_t begin, size_t end, int worker)
{
  const slim_cpu_step *step = user;
  const slim_shape *shape = &step->in[0].shape;
  const size_t n = (size_t)shape->dim[shape->rank - 1];
  const int k = ((const slim_top_k_attr *)step->attr)->k;
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    const float *x = (const float *)step->in[0].host + i * n;
    int64_t last = -1;
    for (size_t j = 0; j < (size_t)k; j++) {
      last = (int64_t)next(x, n, last);
      if (step->out[0].host) {
        ((float *)step->out[0].host)[i * (size_t)k + j] = x[last];
      }
      if (step->out[1].host) {
        ((int32_t *)step->out[1].host)[i * (size_t)k + j] = (int32_t)last;
      }
    }
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const slim_shape *shape = &step->in[0].shape;
  const size_t n = (size_t)shape->dim[shape->rank - 1], k = (size_t)((const slim_top_k_attr *)step->attr)->k;
  (void)run_info;
  slim_cpu_for(step, elements_of(&step->in[0]) / n, 1 + CPU_GRAIN / (1 + n * k), rows, step);
}

const slim_cpu_op CPU_OP(top_k) = { .run = run };
