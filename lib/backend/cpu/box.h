/* Copies a box of elements between two tensors of one rank: what slice and pad do. */
#ifndef SLIM_CPU_BOX_H
#define SLIM_CPU_BOX_H

#include "backend/cpu/vec.h"

/* The box has the smaller of each two dimensions; it begins at from_begin and to_begin (NULL: at 0). */
typedef struct box {
  const slim_view *from, *to;
  const int *from_begin, *to_begin;
} box;

/* Its rows: runs of elements that lie side by side in both tensors, along axis and all behind it, which are whole. */
typedef struct box_rows {
  int size[SLIM_MAX_RANK]; /* of the box */
  int axis;
  size_t count, run;
} box_rows;

static inline box_rows box_rows_of(const box *b)
{
  const slim_shape *from = &b->from->shape, *to = &b->to->shape;
  box_rows r = { .axis = to->rank - 1, .count = 1, .run = 1 };
  while (r.axis > 0 && from->dim[r.axis] == to->dim[r.axis]) {
    r.axis--;
  }
  for (int i = 0; i < to->rank; i++) {
    r.size[i] = from->dim[i] < to->dim[i] ? from->dim[i] : to->dim[i];
    *(i < r.axis ? &r.count : &r.run) *= (size_t)r.size[i];
  }
  return r;
}

/* The view's element where row number row begins. */
static inline size_t box_offset(const slim_shape *shape, const int *begin, const box_rows *r, size_t row)
{
  size_t offset = 0, stride = 1;
  for (int i = shape->rank - 1; i >= 0; stride *= (size_t)shape->dim[i], i--) {
    offset += begin ? (size_t)begin[i] * stride : 0;
    if (i < r->axis) {
      offset += row % (size_t)r->size[i] * stride;
      row /= (size_t)r->size[i];
    }
  }
  return offset;
}

static inline void box_copy_rows(void *user, size_t begin, size_t end, int worker)
{
  const box *b = user;
  const box_rows r = box_rows_of(b);
  const size_t element = slim_dtype_size(b->to->dtype);
  (void)worker;
  for (size_t row = begin; row < end; row++) {
    memcpy((char *)b->to->host + box_offset(&b->to->shape, b->to_begin, &r, row) * element,
           (const char *)b->from->host + box_offset(&b->from->shape, b->from_begin, &r, row) * element,
           r.run * element);
  }
}

static inline void box_copy(const slim_cpu_step *step, box *b)
{
  if (b->to->shape.rank == 0) {
    view_copy(b->to, b->from);
    return;
  }
  const box_rows r = box_rows_of(b);
  slim_cpu_for(step, r.count, 1 + CPU_GRAIN / (1 + r.run), box_copy_rows, b);
}

#endif
