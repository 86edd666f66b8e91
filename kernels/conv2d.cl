#include "common.h"
#include "gemm.h"
#include "gemm_params.h"
#include "image.h"
#include "conv2d_params.h"

__kernel void slim_conv2d_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const float, weights),
                                    SLIM_TENSOR(const float, bias), SLIM_TENSOR(float, y), const slim_conv2d_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const float, weights);
  SLIM_OPEN(const float, bias);
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
                  weights[((ky * p.kernel_w + kx) * p.c + k) * p.o + at.s3], sum);
      }
    }
  }
  y[i] = slim_epilogue(sum, bias, at.s3, p.epilogue);
}

/* The output that tap k of the window at it reads pixel at, or -1: at + before = out * stride + k * rate. */
inline int output_of(const int at, const int before, const int k, const int rate, const int stride, const int outputs)
{
  const int reach = at + before - k * rate;
  return reach >= 0 && reach % stride == 0 && reach / stride < outputs ? reach / stride : -1;
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
    const int oy = output_of(at.s1, p.before_h, ky, p.rate_h, p.stride_h, p.oh);
    for (int kx = 0; kx < p.kernel_w; kx++) {
      const int ox = output_of(at.s2, p.before_w, kx, p.rate_w, p.stride_w, p.ow);
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

/* The weights of the convolution that an input gradient is: taps turned around, channels and outputs exchanged. */
__kernel void slim_conv2d_turn_f32(SLIM_TENSOR(const float, weights), SLIM_TENSOR(float, turned),
                                   const slim_conv2d_params p)
{
  SLIM_OPEN(const float, weights);
  SLIM_OPEN(float, turned);
  const int i = (int)get_global_id(0), taps = p.kernel_h * p.kernel_w;
  if (i < taps * p.c * p.o) {
    const int c = i % p.c, o = i / p.c % p.o, tap = i / (p.c * p.o);
    turned[i] = weights[((taps - 1 - tap) * p.c + c) * p.o + o];
  }
}

#if SLIM_CLASS == 0
/* Pixels of the result: number m of them. */
typedef struct place {
  int image, y0, x0; /* where its window begins */
} place;

inline place place_of(const slim_conv2d_params p, const int m)
{
  const place at = { m / (p.oh * p.ow), m / p.ow % p.oh * p.stride_h - p.before_h, m % p.ow * p.stride_w - p.before_w };
  return at;
}

/* Elements k to k + depth of a window: rows of kernel_w * c floats that lie together in x, cut at its edges. */
inline void gather_rows(__local float *to, __global const float *x, const slim_conv2d_params p, const place at, int k,
                        int depth)
{
  const int run = p.kernel_w * p.c, left = -at.x0 * p.c, right = (p.w - at.x0) * p.c;
  int ky = k / run, first = k % run;
  for (; depth > 0; ky++, first = 0) {
    const int last = min(run, first + depth), iy = at.y0 + ky * p.rate_h;
    const bool inside = iy >= 0 && iy < p.h;
    const int begin = inside ? clamp(left, first, last) : last, end = inside ? clamp(right, begin, last) : last;
    __global const float *row = x + ((at.image * p.h + (inside ? iy : 0)) * p.w + at.x0) * p.c;
    slim_gemm_zero(to, begin - first);
    slim_gemm_copy(to + begin - first, row + begin, end - begin);
    slim_gemm_zero(to + end - first, last - end);
    to += last - first;
    depth -= last - first;
  }
}

/* The pixel of x at a place of the dilated x along one axis, or -1. */
inline int undilated(const int at, const int dilate, const int size)
{
  return at >= 0 && at % dilate == 0 && at / dilate < size ? at / dilate : -1;
}

/* The same, tap by tap. */
inline void gather_taps(__local float *to, __global const float *x, const slim_conv2d_params p, const place at, int k,
                        int depth)
{
  int tap = k / p.c, first = k % p.c;
  for (; depth > 0; tap++, first = 0) {
    const int count = min(p.c - first, depth);
    const int iy = undilated(at.y0 + tap / p.kernel_w * p.rate_h, p.dilate_h, p.h);
    const int ix = undilated(at.x0 + tap % p.kernel_w * p.rate_w, p.dilate_w, p.w);
    if (iy < 0 || ix < 0) {
      slim_gemm_zero(to, count);
    } else {
      slim_gemm_copy(to, x + ((at.image * p.h + iy) * p.w + ix) * p.c + first, count);
    }
    to += count;
    depth -= count;
  }
}

inline void gather(__local float *to, __global const float *x, const slim_conv2d_params p, const int m, const int k,
                   const int depth)
{
  if (p.rate_w == 1 && p.dilate_h == 1 && p.dilate_w == 1) {
    gather_rows(to, x, p, place_of(p, m), k, depth);
  } else {
    gather_taps(to, x, p, place_of(p, m), k, depth);
  }
}

/* A matrix product: windows of x by weights. tile: SLIM_GEMM_ROWS rows of SLIM_GEMM_A_STRIDE; panels: block_k rows of
 * block_n. */
__kernel void slim_conv2d_cpu_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const float, weights),
                                  SLIM_TENSOR(const float, bias), SLIM_TENSOR(float, y), const slim_conv2d_params p,
                                  const slim_gemm_params g, __local float *tile, __local float *panels)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const float, weights);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(float, y);
  const int pixels = p.n * p.oh * p.ow, total = p.kernel_h * p.kernel_w * p.c;
  const int row0 = (int)get_group_id(0) * g.block_m, row1 = min(row0 + g.block_m, pixels);
  const int column0 = (int)get_group_id(1) * g.block_n, columns = min(g.block_n, p.o - column0);
  for (int k = 0; k < total; k += g.block_k) {
    const int depth = min(g.block_k, total - k);
    slim_gemm_pack_b(panels, weights + (size_t)k * p.o + column0, p.o, depth, columns);
    for (int row = row0; row < row1; row += SLIM_GEMM_ROWS) {
      for (int i = 0; i < SLIM_GEMM_ROWS; i++) {
        gather(tile + i * SLIM_GEMM_A_STRIDE, x, p, min(row + i, pixels - 1), k, depth);
      }
      for (int c = 0; c < columns; c += SLIM_GEMM_COLUMNS) {
        const slim_gemm_out o = { y + (size_t)row * p.o + column0 + c,
                                  bias + column0 + c,
                                  p.o,
                                  row1 - row,
                                  columns - c,
                                  k == 0,
                                  k + depth == total,
                                  p.epilogue };
        slim_gemm_tile_rows(tile, panels + c * depth, depth, o);
      }
    }
  }
}

/* The product of transposed windows by dy, summed over the pixels of slice get_group_id(2). windows: block_k rows of
 * block_m. */
__kernel void slim_conv2d_weights_gradient_cpu_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(const float, x),
                                                   SLIM_TENSOR(float, dw), const slim_conv2d_params p,
                                                   const slim_gemm_params g, __local float *windows,
                                                   __local float *panels)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, dw);
  const int rows = p.kernel_h * p.kernel_w * p.c, pixels = p.n * p.oh * p.ow;
  const int row0 = (int)get_group_id(0) * g.block_m, row1 = min(row0 + g.block_m, rows);
  const int column0 = (int)get_group_id(1) * g.block_n, columns = min(g.block_n, p.o - column0);
  const int begin = (int)get_group_id(2) * g.slice, end = min(begin + g.slice, pixels);
  const slim_epilogue_params none = { 0, 0 };
  dw += (size_t)get_group_id(2) * rows * p.o;
  for (int k = begin; k < end; k += g.block_k) {
    const int depth = min(g.block_k, end - k);
    slim_gemm_pack_b(panels, dy + (size_t)k * p.o + column0, p.o, depth, columns);
    for (int i = 0; i < depth; i++) {
      gather(windows + i * g.block_m, x, p, k + i, row0, row1 - row0);
    }
    for (int row = row0; row < row1; row += SLIM_GEMM_ROWS) {
      for (int c = 0; c < columns; c += SLIM_GEMM_COLUMNS) {
        const slim_gemm_out o = {
          dw + (size_t)row * p.o + column0 + c, 0, p.o, row1 - row, columns - c, k == begin, false, none
        };
        slim_gemm_tile_columns(windows + row - row0, g.block_m, panels + c * depth, depth, o);
      }
    }
  }
}
#endif
