#include "backend/cpu/vec.h"

/* Output dimensions with x's strides: 0 along a repeated axis. */
typedef struct plan {
  int rank;
  size_t dim[SLIM_MAX_RANK], stride[SLIM_MAX_RANK];
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
    const size_t dim = (size_t)out->dim[i];
    if (p->rank > 0 && p->stride[p->rank - 1] == stride[i] * dim) {
      p->dim[p->rank - 1] *= dim;
      p->stride[p->rank - 1] = stride[i];
    } else {
      p->dim[p->rank] = dim;
      p->stride[p->rank++] = stride[i];
    }
  }
  if (p->rank == 0) {
    p->dim[p->rank++] = 1;
  }
}

static size_t locate(const plan *p, size_t at)
{
  size_t offset = 0;
  for (int i = p->rank - 1; i >= 0; i--) {
    offset += at % p->dim[i] * p->stride[i];
    at /= p->dim[i];
  }
  return offset;
}

static void piece(void *user, size_t begin, size_t end, int worker)
{
  const plan *p = user;
  const size_t inner = p->dim[p->rank - 1], stride = p->stride[p->rank - 1];
  (void)worker;
  for (size_t i = begin; i < end;) {
    const size_t n = size_min(inner - i % inner, end - i);
    const float *x = p->x + locate(p, i);
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
