#include "backend/cpu/labels.h"

static void rows(void *user, size_t begin, size_t end, int worker)
{
  const slim_cpu_step *step = user;
  const slim_one_hot_attr *attr = step->attr;
  const size_t n = (size_t)attr->classes;
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    float *y = (float *)step->out[0].host + i * n;
    const int64_t label = label_at(&step->in[0], i);
    for (size_t k = 0; k < n; k++) {
      y[k] = (int64_t)k == label ? attr->on_value : attr->off_value;
    }
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const slim_one_hot_attr *attr = step->attr;
  (void)run_info;
  slim_cpu_for(step, elements_of(&step->in[0]), 1 + CPU_GRAIN / (1 + (size_t)attr->classes), rows, step);
}

const slim_cpu_op CPU_OP(one_hot) = { .run = run };
