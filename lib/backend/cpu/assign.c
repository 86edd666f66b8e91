#include "backend/cpu/vec.h"

/* in: variable, value. Nothing is written while the finite flag is set. */
static bool flagged(const slim_cpu_step *step)
{
  return atomic_load(&step->device->not_finite);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  (void)run_info;
  if (!flagged(step)) {
    view_copy(&step->in[0], &step->in[1]);
  }
  view_copy(&step->out[0], &step->in[1]);
}

static void average(void *user, size_t begin, size_t end, int worker)
{
  const slim_cpu_step *step = user;
  const float rate = 1.0f - ((const slim_assign_attr *)step->attr)->decay;
  float *v = step->in[0].host;
  const float *value = step->in[1].host;
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    v[i] -= (v[i] - value[i]) * rate;
  }
}

static void run_average(slim_cpu_step *step, const slim_run *run_info)
{
  (void)run_info;
  if (!flagged(step)) {
    slim_cpu_for(step, elements_of(&step->in[0]), CPU_GRAIN, average, step);
  }
  view_copy(&step->out[0], &step->in[0]);
}

const slim_cpu_op CPU_OP(assign) = { .run = run };
const slim_cpu_op CPU_OP(assign_moving_average) = { .run = run_average };
