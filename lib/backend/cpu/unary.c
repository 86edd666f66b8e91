#include "backend/cpu/rows.h"

#include <math.h>

typedef struct job {
  const slim_unary_attr *attr;
  const float *x;
  float *y;
} job;

#define EACH(value_)                                                                                                   \
  CPU_EACH                                                                                                             \
  for (size_t i = 0; i < n; i++) {                                                                                     \
    y[i] = (value_);                                                                                                   \
  }                                                                                                                    \
  break

void CPU_OP(unary_row)(const slim_unary_attr *attr, const float *x, float *y, size_t n)
{
  const float a = attr->a, b = attr->b;
  switch (attr->kind) {
  case SLIM_UNARY_NEGATE:
    EACH(-x[i]);
  case SLIM_UNARY_ABS:
    EACH(fabsf(x[i]));
  case SLIM_UNARY_SIGN:
    EACH(x[i] > 0.0f ? 1.0f : x[i] < 0.0f ? -1.0f : x[i]);
  case SLIM_UNARY_SQUARE:
    EACH(x[i] * x[i]);
  case SLIM_UNARY_SQRT:
    EACH(sqrtf(x[i]));
  case SLIM_UNARY_RSQRT:
    EACH(1.0f / sqrtf(x[i]));
  case SLIM_UNARY_EXP:
    EACH(expf(x[i]));
  case SLIM_UNARY_LOG:
    EACH(logf(x[i]));
  case SLIM_UNARY_RECIPROCAL:
    EACH(1.0f / x[i]);
  case SLIM_UNARY_SCALE_ADD:
    EACH(x[i] * a + b);
  case SLIM_UNARY_NOT_ZERO:
    EACH(x[i] != 0.0f ? 1.0f : 0.0f);
  default:
    EACH(x[i]);
  }
}

static void apply(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  CPU_OP(unary_row)(j->attr, j->x + begin, j->y + begin, end - begin);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  job j = { .attr = step->attr, .x = step->in[0].host, .y = step->out[0].host };
  (void)run_info;
  slim_cpu_for(step, elements_of(&step->out[0]), CPU_GRAIN, apply, &j);
}

const slim_cpu_op CPU_OP(unary) = { .run = run };
