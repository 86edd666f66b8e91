#include "common.h"
#include "image.h"
#include "pool2d.h"

__kernel void slim_max_pool2d_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), SLIM_TENSOR(int, indices),
                                        const slim_pool2d_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  SLIM_OPEN(int, indices);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  const int4 o = slim_pixel_of((int)i, p.oh, p.ow, p.c, p.nchw);
  const int y0 = o.s1 * p.stride_h - p.before_h, x0 = o.s2 * p.stride_w - p.before_w;
  float best = 0.0f;
  int where = -1;
  for (int iy = max(y0, 0); iy < min(y0 + p.kernel_h, p.h); iy++) {
    for (int ix = max(x0, 0); ix < min(x0 + p.kernel_w, p.w); ix++) {
      const float value = x[slim_pixel_at(o.s0, iy, ix, o.s3, p.h, p.w, p.c, p.nchw)];
      if (where < 0 || value > best || (isnan(value) && !isnan(best))) {
        best = value;
        where = (iy * p.w + ix) * p.c + o.s3;
      }
    }
  }
  y[i] = best;
  if (p.want & 2) {
    indices[i] = where;
  }
}

/* Each input pixel gathers from the windows that chose it. */
__kernel void slim_max_pool2d_gradient_naive_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(const int, indices),
                                                 SLIM_TENSOR(float, dx), const slim_pool2d_params p)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const int, indices);
  SLIM_OPEN(float, dx);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  const int4 at = slim_pixel_of((int)i, p.h, p.w, p.c, p.nchw);
  const int me = (at.s1 * p.w + at.s2) * p.c + at.s3;
  float sum = 0.0f;
  for (int oy = slim_first_window(at.s1, p.before_h, p.kernel_h, p.stride_h);
       oy < p.oh && oy * p.stride_h - p.before_h <= at.s1; oy++) {
    for (int ox = slim_first_window(at.s2, p.before_w, p.kernel_w, p.stride_w);
         ox < p.ow && ox * p.stride_w - p.before_w <= at.s2; ox++) {
      const int o = slim_pixel_at(at.s0, oy, ox, at.s3, p.oh, p.ow, p.c, p.nchw);
      sum += indices[o] == me ? dy[o] : 0.0f;
    }
  }
  dx[i] = sum;
}

SLIM_APART void pool_part(__global const float *x, __global float *y, __global int *indices,
                          const slim_pool2d_params p, const slim_pool2d_part part)
{
  SLIM_POOL2D_EACH(part, p.oh, p.ow)
  {
    const int y0 = row * p.stride_h - p.before_h, x0 = column * p.stride_w - p.before_w;
    const int left = max(x0, 0), right = min(x0 + p.kernel_w, p.w), top = max(y0, 0), end = min(y0 + p.kernel_h, p.h);
    __global const float *from = x + (size_t)image * p.h * p.w * p.c + k;
    SLIM_FLOATW best = SLIM_POOL2D_LOAD(SLIM_FLOATW, from + (top * p.w + left) * p.c);
    SLIM_INTW where = (SLIM_INTW)((top * p.w + left) * p.c);
    slim_pool2d_fetch(from, p, y0, left);
    for (int iy = top; iy < end; iy++) {
      for (int ix = left; ix < right; ix++) {
        const int at = (iy * p.w + ix) * p.c;
        const SLIM_FLOATW value = SLIM_POOL2D_LOAD(SLIM_FLOATW, from + at);
        const SLIM_INTW better = value > best || (value != value && best == best);
        best = better ? value : best;
        where = better ? (SLIM_INTW)(at) : where;
      }
    }
    SLIM_POOL2D_STORE(SLIM_FLOATW, best, y + i);
    if (p.want & 2) {
      SLIM_POOL2D_STORE(SLIM_INTW, where + k + SLIM_LANES, indices + i);
    }
  }
}

__kernel void slim_max_pool2d_vector_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), SLIM_TENSOR(int, indices),
                                         const slim_pool2d_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  SLIM_OPEN(int, indices);
  pool_part(x, y, indices, p, slim_pool2d_part_of(p, p.oh, p.ow));
}

__kernel void slim_max_pool2d_gradient_vector_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(const int, indices),
                                                  SLIM_TENSOR(float, dx), const slim_pool2d_params p)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const int, indices);
  SLIM_OPEN(float, dx);
  const slim_pool2d_part part = slim_pool2d_part_of(p, p.h, p.w);
  SLIM_POOL2D_EACH(part, p.h, p.w)
  {
    const SLIM_INTW me = (SLIM_INTW)((row * p.w + column) * p.c + k) + SLIM_LANES;
    SLIM_FLOATW sum = (SLIM_FLOATW)(0.0f);
    for (int oy = slim_first_window(row, p.before_h, p.kernel_h, p.stride_h);
         oy < p.oh && oy * p.stride_h - p.before_h <= row; oy++) {
      for (int ox = slim_first_window(column, p.before_w, p.kernel_w, p.stride_w);
           ox < p.ow && ox * p.stride_w - p.before_w <= column; ox++) {
        const int o = ((image * p.oh + oy) * p.ow + ox) * p.c + k;
        const SLIM_FLOATW above = SLIM_POOL2D_LOAD(SLIM_FLOATW, dy + o);
        sum += SLIM_POOL2D_LOAD(SLIM_INTW, indices + o) == me ? above : (SLIM_FLOATW)(0.0f);
      }
    }
    SLIM_POOL2D_STORE(SLIM_FLOATW, sum, dx + i);
  }
}
