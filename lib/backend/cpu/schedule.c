/* Learning rates, in double. */
#include "backend/cpu/vec.h"

#include <math.h>

static double exponential(const slim_schedule_attr *a, double step)
{
  const double exponent = step / a->decay_steps;
  return a->learning_rate * pow(a->factor, a->staircase ? floor(exponent) : exponent);
}

static double polynomial(const slim_schedule_attr *a, double step)
{
  double span = a->decay_steps;
  if (a->cycle) {
    const double cycles = ceil(step / span);
    span *= cycles < 1.0 ? 1.0 : cycles;
  }
  const double at = step < span ? step : span;
  return (a->learning_rate - a->end_learning_rate) * pow(1.0 - at / span, a->power) + a->end_learning_rate;
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const slim_schedule_attr *attr = step->attr;
  const double at = slim_cpu_scalar(&step->in[0]);
  (void)run_info;
  slim_cpu_set_scalar(&step->out[0], attr->kind == SLIM_SCHEDULE_EXPONENTIAL ? exponential(attr, at)
                                                                             : polynomial(attr, at));
}

const slim_cpu_op CPU_OP(schedule) = { .run = run };
