/* Copies a box of elements between two tensors of one rank: what slice and pad do. */
#ifndef SLIM_CPU_BOX_H
#define SLIM_CPU_BOX_H

#include "backend/cpu/vec.h"

/* The box has the smaller of each two dimensions; it begins at from_begin and to_begin (NULL: at 0). */
typedef struct box {
  const slim_view *from, *to;
  const int *from_begin, *to_begin;
} box;

/* The view's element where row number row of the box begins. */
static inline size_t box_offset(const slim_shape *shape, const int *begin, const int *size, size_t row)
{
  size_t offset = begin ? (size_t)begin[shape->rank - 1] : 0, stride = (size_t)shape->dim[shape->rank - 1];
  for (int i = shape->rank - 2; i >= 0; i--) {
    offset += (row % (size_t)size[i] + (begin ? (size_t)begin[i] : 0)) * stride;
    row /= (size_t)size[i];
    stride *= (size_t)shape->dim[i];
  }
  return offset;
}

static inline void box_size(const box *b, int *size)
{
  for (int i = 0; i < b->to->shape.rank; i++) {
    const int from = b->from->shape.dim[i], to = b->to->shape.dim[i];
    size[i] = from < to ? from : to;
  }
}

static inline void box_rows(void *user, size_t begin, size_t end, int worker)
{
  const box *b = user;
  const int rank = b->to->shape.rank;
  const size_t element = slim_dtype_size(b->to->dtype);
  int size[SLIM_MAX_RANK];
  (void)worker;
  box_size(b, size);
  for (size_t row = begin; row < end; row++) {
    memcpy((char *)b->to->host + box_offset(&b->to->shape, b->to_begin, size, row) * element,
           (const char *)b->from->host + box_offset(&b->from->shape, b->from_begin, size, row) * element,
           (size_t)size[rank - 1] * element);
  }
}

static inline void box_copy(const slim_cpu_step *step, box *b)
{
  const int rank = b->to->shape.rank;
  int size[SLIM_MAX_RANK];
  size_t rows = 1;
  if (rank == 0) {
    view_copy(b->to, b->from);
    return;
  }
  box_size(b, size);
  for (int i = 0; i < rank - 1; i++) {
    rows *= (size_t)size[i];
  }
  slim_cpu_for(step, rows, 1 + CPU_GRAIN / (1 + (size_t)size[rank - 1]), box_rows, b);
}

#endif
