#include "common.h"
#include "conv2d_params.h"
#include "conv2d_turn_params.h"
#include "epilogue.h"
#include "image.h"
#include "weights.h"

__kernel void slim_conv2d_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const slim_weight, weights),
                                    SLIM_TENSOR(const float, bias), SLIM_TENSOR(const float, residual),
                                    SLIM_TENSOR(float, y), const slim_conv2d_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  const int i = (int)get_global_id(0);
  if (i >= p.n * p.oh * p.ow * p.o) {
    return;
  }
  const int4 at = slim_pixel_of(i, p.oh, p.ow, p.o, p.nchw);
  float sum = 0.0f;
  for (int ky = 0; ky < p.kernel_h; ky++) {
    const int iy = at.s1 * p.stride_h + ky * p.rate_h - p.before_h;
    for (int kx = 0; kx < p.kernel_w; kx++) {
      const int ix = at.s2 * p.stride_w + kx * p.rate_w - p.before_w;
      if (iy < 0 || iy >= p.h || ix < 0 || ix >= p.w) {
        continue;
      }
      for (int k = 0; k < p.c; k++) {
        sum = fma(x[slim_pixel_at(at.s0, iy, ix, k, p.h, p.w, p.c, p.nchw)],
                  SLIM_WEIGHT(weights, ((ky * p.kernel_w + kx) * p.c + k) * p.o + at.s3), sum);
      }
    }
  }
  y[i] = slim_epilogue_at(sum, bias, at.s3, residual, (size_t)i, p.epilogue);
}

__kernel void slim_conv2d_input_gradient_naive_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(const float, weights),
                                                   SLIM_TENSOR(float, dx), const slim_conv2d_params p)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, weights);
  SLIM_OPEN(float, dx);
  const int i = (int)get_global_id(0);
  if (i >= p.n * p.h * p.w * p.c) {
    return;
  }
  const int4 at = slim_pixel_of(i, p.h, p.w, p.c, p.nchw);
  float sum = 0.0f;
  for (int ky = 0; ky < p.kernel_h; ky++) {
    const int oy = slim_output_of(at.s1, p.before_h, ky, p.rate_h, p.stride_h, p.oh);
    for (int kx = 0; kx < p.kernel_w; kx++) {
      const int ox = slim_output_of(at.s2, p.before_w, kx, p.rate_w, p.stride_w, p.ow);
      if (oy < 0 || ox < 0) {
        continue;
      }
      for (int k = 0; k < p.o; k++) {
        sum = fma(dy[slim_pixel_at(at.s0, oy, ox, k, p.oh, p.ow, p.o, p.nchw)],
                  weights[((ky * p.kernel_w + kx) * p.c + at.s3) * p.o + k], sum);
      }
    }
  }
  dx[i] = sum;
}

/* Sums by rows, images, all: the error grows with the longest of them. */
__kernel void slim_conv2d_weights_gradient_naive_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(const float, x),
                                                     SLIM_TENSOR(float, dw), const slim_conv2d_params p)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, dw);
  const int i = (int)get_global_id(0);
  if (i >= p.kernel_h * p.kernel_w * p.c * p.o) {
    return;
  }
  const int o = i % p.o, k = i / p.o % p.c, kx = i / (p.o * p.c) % p.kernel_w, ky = i / (p.o * p.c * p.kernel_w);
  float total = 0.0f;
  for (int n = 0; n < p.n; n++) {
    float image = 0.0f;
    for (int oy = 0; oy < p.oh; oy++) {
      const int iy = oy * p.stride_h + ky * p.rate_h - p.before_h;
      float row = 0.0f;
      for (int ox = 0; ox < p.ow && iy >= 0 && iy < p.h; ox++) {
        const int ix = ox * p.stride_w + kx * p.rate_w - p.before_w;
        if (ix >= 0 && ix < p.w) {
          row = fma(x[slim_pixel_at(n, iy, ix, k, p.h, p.w, p.c, p.nchw)],
                    dy[slim_pixel_at(n, oy, ox, o, p.oh, p.ow, p.o, p.nchw)], row);
        }
      }
      image += row;
    }
    total += image;
  }
  dw[i] = total;
}

/* The weights [rows, columns, o, c] of a convolution that an input gradient is. */
__kernel void slim_conv2d_turn_f32(SLIM_TENSOR(const float, weights), SLIM_TENSOR(float, turned),
                                   const slim_conv2d_turn_params p)
{
  SLIM_OPEN(const float, weights);
  SLIM_OPEN(float, turned);
  const int i = (int)get_global_id(0), c = i % p.c, o = i / p.c % p.o, tap = i / (p.c * p.o);
  if (tap < p.rows * p.columns) {
    const int from = (p.first_h + tap / p.columns * p.step_h) * p.kernel_w + p.first_w + tap % p.columns * p.step_w;
    turned[i] = weights[(from * p.c + c) * p.o + o];
  }
}
