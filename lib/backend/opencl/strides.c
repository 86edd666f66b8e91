#include "backend/opencl/strides.h"

void slim_cl_strides(const slim_shape *shape, int *stride)
{
  int step = 1;
  for (int i = shape->rank - 1; i >= 0; i--) {
    stride[i] = step;
    step *= shape->dim[i];
  }
}

void slim_cl_strides_broadcast(const slim_shape *shape, const slim_shape *like, int *stride)
{
  int own[SLIM_MAX_RANK] = { 0 };
  slim_cl_strides(shape, own);
  const int missing = like->rank - shape->rank;
  for (int i = 0; i < like->rank; i++) {
    const bool repeated = i < missing || shape->dim[i - missing] == 1;
    stride[i] = repeated ? 0 : own[i - missing];
  }
}

/* Do axes i and i + 1 make one long axis in a and in b? */
static bool joins(const slim_strides_params *p, int i)
{
  return p->a[i] == p->a[i + 1] * p->dim[i + 1] && p->b[i] == p->b[i + 1] * p->dim[i + 1];
}

static void remove_axis(slim_strides_params *p, int i)
{
  for (int k = i; k + 1 < p->rank; k++) {
    p->dim[k] = p->dim[k + 1];
    p->a[k] = p->a[k + 1];
    p->b[k] = p->b[k + 1];
  }
  p->rank--;
}

void slim_cl_strides_join(slim_strides_params *p)
{
  for (int i = p->rank - 1; i >= 0; i--) {
    if (p->dim[i] == 1 && p->rank > 1) {
      remove_axis(p, i);
    }
  }
  for (int i = p->rank - 2; i >= 0; i--) {
    if (joins(p, i)) {
      p->dim[i + 1] *= p->dim[i];
      remove_axis(p, i);
    }
  }
  if (p->rank == 0) {
    *p = (slim_strides_params){ .rank = 1, .dim = { 1 } };
  }
}
