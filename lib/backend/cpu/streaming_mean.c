#include "backend/cpu/vec.h"

static void store_mean(const slim_cpu_step *step, double total, double count)
{
  if (step->out[0].host) {
    slim_cpu_set_scalar(&step->out[0], count == 0.0 ? 0.0 : total / count);
  }
}

/* in: values, [weights], total, count. Sums in double. */
static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const bool weighted = step->num_in == 4;
  const slim_view *values = &step->in[0], *weights = weighted ? &step->in[1] : NULL;
  const slim_view *total_view = &step->in[step->num_in - 2], *count_view = &step->in[step->num_in - 1];
  double total = slim_cpu_scalar(total_view), count = slim_cpu_scalar(count_view);
  const size_t n = elements_of(values), wn = weighted ? elements_of(weights) : 1;
  (void)run_info;
  for (size_t i = 0; i < n; i++) {
    const double w = weighted ? (double)((const float *)weights->host)[i * wn / n] : 1.0;
    total += w * (double)((const float *)values->host)[i];
    count += w;
  }
  slim_cpu_set_scalar(total_view, total);
  slim_cpu_set_scalar(count_view, count);
  store_mean(step, total, count);
}

/* in: values, total. */
static void run_sum(slim_cpu_step *step, const slim_run *run_info)
{
  const size_t n = elements_of(&step->in[1]);
  const float *values = step->in[0].host;
  double *total = step->in[1].host;
  float *out = step->out[0].host;
  (void)run_info;
  for (size_t i = 0; i < n; i++) {
    total[i] += (double)values[i];
    if (out) {
      out[i] = (float)total[i];
    }
  }
}

/* in: total, [count]. */
static void run_value(slim_cpu_step *step, const slim_run *run_info)
{
  const size_t n = elements_of(&step->in[0]);
  const double *total = step->in[0].host, *count = step->num_in == 2 ? step->in[1].host : NULL;
  float *out = step->out[0].host;
  (void)run_info;
  for (size_t i = 0; out && i < n; i++) {
    out[i] = (float)(!count ? total[i] : count[i] == 0.0 ? 0.0 : total[i] / count[i]);
  }
}

const slim_cpu_op CPU_OP(streaming_mean) = { .run = run };
const slim_cpu_op CPU_OP(streaming_sum) = { .run = run_sum };
const slim_cpu_op CPU_OP(streaming_value) = { .run = run_value };
