#include "backend/cpu/rows.h"

#include "backend/cpu/vec_math.h"

#include <math.h>

typedef struct job {
  slim_activation_kind kind;
  const float *a, *y; /* x; of the gradient dy and y */
  float *out;
} job;

#define EACH(value_)                                                                                                   \
  CPU_EACH                                                                                                             \
  for (size_t i = 0; i < n; i++) {                                                                                     \
    out[i] = (value_);                                                                                                 \
  }                                                                                                                    \
  break

void CPU_OP(activation_row)(slim_activation_kind kind, const float *x, float *out, size_t n)
{
  switch (kind) {
  case SLIM_ACTIVATION_RELU:
    EACH(x[i] < 0.0f ? 0.0f : x[i]);
  case SLIM_ACTIVATION_RELU6:
    EACH(x[i] < 0.0f ? 0.0f : x[i] > 6.0f ? 6.0f : x[i]);
  case SLIM_ACTIVATION_SIGMOID:
    EACH(cpu_sigmoid(x[i]));
  case SLIM_ACTIVATION_TANH:
    EACH(cpu_tanh(x[i]));
  case SLIM_ACTIVATION_ELU:
    EACH(cpu_elu(x[i]));
  default:
    EACH(x[i]);
  }
}

void CPU_OP(activation_gradient_row)(slim_activation_kind kind, const float *dy, const float *y, float *out, size_t n)
{
  switch (kind) {
  case SLIM_ACTIVATION_RELU:
    EACH(y[i] > 0.0f ? dy[i] : 0.0f);
  case SLIM_ACTIVATION_RELU6:
    EACH(y[i] > 0.0f && y[i] < 6.0f ? dy[i] : 0.0f);
  case SLIM_ACTIVATION_SIGMOID:
    EACH(dy[i] * y[i] * (1.0f - y[i]));
  case SLIM_ACTIVATION_TANH:
    EACH(dy[i] * (1.0f - y[i] * y[i]));
  case SLIM_ACTIVATION_ELU:
    EACH(y[i] > 0.0f ? dy[i] : dy[i] * (y[i] + 1.0f));
  default:
    EACH(dy[i]);
  }
}

static void forward(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  CPU_OP(activation_row)(j->kind, j->a + begin, j->out + begin, end - begin);
}

static void backward(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  CPU_OP(activation_gradient_row)(j->kind, j->a + begin, j->y + begin, j->out + begin, end - begin);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const slim_activation_attr *attr = step->attr;
  job j = { .kind = attr->kind, .a = step->in[0].host, .out = step->out[0].host };
  (void)run_info;
  slim_cpu_for(step, elements_of(&step->out[0]), CPU_GRAIN, forward, &j);
}

static void run_gradient(slim_cpu_step *step, const slim_run *run_info)
{
  const slim_activation_attr *attr = step->attr;
  job j = { .kind = attr->kind, .a = step->in[0].host, .y = step->in[1].host, .out = step->out[0].host };
  (void)run_info;
  slim_cpu_for(step, elements_of(&step->out[0]), CPU_GRAIN, backward, &j);
}

const slim_cpu_op CPU_OP(activation) = { .run = run };
const slim_cpu_op CPU_OP(activation_gradient) = { .run = run_gradient };
