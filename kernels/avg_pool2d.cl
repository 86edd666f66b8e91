#include "common.h"
#include "image.h"
#include "pool2d.h"

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

__kernel void slim_avg_pool2d_vector_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const slim_pool2d_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const slim_pool2d_part part = slim_pool2d_part_of(p, p.oh, p.ow);
  SLIM_POOL2D_EACH(part, p.oh, p.ow)
  {
    const int y0 = row * p.stride_h - p.before_h, x0 = column * p.stride_w - p.before_w;
    __global const float *from = x + (size_t)image * p.h * p.w * p.c + k;
    SLIM_FLOATW sum = (SLIM_FLOATW)(0.0f);
    slim_pool2d_fetch(from, p, y0, max(x0, 0));
    for (int iy = max(y0, 0); iy < min(y0 + p.kernel_h, p.h); iy++) {
      SLIM_FLOATW line = (SLIM_FLOATW)(0.0f);
      for (int ix = max(x0, 0); ix < min(x0 + p.kernel_w, p.w); ix++) {
        line += SLIM_POOL2D_LOAD(SLIM_FLOATW, from + (iy * p.w + ix) * p.c);
      }
      sum += line;
    }
    SLIM_POOL2D_STORE(SLIM_FLOATW, sum / (float)(covered(y0, p.kernel_h, p.h) * covered(x0, p.kernel_w, p.w)), y + i);
  }
}

__kernel void slim_avg_pool2d_gradient_vector_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(float, dx),
                                                  const slim_pool2d_params p)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(float, dx);
  const float whole = 1.0f / (float)(p.kernel_h * p.kernel_w); /* of a window inside of the image */
  const slim_pool2d_part part = slim_pool2d_part_of(p, p.h, p.w);
  SLIM_POOL2D_EACH(part, p.h, p.w)
  {
    SLIM_FLOATW sum = (SLIM_FLOATW)(0.0f);
    for (int oy = slim_first_window(row, p.before_h, p.kernel_h, p.stride_h);
         oy < p.oh && oy * p.stride_h - p.before_h <= row; oy++) {
      const int rows = covered(oy * p.stride_h - p.before_h, p.kernel_h, p.h);
      for (int ox = slim_first_window(column, p.before_w, p.kernel_w, p.stride_w);
           ox < p.ow && ox * p.stride_w - p.before_w <= column; ox++) {
        const int pixels = rows * covered(ox * p.stride_w - p.before_w, p.kernel_w, p.w);
        const float share = pixels == p.kernel_h * p.kernel_w ? whole : 1.0f / (float)pixels;
        const int o = ((image * p.oh + oy) * p.ow + ox) * p.c + k;
        sum = fma(SLIM_POOL2D_LOAD(SLIM_FLOATW, dy + o), (SLIM_FLOATW)(share), sum);
      }
    }
    SLIM_POOL2D_STORE(SLIM_FLOATW, sum, dx + i);
  }
}
