#include "backend/cpu/strides.h"

typedef struct plan {
  strides axes; /* the output's dimensions with x's strides: 0 along a repeated axis */
  const float *x;
  float *y, scale;
} plan;

static void make_plan(plan *p, const slim_cpu_step *step)
{
  const slim_broadcast_attr *attr = step->attr;
  const slim_shape *out = &step->out[0].shape;
  size_t total = 1, repeated = 1, stride[SLIM_MAX_RANK];
  for (int i = out->rank - 1; i >= 0; i--) {
    const bool repeat = attr->axes >> i & 1u;
    stride[i] = repeat ? 0 : total;
    *(repeat ? &repeated : &total) *= (size_t)out->dim[i];
  }
  *p = (plan){ .x = step->in[0].host, .y = step->out[0].host, .scale = attr->mean ? 1.0f / (float)repeated : 1.0f };
  for (int i = 0; i < out->rank; i++) {
    strides_add(&p->axes, (size_t)out->dim[i], stride[i]);
  }
  if (p->axes.rank == 0) {
    strides_add(&p->axes, 1, 0);
  }
}

static void piece(void *user, size_t begin, size_t end, int worker)
{
  const plan *p = user;
  const size_t inner = p->axes.dim[p->axes.rank - 1], stride = p->axes.stride[p->axes.rank - 1];
  (void)worker;
  for (size_t i = begin; i < end;) {
    const size_t n = size_min(inner - i % inner, end - i);
    const float *x = p->x + strides_at(&p->axes, i);
    for (size_t k = 0; k < n; k++) {
      p->y[i + k] = x[k * stride] * p->scale;
    }
    i += n;
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  plan p;
  (void)run_info;
  make_plan(&p, step);
  slim_cpu_for(step, elements_of(&step->out[0]), CPU_GRAIN, piece, &p);
}

const slim_cpu_op CPU_OP(broadcast_like) = { .run = run };
