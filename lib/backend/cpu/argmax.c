#include "backend/cpu/vec.h"

typedef struct job {
  size_t n, inner;
  const float *x;
  int64_t *y;
} job;

static void rows(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    const float *x = j->x + i / j->inner * j->n * j->inner + i % j->inner;
    size_t best = 0;
    for (size_t k = 1; k < j->n; k++) {
      best = x[k * j->inner] > x[best * j->inner] ? k : best;
    }
    j->y[i] = (int64_t)best;
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const slim_argmax_attr *attr = step->attr;
  const slim_shape *shape = &step->in[0].shape;
  const int axis = attr->axis < 0 ? attr->axis + shape->rank : attr->axis;
  job j = { .n = (size_t)shape->dim[axis], .inner = 1, .x = step->in[0].host, .y = step->out[0].host };
  (void)run_info;
  for (int i = axis + 1; i < shape->rank; i++) {
    j.inner *= (size_t)shape->dim[i];
  }
  slim_cpu_for(step, elements_of(&step->out[0]), 1 + CPU_GRAIN / (1 + j.n), rows, &j);
}

const slim_cpu_op CPU_OP(argmax) = { .run = run };
