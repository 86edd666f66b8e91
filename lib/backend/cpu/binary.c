#include "backend/cpu/rows.h"

/* The output's dimensions with each input's strides (0: broadcast), neighbours joined where both inputs allow. The last
 * dimension's strides are 0 or 1. */
typedef struct plan {
  slim_binary_kind kind;
  int rank;
  size_t dim[SLIM_MAX_RANK], a_stride[SLIM_MAX_RANK], b_stride[SLIM_MAX_RANK];
  const slim_view *a, *b;
  void *out;
  slim_dtype type;
} plan;

/* Strides of shape seen with the output's rank, in elements. */
static void strides_of(const slim_shape *shape, int rank, size_t *stride)
{
  size_t step = 1;
  for (int i = rank - 1; i >= 0; i--) {
    const int at = i - (rank - shape->rank);
    const int dim = at >= 0 ? shape->dim[at] : 1;
    stride[i] = dim == 1 ? 0 : step;
    step *= (size_t)dim;
  }
}

/* Joins dimension i of the full lists to the last of plan, or appends it. */
static void push(plan *p, size_t dim, size_t sa, size_t sb)
{
  if (dim == 1) {
    return;
  }
  const int last = p->rank - 1;
  if (last >= 0 && p->a_stride[last] == sa * dim && p->b_stride[last] == sb * dim) {
    p->dim[last] *= dim;
    p->a_stride[last] = sa;
    p->b_stride[last] = sb;
    return;
  }
  p->dim[p->rank] = dim;
  p->a_stride[p->rank] = sa;
  p->b_stride[p->rank++] = sb;
}

static void make_plan(plan *p, const slim_cpu_step *step)
{
  const slim_shape *out = &step->out[0].shape;
  size_t sa[SLIM_MAX_RANK], sb[SLIM_MAX_RANK];
  *p = (plan){ .kind = ((const slim_binary_attr *)step->attr)->kind, .a = &step->in[0], .b = &step->in[1] };
  p->out = step->out[0].host;
  p->type = step->in[0].dtype;
  strides_of(&step->in[0].shape, out->rank, sa);
  strides_of(&step->in[1].shape, out->rank, sb);
  for (int i = 0; i < out->rank; i++) {
    push(p, (size_t)out->dim[i], sa[i], sb[i]);
  }
  if (p->rank == 0) {
    p->rank = 1;
    p->dim[0] = 1;
  }
}

#define EACH(value_)                                                                                                   \
  CPU_EACH                                                                                                             \
  for (size_t i = 0; i < n; i++) {                                                                                     \
    const float a = pa[i * sa], b = pb[i * sb];                                                                        \
    y[i] = (value_);                                                                                                   \
  }                                                                                                                    \
  break

CPU_INLINE void row_of(slim_binary_kind kind, const float *pa, size_t sa, const float *pb, size_t sb, float *y,
                       size_t n)
{
  switch (kind) {
  case SLIM_BINARY_ADD:
    EACH(a + b);
  case SLIM_BINARY_SUB:
    EACH(a - b);
  case SLIM_BINARY_MUL:
    EACH(a * b);
  case SLIM_BINARY_DIV:
    EACH(a / b);
  case SLIM_BINARY_DIV_NO_NAN:
    EACH(b == 0.0f ? 0.0f : a / b);
  case SLIM_BINARY_MAX:
    EACH(a >= b || a != a ? a : b);
  case SLIM_BINARY_MIN:
    EACH(a <= b || a != a ? a : b);
  case SLIM_BINARY_GREATER:
    EACH(a > b ? 1.0f : 0.0f);
  default:
    EACH(a == b ? 1.0f : 0.0f);
  }
}

/* The strides are constants in each call, so that each becomes its own vector loop. */
void CPU_OP(binary_row)(slim_binary_kind kind, const float *a, size_t sa, const float *b, size_t sb, float *y, size_t n)
{
  if (sa && sb) {
    row_of(kind, a, 1, b, 1, y, n);
  } else if (sa) {
    row_of(kind, a, 1, b, 0, y, n);
  } else if (sb) {
    row_of(kind, a, 0, b, 1, y, n);
  } else {
    row_of(kind, a, 0, b, 0, y, n);
  }
}

static void equal_row(slim_dtype type, const void *a, size_t sa, const void *b, size_t sb, float *out, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    const bool same = type == SLIM_INT64 ? ((const int64_t *)a)[i * sa] == ((const int64_t *)b)[i * sb]
                                         : ((const int32_t *)a)[i * sa] == ((const int32_t *)b)[i * sb];
    out[i] = same ? 1.0f : 0.0f;
  }
}

/* Offsets of the inputs' elements for element at of the output. */
static void locate(const plan *p, size_t at, size_t *a, size_t *b)
{
  *a = *b = 0;
  for (int i = p->rank - 1; i >= 0; i--) {
    const size_t index = at % p->dim[i];
    at /= p->dim[i];
    *a += index * p->a_stride[i];
    *b += index * p->b_stride[i];
  }
}

static void piece(void *user, size_t begin, size_t end, int worker)
{
  const plan *p = user;
  const size_t inner = p->dim[p->rank - 1], sa = p->a_stride[p->rank - 1], sb = p->b_stride[p->rank - 1];
  const size_t size = slim_dtype_size(p->type);
  (void)worker;
  for (size_t i = begin; i < end;) {
    const size_t n = size_min(inner - i % inner, end - i);
    size_t at_a, at_b;
    locate(p, i, &at_a, &at_b);
    const char *a = (const char *)p->a->host + at_a * size, *b = (const char *)p->b->host + at_b * size;
    if (p->type == SLIM_FLOAT32) {
      CPU_OP(binary_row)(p->kind, (const float *)(const void *)a, sa, (const float *)(const void *)b, sb, (float *)p->out + i, n);
    } else {
      equal_row(p->type, a, sa, b, sb, (float *)p->out + i, n);
    }
    i += n;
  }
}

static bool supports(const slim_cpu_step *step)
{
  return step->in[0].dtype == SLIM_FLOAT32 || ((const slim_binary_attr *)step->attr)->kind == SLIM_BINARY_EQUAL;
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  plan p;
  (void)run_info;
  make_plan(&p, step);
  slim_cpu_for(step, elements_of(&step->out[0]), CPU_GRAIN, piece, &p);
}

const slim_cpu_op CPU_OP(binary) = { .supports = supports, .run = run };
