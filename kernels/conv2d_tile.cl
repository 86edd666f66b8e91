/* Convolution on GPUs and small devices, as tiled matrix products whose factors are gathered from the image. */
#include "common.h"
#include "conv2d_params.h"
#include "image.h"
#include "tile.h"
#include "weights.h"

#if SLIM_CLASS != 0
/* The pixel of x at a place of the dilated x along one axis, or -1. */
static inline int tile_pixel(const int at, const int dilate, const int size)
{
  return at >= 0 && at % dilate == 0 && at / dilate < size ? at / dilate : -1;
}

/* Element k of the window of pixel m of the result. */
static inline float window_at(__global const float *x, const slim_conv2d_params p, const int m, const int k)
{
  const int tap = k / p.c, ky = tap / p.kernel_w, kx = tap % p.kernel_w;
  const int iy = tile_pixel(m / p.ow % p.oh * p.stride_h - p.before_h + ky * p.rate_h, p.dilate_h, p.h);
  const int ix = tile_pixel(m % p.ow * p.stride_w - p.before_w + kx * p.rate_w, p.dilate_w, p.w);
  return iy < 0 || ix < 0 ? 0.0f
                          : x[slim_pixel_at(m / (p.oh * p.ow), iy, ix, k % p.c, p.h, p.w, p.c, p.nchw)];
}

/* Where channel o of pixel m of the result lies. */
static inline int result_at(const slim_conv2d_params p, const int m, const int o)
{
  return slim_pixel_at(m / (p.oh * p.ow), m / p.ow % p.oh, m % p.ow, o, p.oh, p.ow, p.o, p.nchw);
}

static inline void put(__global float *y, const int at, const float value, __global const float *bias,
                       const int channel, __global const float *residual, const slim_conv2d_params p)
{
  y[at] = slim_epilogue_at(value, bias, channel, residual, (size_t)at, p.epilogue);
}

#define A(row_, k_) window_at(x, p, (row_), (k_))
#define B(k_, column_) SLIM_WEIGHT(weights, (size_t)(k_)*p.o + (column_))
#define PUT(row_, column_, value_) put(y, result_at(p, (row_), (column_)), (value_), bias, (column_), residual, p)

__kernel SLIM_TILE_GROUP void slim_conv2d_tile_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const slim_weight, weights),
                                                   SLIM_TENSOR(const float, bias),
                                                   SLIM_TENSOR(const float, residual), SLIM_TENSOR(float, y),
                                                   const slim_conv2d_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  const int pixels = p.n * p.oh * p.ow, depth = p.kernel_h * p.kernel_w * p.c;
  SLIM_TILE_SUM(A, B, pixels, p.o, 0, depth)
  SLIM_TILE_STORE(PUT, pixels, p.o)
}
#undef A
#undef B
#undef PUT

#define A(row_, k_) window_at(x, p, (k_), (row_))
#define B(k_, column_) dy[result_at(p, (k_), (column_))]
#define PUT(row_, column_, value_) dw[(size_t)(row_)*p.o + (column_)] = (value_)

/* Slice get_group_id(2) of the pixels, into its own part of dw. */
__kernel SLIM_TILE_GROUP void slim_conv2d_weights_gradient_tile_f32(SLIM_TENSOR(const float, dy),
                                                                    SLIM_TENSOR(const float, x),
                                                                    SLIM_TENSOR(float, dw), const slim_conv2d_params p,
                                                                    const int slice)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, dw);
  const int pixels = p.n * p.oh * p.ow, depth = p.kernel_h * p.kernel_w * p.c;
  const int begin = (int)get_group_id(2) * slice, end = min(begin + slice, pixels);
  dw += (size_t)get_group_id(2) * depth * p.o;
  SLIM_TILE_SUM(A, B, depth, p.o, begin, end)
  SLIM_TILE_STORE(PUT, depth, p.o)
}
#undef A
#undef B
#undef PUT
#endif
