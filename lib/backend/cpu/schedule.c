/* Learning rates, in double. */
#include "backend/cpu/vec.h"

#include <math.h>

static double periods(const slim_schedule_attr *a, double step)
{
  const double periods = step / a->decay_steps;
  return a->staircase ? floor(periods) : periods;
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

static double cosine(const slim_schedule_attr *a, double step)
{
  const double done = fmin(step, a->decay_steps) / a->decay_steps;
  return a->learning_rate * ((1.0 - a->factor) * 0.5 * (1.0 + cos(3.14159265358979323846 * done)) + a->factor);
}

static double piecewise_constant(const slim_schedule_attr *a, double step)
{
  int i = 0;
  while (i + 1 < a->pieces && step > (double)a->boundaries[i]) {
    i++;
  }
  return a->values[i];
}

static double rate_of(const slim_schedule_attr *a, double step)
{
  switch (a->kind) {
  case SLIM_SCHEDULE_EXPONENTIAL:
    return a->learning_rate * pow(a->factor, periods(a, step));
  case SLIM_SCHEDULE_NATURAL_EXP:
    return a->learning_rate * exp(-a->factor * periods(a, step));
  case SLIM_SCHEDULE_INVERSE_TIME:
    return a->learning_rate / (1.0 + a->factor * periods(a, step));
  case SLIM_SCHEDULE_POLYNOMIAL:
    return polynomial(a, step);
  case SLIM_SCHEDULE_COSINE:
    return cosine(a, step);
  default:
    return piecewise_constant(a, step);
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  (void)run_info;
  slim_cpu_set_scalar(&step->out[0], rate_of(step->attr, slim_cpu_scalar(&step->in[0])));
}

const slim_cpu_op CPU_OP(schedule) = { .run = run };
