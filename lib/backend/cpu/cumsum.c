#include "backend/cpu/vec.h"

typedef struct job {
  const slim_cumsum_attr *attr;
  size_t n, inner;
  const float *x;
  float *y;
} job;

/* Row i of n elements, which lie inner apart. */
static void row(const job *j, size_t i)
{
  const size_t base = i / j->inner * j->n * j->inner + i % j->inner;
  float sum = 0.0f;
  for (size_t k = 0; k < j->n; k++) {
    const size_t at = base + (j->attr->reverse ? j->n - 1 - k : k) * j->inner;
    const float before = sum;
    sum += j->x[at];
    j->y[at] = j->attr->exclusive ? before : sum;
  }
}

static void rows(void *user, size_t begin, size_t end, int worker)
{
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    row(user, i);
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const slim_shape *shape = &step->in[0].shape;
  job j = { .attr = step->attr, .inner = 1, .x = step->in[0].host, .y = step->out[0].host };
  (void)run_info;
  j.n = (size_t)shape->dim[j.attr->axis];
  for (int i = j.attr->axis + 1; i < shape->rank; i++) {
    j.inner *= (size_t)shape->dim[i];
  }
  slim_cpu_for(step, j.n ? elements_of(&step->in[0]) / j.n : 0, 1 + CPU_GRAIN / (1 + j.n), rows, &j);
}

const slim_cpu_op CPU_OP(cumsum) = { .run = run };
