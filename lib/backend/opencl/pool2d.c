#include "backend/opencl/pool2d.h"

#define GRID_MOST 65535 /* rows and images: some drivers take no more groups along an axis */

slim_pool2d_params slim_cl_pool2d(const slim_cl_build *b, const slim_shape *x, const slim_shape *y)
{
  const slim_pool2d_attr *attr = b->attr;
  const int row = attr->nchw ? 2 : 1, channel = attr->nchw ? 1 : 3;
  slim_pool2d_params p = { .h = x->dim[row],
                           .w = x->dim[row + 1],
                           .c = x->dim[channel],
                           .oh = y->dim[row],
                           .ow = y->dim[row + 1],
                           .kernel_h = attr->kernel.h,
                           .kernel_w = attr->kernel.w,
                           .stride_h = attr->stride.h,
                           .stride_w = attr->stride.w,
                           .nchw = attr->nchw };
  p.before_h = slim_window_of(p.h, p.kernel_h, p.stride_h, 1, attr->padding).before;
  p.before_w = slim_window_of(p.w, p.kernel_w, p.stride_w, 1, attr->padding).before;
  p.n = slim_cl_elements(&b->out[0]);
  p.want = slim_cl_wants(b);
  return p;
}

bool slim_cl_pool2d_vectors(const slim_cl_build *b, const slim_pool2d_params *p)
{
  const int *dim = b->out[0].shape.dim;
  return p->n > 0 && !p->nchw && p->c % b->cl->vector_width == 0 &&
         (slim_cl_is_cpu(b) || (dim[0] <= GRID_MOST && dim[1] <= GRID_MOST));
}

void slim_cl_pool2d_range(slim_cl_build *b, const slim_pool2d_params *p)
{
  const int *dim = b->out[0].shape.dim;
  if (slim_cl_pool2d_vectors(b, p) && slim_cl_is_cpu(b)) {
    slim_cl_range_rows(b, (size_t)dim[0] * (size_t)dim[1]);
  } else if (slim_cl_pool2d_vectors(b, p)) {
    const int vectors = dim[2] * dim[3] / b->cl->vector_width;
    slim_cl_range_grid(b, (const size_t[3]){ (size_t)vectors, (size_t)dim[1], (size_t)dim[0] });
  } else {
    slim_cl_range(b, p->n);
  }
}
