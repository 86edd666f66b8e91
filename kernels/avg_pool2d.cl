#include "common.h"
#include "image.h"
#include "pool2d_params.h"
#include "vector.h"

/* Pixels of the input that a window starting at start covers along one axis. */
static inline int covered(const int start, const int kernel_size, const int size)
{
  return min(start + kernel_size, size) - max(start, 0);
}

__kernel void slim_avg_pool2d_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const slim_pool2d_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  const int4 o = slim_pixel_of((int)i, p.oh, p.ow, p.c, p.nchw);
  const int y0 = o.s1 * p.stride_h - p.before_h, x0 = o.s2 * p.stride_w - p.before_w;
  float sum = 0.0f;
  for (int iy = max(y0, 0); iy < min(y0 + p.kernel_h, p.h); iy++) {
    float row = 0.0f;
    for (int ix = max(x0, 0); ix < min(x0 + p.kernel_w, p.w); ix++) {
      row += x[slim_pixel_at(o.s0, iy, ix, o.s3, p.h, p.w, p.c, p.nchw)];
    }
    sum += row;
  }
  y[i] = sum / (float)(covered(y0, p.kernel_h, p.h) * covered(x0, p.kernel_w, p.w));
}

__kernel void slim_avg_pool2d_gradient_naive_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(float, dx),
                                                 const slim_pool2d_params p)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(float, dx);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  const int4 at = slim_pixel_of((int)i, p.h, p.w, p.c, p.nchw);
  float sum = 0.0f;
  for (int oy = slim_first_window(at.s1, p.before_h, p.kernel_h, p.stride_h);
       oy < p.oh && oy * p.stride_h - p.before_h <= at.s1; oy++) {
    const int rows = covered(oy * p.stride_h - p.before_h, p.kernel_h, p.h);
    for (int ox = slim_first_window(at.s2, p.before_w, p.kernel_w, p.stride_w);
         ox < p.ow && ox * p.stride_w - p.before_w <= at.s2; ox++) {
      const int columns = covered(ox * p.stride_w - p.before_w, p.kernel_w, p.w);
      sum += dy[slim_pixel_at(at.s0, oy, ox, at.s3, p.oh, p.ow, p.c, p.nchw)] / (float)(rows * columns);
    }
  }
  dx[i] = sum;
}

/* A vector of channels a work-item; channels lie together and fill whole vectors. */
__kernel void slim_avg_pool2d_vector_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const slim_pool2d_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0) * SLIM_WIDTH;
  if (i >= p.n) {
    return;
  }
  const int4 o = slim_pixel_of((int)i, p.oh, p.ow, p.c, 0);
  const int y0 = o.s1 * p.stride_h - p.before_h, x0 = o.s2 * p.stride_w - p.before_w;
  SLIM_FLOATW sum = (SLIM_FLOATW)(0.0f);
  for (int iy = max(y0, 0); iy < min(y0 + p.kernel_h, p.h); iy++) {
    SLIM_FLOATW row = (SLIM_FLOATW)(0.0f);
    for (int ix = max(x0, 0); ix < min(x0 + p.kernel_w, p.w); ix++) {
      row += SLIM_LOADW(0, x + ((o.s0 * p.h + iy) * p.w + ix) * p.c + o.s3);
    }
    sum += row;
  }
  SLIM_STOREW(sum / (float)(covered(y0, p.kernel_h, p.h) * covered(x0, p.kernel_w, p.w)), 0, y + i);
}

__kernel void slim_avg_pool2d_gradient_vector_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(float, dx),
                                                  const slim_pool2d_params p)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(float, dx);
  const uint i = get_global_id(0) * SLIM_WIDTH;
  if (i >= p.n) {
    return;
  }
  const int4 at = slim_pixel_of((int)i, p.h, p.w, p.c, 0);
  SLIM_FLOATW sum = (SLIM_FLOATW)(0.0f);
  for (int oy = slim_first_window(at.s1, p.before_h, p.kernel_h, p.stride_h);
       oy < p.oh && oy * p.stride_h - p.before_h <= at.s1; oy++) {
    const int rows = covered(oy * p.stride_h - p.before_h, p.kernel_h, p.h);
    for (int ox = slim_first_window(at.s2, p.before_w, p.kernel_w, p.stride_w);
         ox < p.ow && ox * p.stride_w - p.before_w <= at.s2; ox++) {
      const int columns = covered(ox * p.stride_w - p.before_w, p.kernel_w, p.w);
      sum += SLIM_LOADW(0, dy + ((at.s0 * p.oh + oy) * p.ow + ox) * p.c + at.s3) / (float)(rows * columns);
    }
  }
  SLIM_STOREW(sum, 0, dx + i);
}
