#include "backend/opencl/move.h"
#include "backend/opencl/ops.h"
#include "backend/opencl/strides.h"

#define ITEM_ELEMENTS 4096 /* that a work-item writes, about */
#define TOGETHER 4         /* tensors of a launch */

static int axis_of(const slim_cl_build *b)
{
  return ((const slim_concat_attr *)b->attr)->axis;
}

/* Elements of a tensor that lie together in the result. */
static int run_of(const slim_cl_build *b, const slim_shape *shape)
{
  int run = 1;
  for (int i = axis_of(b); i < shape->rank; i++) {
    run *= shape->dim[i];
  }
  return run;
}

/* On CPU-like devices a launch costs more than to move a few rows: several tensors share one, where each has a vector at
 * least for each of many rows. */
static bool together(const slim_cl_build *b)
{
  const int run = run_of(b, &b->out[0].shape);
  bool fits = slim_cl_is_cpu(b) && slim_dtype_size(b->out[0].dtype) == 4 && b->group->num_in > 1 && run > 0 &&
              slim_cl_elements(&b->out[0]) / (unsigned)run >= (unsigned)b->device->info.compute_units;
  for (int k = 0; k < b->group->num_in && fits; k++) {
    fits = run_of(b, &b->in[k].shape) >= b->cl->vector_width;
  }
  return fits;
}

static void launch_together(slim_cl_build *b)
{
  static const slim_view none = { 0 };
  const int width = run_of(b, &b->out[0].shape);
  slim_concat_params p = { .rows = (int)slim_cl_elements(&b->out[0]) / width,
                           .block = 1 + ITEM_ELEMENTS / width,
                           .width = width };
  for (int first = 0; first < b->group->num_in; first += TOGETHER) {
    const int count = b->group->num_in - first;
    int written = 0;
    slim_cl_begin(b, "slim_concat_rows_b4");
    for (int k = 0; k < TOGETHER; k++) {
      p.run[k] = k < count ? run_of(b, &b->in[first + k].shape) : 0;
      written += p.run[k];
      slim_cl_arg_view(b, k < count ? &b->in[first + k] : &none);
    }
    slim_cl_arg_view(b, &b->out[0]);
    slim_cl_arg(b, &p, sizeof(p));
    slim_cl_range_rows(b, (size_t)slim_cl_ceil_div(p.rows, p.block));
    p.to += written;
  }
}

static void launch_each(slim_cl_build *b)
{
  const int axis = axis_of(b);
  slim_move_params p = { .strides = { .rank = b->out[0].shape.rank } };
  int stride[SLIM_MAX_RANK] = { 0 }, before = 0;
  slim_cl_strides(&b->out[0].shape, stride);
  for (int k = 0; k < b->group->num_in; k++) {
    const slim_shape *x = &b->in[k].shape;
    p.n = slim_cl_elements(&b->in[k]);
    p.to = (unsigned)(before * stride[axis]);
    p.strides.rank = x->rank;
    slim_cl_strides(x, p.strides.a);
    for (int i = 0; i < x->rank; i++) {
      p.strides.dim[i] = x->dim[i];
      p.strides.b[i] = stride[i];
    }
    slim_cl_move(b, &b->in[k], &b->out[0], &p);
    before += x->dim[axis];
  }
}

static void prepare(slim_cl_build *b)
{
  if (together(b)) {
    launch_together(b);
  } else {
    launch_each(b);
  }
}

const slim_cl_op slim_cl_op_concat = { .prepare = prepare, .supports = slim_cl_move_supports };
