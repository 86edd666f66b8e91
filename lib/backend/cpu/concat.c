#include "backend/cpu/vec.h"

static size_t bytes_from(const slim_view *view, int axis)
{
  size_t bytes = slim_dtype_size(view->dtype);
  for (int i = axis; i < view->shape.rank; i++) {
    bytes *= (size_t)view->shape.dim[i];
  }
  return bytes;
}

/* Copies rows [begin, end): what stands before the axis. */
static void rows(void *user, size_t begin, size_t end, int worker)
{
  const slim_cpu_step *step = user;
  const int axis = ((const slim_concat_attr *)step->attr)->axis;
  const size_t whole = bytes_from(&step->out[0], axis);
  size_t offset = 0;
  (void)worker;
  for (int k = 0; k < step->num_in; k++) {
    const size_t part = bytes_from(&step->in[k], axis);
    for (size_t r = begin; r < end; r++) {
      memcpy((char *)step->out[0].host + r * whole + offset, (const char *)step->in[k].host + r * part, part);
    }
    offset += part;
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const int axis = ((const slim_concat_attr *)step->attr)->axis;
  size_t count = 1;
  (void)run_info;
  for (int i = 0; i < axis; i++) {
    count *= (size_t)step->out[0].shape.dim[i];
  }
  const size_t whole = bytes_from(&step->out[0], axis);
  slim_cpu_for(step, count, whole ? 1 + CPU_GRAIN * 4 / whole : 1, rows, step);
}

const slim_cpu_op CPU_OP(concat) = { .run = run };
