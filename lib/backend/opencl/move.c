#include "backend/opencl/move.h"

#include "backend/opencl/strides.h"

void slim_cl_move(slim_cl_build *b, const slim_view *x, const slim_view *y, const slim_move_params *given)
{
  slim_move_params p = *given;
  const size_t size = slim_dtype_size(x->dtype);
  slim_cl_strides_join(&p.strides);
  if (p.n == 0) {
    return;
  }
  slim_cl_begin(b, size == 4 ? "slim_move_naive_b4" : size == 8 ? "slim_move_naive_b8" : "slim_move_naive_b1");
  slim_cl_arg_view(b, x);
  slim_cl_arg_view(b, y);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range(b, p.n);
}

bool slim_cl_move_supports(const slim_device *device, const slim_group *group, const slim_view *in,
                           const slim_view *out)
{
  (void)device;
  (void)group;
  const size_t size = slim_dtype_size(in[0].dtype);
  return in[0].dtype == out[0].dtype && (size == 1 || size == 4 || size == 8);
}
