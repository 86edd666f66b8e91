/* Convolution on GPUs and small devices, as tiled matrix products whose first factor is gathered from the image. */
#include "common.h"
#include "conv2d_params.h"
#include "image.h"
#include "tile.h"

#if SLIM_CLASS != 0
/* A number counted along three axes: an element of a window by the tap's row, its column and the channel, or a pixel of
 * the result by image, row and column. */
typedef struct tile_index {
  int outer, middle, inner;
} tile_index;

/* The inner axes are so long. */
static inline tile_index index_of(const int number, const int middle, const int inner)
{
  const tile_index i = { number / inner / middle, number / inner % middle, number % inner };
  return i;
}

/* The one a step on, which is the index of so many. */
static inline tile_index index_after(const tile_index from, const tile_index step, const int middle, const int inner)
{
  const int i = from.inner + step.inner, next = i >= inner ? 1 : 0;
  const int m = from.middle + step.middle + next, last = m >= middle ? 1 : 0;
  const tile_index after = { from.outer + step.outer + last, m - last * middle, i - next * inner };
  return after;
}

static inline tile_index tap_of(const slim_conv2d_params p, const int element)
{
  return index_of(element, p.kernel_w, p.c);
}

static inline tile_index pixel_of(const slim_conv2d_params p, const int pixel)
{
  return index_of(pixel, p.oh, p.ow);
}

/* Where a pixel's window begins in x, and its image. */
typedef struct tile_window {
  int n, y, x;
} tile_window;

static inline tile_window window_of(const slim_conv2d_params p, const tile_index pixel)
{
  const tile_window w = { pixel.outer, pixel.middle * p.stride_h - p.before_h, pixel.inner * p.stride_w - p.before_w };
  return w;
}

/* Where a tap of a window lies in x; -1 outside. */
static inline int place_of(const slim_conv2d_params p, const tile_window w, const tile_index tap)
{
  const int y = w.y + tap.outer * p.rate_h, x = w.x + tap.middle * p.rate_w;
#ifdef SLIM_TILE_V4 /* and with SLIM_TILE_O4, which lets x's channels be any */
  const int nchw = 0;
#else
  const int nchw = p.nchw;
#endif
  return y < 0 || y >= p.h || x < 0 || x >= p.w ? -1 : slim_pixel_at(w.n, y, x, tap.inner, p.h, p.w, p.c, nchw);
}

/* Four elements of a window from tap on, of which left count. */
static inline float4 window_part(__global const float *x, const slim_conv2d_params p, const tile_window w,
                                 const tile_index tap, const int left)
{
#if defined(SLIM_TILE_V4) && !defined(SLIM_TILE_O4)
  const int at = place_of(p, w, tap);
  return slim_tile_four(x + max(at, 0), at < 0 ? 0 : left);
#else
  const tile_index one = tap_of(p, 1);
  float part[4];
  tile_index next = tap;
  SLIM_UNROLL
  for (int j = 0; j < 4; j++) {
    const int at = place_of(p, w, next);
    part[j] = at < 0 || j >= left ? 0.0f : x[at];
    next = index_after(next, one, p.kernel_w, p.c);
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
#define NEXT(i_) tap = (i_) == SLIM_TILE_PARTS - 1 ? index_after(tap, step, p.kernel_w, p.c) : tap;

/* Where the channels of a pixel of the result begin. */
static inline size_t result_at(const slim_conv2d_params p, const slim_tile_params t, const int pixel)
{
  const tile_index at = pixel_of(p, pixel);
  return (size_t)(t.first + at.outer * t.image + at.middle * t.row + at.inner * t.pixel);
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
  const int begin = t.begin + (int)get_group_id(2) * t.slice, end = min(begin + t.slice, depth);
  tile_window window[SLIM_TILE_PARTS];
  SLIM_UNROLL
  for (int i = 0; i < SLIM_TILE_PARTS; i++) {
    window[i] = window_of(p, pixel_of(p, ROW(i)));
  }
  const tile_index step = tap_of(p, SLIM_TILE_DEPTH);
  tile_index tap = tap_of(p, begin + SLIM_TILE_ALONG_K(me));
  y += (size_t)get_group_id(2) * pixels * p.o;
  SLIM_TILE_SUM(A, slim_tile_put_turned, B, slim_tile_put, NEXT, begin, end)
  SLIM_TILE_RESULTS(RESULT, row0, column0)
}
#undef ROW
#undef A
#undef B
#undef RESULT
#undef NEXT

/* Four channels of dy at a pixel. */
static inline float4 channels_part(__global const float *dy, const slim_conv2d_params p, const int pixel,
                                   const int channel, const int left)
{
#ifdef SLIM_TILE_V4
  return slim_tile_four(dy + (size_t)pixel * p.o + channel, left);
#else
  const tile_index at = pixel_of(p, pixel);
  float part[4];
  SLIM_UNROLL
  for (int j = 0; j < 4; j++) {
    part[j] = j < left ? dy[slim_pixel_at(at.outer, at.middle, at.inner, channel + j, p.oh, p.ow, p.o, p.nchw)] : 0.0f;
  }
  return vload4(0, part);
#endif
}

/* An item's vectors of the first factor lie along the taps of one pixel. */
#define A(i_, k_)                                                                                                      \
  window_part(x, p, window_of(p, at[i_]), tap,                                                                         \
              (k_) + SLIM_TILE_AT_K(me, i_) < end ? depth - row0 - SLIM_TILE_ALONG(me) : 0)
#define B(i_, k_)                                                                                                      \
  channels_part(dy, p, (k_) + SLIM_TILE_AT_K(me, i_), column0 + SLIM_TILE_ALONG(me),                                   \
                (k_) + SLIM_TILE_AT_K(me, i_) < end ? p.o - column0 - SLIM_TILE_ALONG(me) : 0)
#define RESULT(row_, column_, sum_)                                                                                    \
  slim_tile_end(dw, (size_t)(row_)*p.o, 1, (column_), (row_) < depth ? p.o - (column_) : 0, (sum_), dw, dw, p.epilogue)
#define NEXT(i_) at[i_] = index_after(at[i_], step, p.oh, p.ow);

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
  const tile_index tap = tap_of(p, row0 + SLIM_TILE_ALONG(me));
  const tile_index step = pixel_of(p, SLIM_TILE_DEPTH);
  tile_index at[SLIM_TILE_PARTS];
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
