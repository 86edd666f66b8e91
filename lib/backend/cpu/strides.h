/* How a tensor's elements, taken in the order of another's axes, lie in memory. */
#ifndef SLIM_CPU_STRIDES_H
#define SLIM_CPU_STRIDES_H

#include "backend/cpu/vec.h"

/* Axes, the outermost first, with their steps in elements. */
typedef struct strides {
  int rank;
  size_t dim[SLIM_MAX_RANK], stride[SLIM_MAX_RANK];
} strides;

/* The next axis inwards; it joins the one before where one step takes through both. */
static inline void strides_add(strides *s, size_t dim, size_t stride)
{
  if (s->rank > 0 && s->stride[s->rank - 1] == stride * dim) {
    s->dim[s->rank - 1] *= dim;
    s->stride[s->rank - 1] = stride;
  } else {
    s->dim[s->rank] = dim;
    s->stride[s->rank++] = stride;
  }
}

/* Where element number at lies. */
static inline size_t strides_at(const strides *s, size_t at)
{
  size_t offset = 0;
  for (int i = s->rank - 1; i >= 0; i--) {
    offset += at % s->dim[i] * s->stride[i];
    at /= s->dim[i];
  }
  return offset;
}

#endif
