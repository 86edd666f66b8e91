#include "backend/cpu/strides.h"

typedef struct plan {
  strides axes; /* the output's dimensions with the input's strides */
  size_t size;
  const char *x;
  char *y;
} plan;

static void make_plan(plan *p, const slim_cpu_step *step)
{
  const slim_transpose_attr *attr = step->attr;
  const slim_shape *in = &step->in[0].shape;
  size_t stride[SLIM_MAX_RANK], total = 1;
  for (int i = in->rank - 1; i >= 0; i--) {
    stride[i] = total;
    total *= (size_t)in->dim[i];
  }
  *p = (plan){ .size = slim_dtype_size(step->in[0].dtype), .x = step->in[0].host, .y = step->out[0].host };
  for (int i = 0; i < in->rank; i++) {
    strides_add(&p->axes, (size_t)in->dim[attr->axis[i]], stride[attr->axis[i]]);
  }
}

#define COPY(type_)                                                                                                    \
  for (size_t i = 0; i < n; i++) {                                                                                     \
    ((type_ *)(void *)y)[i] = ((const type_ *)(const void *)x)[i * stride];                                            \
  }                                                                                                                    \
  break

static void copy_row(char *y, const char *x, size_t n, size_t stride, size_t size)
{
  if (stride == 1) {
    memcpy(y, x, n * size);
    return;
  }
  switch (size) {
  case 1:
    COPY(uint8_t);
  case 4:
    COPY(uint32_t);
  default:
    COPY(uint64_t);
  }
}

static void piece(void *user, size_t begin, size_t end, int worker)
{
  const plan *p = user;
  const size_t inner = p->axes.dim[p->axes.rank - 1], stride = p->axes.stride[p->axes.rank - 1];
  (void)worker;
  for (size_t i = begin; i < end;) {
    const size_t n = size_min(inner - i % inner, end - i);
    copy_row(p->y + i * p->size, p->x + strides_at(&p->axes, i) * p->size, n, stride, p->size);
    i += n;
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  plan p;
  (void)run_info;
  make_plan(&p, step);
  if (p.axes.rank == 0) {
    view_copy(&step->out[0], &step->in[0]);
    return;
  }
  slim_cpu_for(step, elements_of(&step->out[0]), CPU_GRAIN, piece, &p);
}

const slim_cpu_op CPU_OP(transpose) = { .run = run };
