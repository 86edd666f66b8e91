#include "backend/opencl/move.h"

#include "backend/opencl/ops.h"
#include "backend/opencl/strides.h"

#define ITEM_ELEMENTS 4096 /* that a work-item moves, about */

/* Takes the last axis off the walk. */
static int pop(slim_strides_params *s, int *a, int *b)
{
  if (s->rank == 0) {
    return 1;
  }
  s->rank--;
  *a = s->a[s->rank];
  *b = s->b[s->rank];
  return s->dim[s->rank];
}

/* On CPU-like devices runs of elements that lie together, a vector at least; n then counts work-items. */
static bool by_rows(const slim_cl_build *b, slim_move_params *p)
{
  const slim_strides_params *s = &p->strides;
  const int last = s->rank - 1;
  if (!slim_cl_is_cpu(b) || s->a[last] != 1 || s->b[last] != 1 || s->dim[last] < b->cl->vector_width) {
    return false;
  }
  int one = 0;
  p->run = pop(&p->strides, &one, &one);
  p->rows = pop(&p->strides, &p->row_a, &p->row_b);
  p->block = 1 + ITEM_ELEMENTS / p->run;
  p->n = p->n / (unsigned)(p->run * p->rows) * (unsigned)((p->rows + p->block - 1) / p->block);
  if (p->strides.rank == 0) {
    p->strides = (slim_strides_params){ .rank = 1, .dim = { 1 } };
  }
  return true;
}

static const char *naive_of(size_t size, float scale)
{
  return scale != 1.0f ? "slim_move_scaled_f32"
         : size == 4   ? "slim_move_naive_b4"
         : size == 8   ? "slim_move_naive_b8"
                       : "slim_move_naive_b1";
}

void slim_cl_move_scaled(slim_cl_build *b, const slim_view *x, const slim_view *y, const slim_move_params *given)
{
  slim_move_params p = *given;
  const size_t size = slim_dtype_size(x->dtype);
  slim_cl_strides_join(&p.strides);
  if (p.n == 0) {
    return;
  }
  const bool rows = size == 4 && by_rows(b, &p);
  slim_cl_begin(b, rows ? "slim_move_rows_b4" : naive_of(size, p.scale));
  slim_cl_arg_view(b, x);
  slim_cl_arg_view(b, y);
  slim_cl_arg(b, &p, sizeof(p));
  if (rows) {
    slim_cl_range_rows(b, p.n);
  } else {
    slim_cl_range(b, p.n);
  }
}

void slim_cl_move(slim_cl_build *b, const slim_view *x, const slim_view *y, const slim_move_params *given)
{
  slim_move_params p = *given;
  p.scale = 1.0f;
  slim_cl_move_scaled(b, x, y, &p);
}

bool slim_cl_move_supports(const slim_device *device, const slim_group *group, const slim_view *in,
                           const slim_view *out)
{
  (void)device;
  (void)group;
  const size_t size = slim_dtype_size(in[0].dtype);
  return in[0].dtype == out[0].dtype && (size == 1 || size == 4 || size == 8);
}
