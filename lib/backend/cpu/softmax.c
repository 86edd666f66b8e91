#include "backend/cpu/softmax.h"

static void forward(void *user, size_t begin, size_t end, int worker)
{
  const slim_cpu_step *step = user;
  const slim_shape *shape = &step->in[0].shape;
  const size_t n = (size_t)shape->dim[shape->rank - 1];
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    softmax_row((const float *)step->in[0].host + i * n, (float *)step->out[0].host + i * n, n);
  }
}

/* dx = (dy - sum(dy * y)) * y */
static void backward(void *user, size_t begin, size_t end, int worker)
{
  const slim_cpu_step *step = user;
  const slim_shape *shape = &step->in[0].shape;
  const size_t n = (size_t)shape->dim[shape->rank - 1];
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    const float *dy = (const float *)step->in[0].host + i * n, *y = (const float *)step->in[1].host + i * n;
    float *dx = (float *)step->out[0].host + i * n;
    double sum = 0.0;
    for (size_t k = 0; k < n; k++) {
      sum += (double)dy[k] * (double)y[k];
    }
    for (size_t k = 0; k < n; k++) {
      dx[k] = (dy[k] - (float)sum) * y[k];
    }
  }
}

static void each_row(slim_cpu_step *step, slim_cpu_range_fn fn)
{
  const slim_shape *shape = &step->in[0].shape;
  const size_t n = (size_t)shape->dim[shape->rank - 1];
  slim_cpu_for(step, n ? elements_of(&step->in[0]) / n : 0, 1 + CPU_GRAIN / (1 + n), fn, step);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  (void)run_info;
  each_row(step, forward);
}

static void run_gradient(slim_cpu_step *step, const slim_run *run_info)
{
  (void)run_info;
  each_row(step, backward);
}

const slim_cpu_op CPU_OP(softmax) = { .run = run };
const slim_cpu_op CPU_OP(softmax_gradient) = { .run = run_gradient };
