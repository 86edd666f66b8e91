/* Convolution on GPUs and small devices, as tiled matrix products whose first factor is gathered from the image. */
#include "common.h"
#include "conv2d_params.h"
#include "image.h"
#include "tile.h"

#if SLIM_CLASS != 0
/* A place in windows: the tap, and its channel. */
typedef struct tile_tap {
  int ky, kx, channel;
} tile_tap;

static inline tile_tap tap_of(const slim_conv2d_params p, const int k)
{
  const tile_tap tap = { k / p.c / p.kernel_w, k / p.c % p.kernel_w, k % p.c };
  return tap;
}

/* The place a step on, which is the tap of so many elements. */
static inline tile_tap tap_after(const slim_conv2d_params p, const tile_tap from, const tile_tap step)
{
  const int channel = from.channel + step.channel, next = channel >= p.c ? 1 : 0;
  const int kx = from.kx + step.kx + next, line = kx >= p.kernel_w ? 1 : 0;
  const tile_tap tap = { from.ky + step.ky + line, kx - line * p.kernel_w, channel - next * p.c };
  return tap;
}

/* A pixel of the result: its image, and where its window begins in x. */
typedef struct tile_window {
  int n, y, x;
} tile_window;

static inline tile_window window_of(const slim_conv2d_params p, const int pixel)
{
  const tile_window w = { pixel / (p.oh * p.ow), pixel / p.ow % p.oh * p.stride_h - p.before_h,
                          pixel % p.ow * p.stride_w - p.before_w };
  return w;
}

/* Where a tap of a window lies in x; -1 outside. */
static inline int place_of(const slim_conv2d_params p, const tile_window w, const tile_tap tap)
{
  const int y = w.y + tap.ky * p.rate_h, x = w.x + tap.kx * p.rate_w;
#ifdef SLIM_TILE_V4 /* and with SLIM_TILE_O4, which lets x's channels be any */
  const int nchw = 0;
#else
  const int nchw = p.nchw;
#endif
  return y < 0 || y >= p.h || x < 0 || x >= p.w ? -1 : slim_pixel_at(w.n, y, x, tap.channel, p.h, p.w, p.c, nchw);
}

/* Four elements of a window from tap on, of which left count. */
static inline float4 window_part(__global const float *x, const slim_conv2d_params p, const tile_window w,
                                 const tile_tap tap, const int left)
{
#if defined(SLIM_TILE_V4) && !defined(SLIM_TILE_O4)
  const int at = place_of(p, w, tap);
  return slim_tile_four(x + max(at, 0), at < 0 ? 0 : left);
#else
  const tile_tap one = tap_of(p, 1);
  float part[4];
  tile_tap next = tap;
  SLIM_UNROLL
  for (int j = 0; j < 4; j++) {
    const int at = place_of(p, w, next);
    part[j] = at < 0 || j >= left ? 0.0f : x[at];
    next = tap_after(p, next, one);
  }
  return vload4(0, part);
#endif
}

#define ROW(i_) (row0 + SLIM_TILE_AT_ROW(me, i_))
#define A(i_, k_) window_part(x, p, window[i_], tap, ROW(i_) < pixels ? end - (k_)-SLIM_TILE_ALONG_K(me) : 0)
#define B(i_, k_)                                                                                                      \
  slim_tile_weights(weights + (size_t)((k_) + SLIM_TILE_AT_K(me, i_)) * p.o + column0 + SLIM_TILE_ALONG(me),           \
                    (k_) + SLIM_TILE_AT_K(me, i_) < end ? p.o - column0 - SLIM_TILE_ALONG(me) : 0)
#define RESULT(row_, column_, sum_)                                                                                    \
  slim_tile_end(y, result_at(p, t, (row_)), t.channel, (column_), (row_) < pixels ? p.o - (column_) : 0, (sum_), bias, \
                residual, p.epilogue)
#define NEXT(i_) tap = (i_) == SLIM_TILE_PARTS - 1 ? tap_after(p, tap, step) : tap;

/* Where the channels of a pixel of the result begin. */
static inline size_t result_at(const slim_conv2d_params p, const slim_tile_params t, const int pixel)
{
  return (size_t)(t.first + pixel / (p.oh * p.ow) * t.image + pixel / p.ow % p.oh * t.row + pixel % p.ow * t.pixel);
}

/* Slice get_group_id(2) of the windows, into its own part of y. */
__kernel SLIM_TILE_GROUP void slim_conv2d_tile_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const slim_weight, weights),
                                                   SLIM_TENSOR(const float, bias), SLIM_TENSOR(const float, residual),
                                                   SLIM_TENSOR(float, y), const slim_conv2d_params p,
                                                   const slim_tile_params t)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  const int pixels = p.n * p.oh * p.ow, depth = p.kernel_h * p.kernel_w * p.c;
  const int me = (int)get_local_id(0), row0 = (int)get_group_id(0) * SLIM_TILE;
  const int column0 = (int)get_group_id(1) * SLIM_TILE;
  const int begin = (int)get_group_id(2) * t.slice, end = min(begin + t.slice, depth);
  tile_window window[SLIM_TILE_PARTS];
  SLIM_UNROLL
  for (int i = 0; i < SLIM_TILE_PARTS; i++) {
    window[i] = window_of(p, ROW(i));
  }
  const tile_tap step = tap_of(p, SLIM_TILE_DEPTH);
  tile_tap tap = tap_of(p, begin + SLIM_TILE_ALONG_K(me));
  y += (size_t)get_group_id(2) * pixels * p.o;
  SLIM_TILE_SUM(A, slim_tile_put_turned, B, slim_tile_put, NEXT, begin, end)
  SLIM_TILE_RESULTS(RESULT, row0, column0)
}
#undef ROW
#undef A
#undef B
#undef RESULT
#undef NEXT

/* An item's vectors of the gradient's first factor lie along the taps of one pixel. */
typedef struct tile_pixel {
  int n, y, x;
} tile_pixel;

static inline tile_pixel pixel_of(const slim_conv2d_params p, const int pixel)
{
  const tile_pixel at = { pixel / (p.oh * p.ow), pixel / p.ow % p.oh, pixel % p.ow };
  return at;
}

/* The pixel a step on, which is that of so many. */
static inline tile_pixel pixel_after(const slim_conv2d_params p, const tile_pixel from, const tile_pixel step)
{
  const int x = from.x + step.x, row = x >= p.ow ? 1 : 0;
  const int y = from.y + step.y + row, image = y >= p.oh ? 1 : 0;
  const tile_pixel at = { from.n + step.n + image, y - image * p.oh, x - row * p.ow };
  return at;
}

static inline float4 taps_part(__global const float *x, const slim_conv2d_params p, const tile_pixel at,
                               const tile_tap tap, const int left)
{
  const tile_window w = { at.n, at.y * p.stride_h - p.before_h, at.x * p.stride_w - p.before_w };
  return window_part(x, p, w, tap, left);
}

/* Four channels of dy at a pixel. */
static inline float4 channels_part(__global const float *dy, const slim_conv2d_params p, const int pixel,
                                   const int channel, const int left)
{
#ifdef SLIM_TILE_V4
  return slim_tile_four(dy + (size_t)pixel * p.o + channel, left);
#else
  float part[4];
  SLIM_UNROLL
  for (int j = 0; j < 4; j++) {
    part[j] = j < left ? dy[slim_pixel_at(pixel / (p.oh * p.ow), pixel / p.ow % p.oh, pixel % p.ow, channel + j, p.oh,
                                          p.ow, p.o, p.nchw)]
                       : 0.0f;
  }
  return vload4(0, part);
#endif
}

#define A(i_, k_)                                                                                                      \
  taps_part(x, p, at[i_], tap, (k_) + SLIM_TILE_AT_K(me, i_) < end ? depth - row0 - SLIM_TILE_ALONG(me) : 0)
#define B(i_, k_)                                                                                                      \
  channels_part(dy, p, (k_) + SLIM_TILE_AT_K(me, i_), column0 + SLIM_TILE_ALONG(me),                                   \
                (k_) + SLIM_TILE_AT_K(me, i_) < end ? p.o - column0 - SLIM_TILE_ALONG(me) : 0)
#define RESULT(row_, column_, sum_)                                                                                    \
  slim_tile_end(dw, (size_t)(row_)*p.o, 1, (column_), (row_) < depth ? p.o - (column_) : 0, (sum_), dw, dw, p.epilogue)
#define NEXT(i_) at[i_] = pixel_after(p, at[i_], step);

/* Slice get_group_id(2) of the pixels, into its own part of dw. */
__kernel SLIM_TILE_GROUP void slim_conv2d_weights_gradient_tile_f32(SLIM_TENSOR(const float, dy),
                                                                    SLIM_TENSOR(const float, x), SLIM_TENSOR(float, dw),
                                                                    const slim_conv2d_params p, const int slice)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, dw);
  const int pixels = p.n * p.oh * p.ow, depth = p.kernel_h * p.kernel_w * p.c;
  const int me = (int)get_local_id(0), row0 = (int)get_group_id(0) * SLIM_TILE;
  const int column0 = (int)get_group_id(1) * SLIM_TILE;
  const int begin = (int)get_group_id(2) * slice, end = min(begin + slice, pixels);
  const tile_tap tap = tap_of(p, row0 + SLIM_TILE_ALONG(me));
  const tile_pixel step = pixel_of(p, SLIM_TILE_DEPTH);
  tile_pixel at[SLIM_TILE_PARTS];
  SLIM_UNROLL
  for (int i = 0; i < SLIM_TILE_PARTS; i++) {
    at[i] = pixel_of(p, begin + SLIM_TILE_AT_K(me, i));
  }
  dw += (size_t)get_group_id(2) * depth * p.o;
  SLIM_TILE_SUM(A, slim_tile_put, B, slim_tile_put, NEXT, begin, end)
  SLIM_TILE_RESULTS(RESULT, row0, column0)
}
#undef A
#undef B
#undef RESULT
#undef NEXT
#endif
