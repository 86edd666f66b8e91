/* Depthwise convolution of images with channels last that fill whole vectors, one kernel for each. */
#include "activation.h"
#include "common.h"
#include "depthwise_conv2d.h"

/* On CPU-like devices a work-item makes a row of outputs; on others some neighbours in one vector of channels. */
#if SLIM_CLASS == 0
#define PIXELS 7
#define EACH_PIXEL(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6)
#else
#define PIXELS 4
#define EACH_PIXEL(X) X(0) X(1) X(2) X(3)
#endif

/* Part number id of the row-wise work: rows, and where a work-item goes through blocks and channels of its row. */
typedef struct part {
  int row, block0, block1, k0, k1;
} part;

static inline part part_of(const int id, const int blocks, const int c)
{
#if SLIM_CLASS == 0
  const part p = { id, 0, blocks, 0, c };
#else
  const int vectors = c / SLIM_WIDTH, block = id / vectors % blocks, k = id % vectors * SLIM_WIDTH;
  const part p = { id / (vectors * blocks), block, block + 1, k, k + SLIM_WIDTH };
#endif
  return p;
}

/* Fetches, of the rows that the next row of outputs reads beyond this one's, the first of which is row, some pixels from
 * column on: neighbours lie too far apart for the processor to guess. */
static inline void fetch_next(__global const float *image, const slim_depthwise_conv2d_params p, const int row,
                              const int column, const int pixels)
{
  for (int y = row; y < min(row + p.stride_h, p.h); y++) {
    for (int x = max(column, 0); x < min(column + pixels, p.w); x++) {
      SLIM_FETCH_LATER(image + (y * p.w + x) * p.c);
    }
  }
}

#define FINISH(p_)                                                                                                     \
  if (t.at + (p_) < t.count) {                                                                                         \
    const size_t i = (size_t)(first + (p_)) * t.c + k;                                                                 \
    const SLIM_FLOATW sum = p.epilogue.has_residual ? sum##p_ + SLIM_LOADW(0, residual + i) : sum##p_;                 \
    SLIM_STOREW(SLIM_ACTIVATE(SLIM_FLOATW, sum, p.epilogue.activation), 0, y + i);                                     \
  }

__kernel void slim_depthwise_conv2d_vector_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const slim_weight, weights),
                                               SLIM_TENSOR(const float, bias), SLIM_TENSOR(const float, residual),
                                               SLIM_TENSOR(float, y), const slim_depthwise_conv2d_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  const int blocks = (p.ow + PIXELS - 1) / PIXELS;
  const part work = part_of((int)get_global_id(0), blocks, p.c);
  const int image = work.row / p.oh, oy = work.row % p.oh;
  __global const float *from = x + (size_t)image * p.h * p.w * p.c;
  if (image >= p.n) {
    return;
  }
  for (int block = work.block0; block < work.block1; block++) {
    const slim_depthwise_tile t = { block * PIXELS, p.ow, block * PIXELS * p.stride_w - p.before_w,
                                    p.stride_w,     p.w,  p.c };
    const int first = work.row * p.ow + t.at;
    for (int k = work.k0; k < work.k1; k += SLIM_WIDTH) {
      const SLIM_FLOATW start = p.epilogue.has_bias ? SLIM_LOADW(0, bias + k) : (SLIM_FLOATW)(0.0f);
      EACH_PIXEL(SLIM_DEPTHWISE_DECLARE)
      fetch_next(from + k, p, oy * p.stride_h - p.before_h + (p.kernel_h - 1) * p.rate_h + 1, t.column,
                 PIXELS * p.stride_w);
      SLIM_DEPTHWISE_ADD_TAPS
      EACH_PIXEL(FINISH)
    }
  }
}
#undef FINISH

/* Is reach whole strides? Then *place says how many. */
static inline int whole(const int reach, const int stride, int *place)
{
  *place = reach / stride;
  return *place * stride == reach;
}

#define FINISH(p_)                                                                                                     \
  if (t.at + (p_) < t.count) {                                                                                         \
    SLIM_STOREW(sum##p_, 0, dx + (size_t)(first + (p_)*p.stride_w) * t.c + k);                                         \
    SLIM_FETCH_LATER(dx + (size_t)(first + (p_)*p.stride_w + p.w) * t.c + k);                                          \
  }

/* Pixels of dx that are stride_w apart, a phase, take from neighbouring outputs by the same taps. */
__kernel void slim_depthwise_conv2d_input_gradient_vector_f32(SLIM_TENSOR(const float, dy),
                                                              SLIM_TENSOR(const float, weights), SLIM_TENSOR(float, dx),
                                                              const slim_depthwise_conv2d_params p)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, weights);
  SLIM_OPEN(float, dx);
  const int longest = (p.w + p.stride_w - 1) / p.stride_w, blocks = (longest + PIXELS - 1) / PIXELS * p.stride_w;
  const part work = part_of((int)get_global_id(0), blocks, p.c);
  const int image = work.row / p.h, iy = work.row % p.h;
  __global const float *from = dy + (size_t)image * p.oh * p.ow * p.c;
  if (image >= p.n) {
    return;
  }
  for (int block = work.block0; block < work.block1; block++) {
    const int phase = block % p.stride_w, at = block / p.stride_w * PIXELS;
    const slim_depthwise_tile t = { at, (p.w - phase + p.stride_w - 1) / p.stride_w, at, 1, p.ow, p.c };
    const int first = work.row * p.w + phase + at * p.stride_w;
    for (int k = work.k0; k < work.k1; k += SLIM_WIDTH) {
      const SLIM_FLOATW start = (SLIM_FLOATW)(0.0f);
      EACH_PIXEL(SLIM_DEPTHWISE_DECLARE)
      for (int ky = 0; ky < p.kernel_h; ky++) {
        int row;
        const int meets = whole(iy + p.before_h - ky * p.rate_h, p.stride_h, &row);
        for (int kx = 0; kx < p.kernel_w && meets && row >= 0 && row < p.oh; kx++) {
          int place;
          if (whole(phase + p.before_w - kx * p.rate_w, p.stride_w, &place)) {
            const int column = t.column + place;
            const SLIM_FLOATW weight = SLIM_LOADW(0, weights + (ky * p.kernel_w + kx) * p.c + k);
            SLIM_DEPTHWISE_ADD_TAP
          }
        }
      }
      EACH_PIXEL(FINISH)
    }
  }
}
#undef FINISH

/* --- the gradient by the weights: a patch of taps at once, sums of a slice of the rows ---------------------------- */

#define EACH_TAP(X) X(0, 0) X(0, 1) X(0, 2) X(1, 0) X(1, 1) X(1, 2) X(2, 0) X(2, 1) X(2, 2)
#define DECLARE_TAP(r_, t_) SLIM_FLOATW sum##r_##t_ = (SLIM_FLOATW)(0.0f);
/* row##r_: the tap row meets the image. */
#define ADD(r_, t_)                                                                                                    \
  if (row##r_ && kx + (t_) < p.kernel_w && ix + (t_)*p.rate_w >= 0 && ix + (t_)*p.rate_w < p.w) {                      \
    sum##r_##t_ = fma(d, SLIM_LOADW(0, in + ((r_)*p.rate_h * p.w + (t_)*p.rate_w) * p.c), sum##r_##t_);                \
  }
#define ADD_UNCHECKED(r_, t_)                                                                                          \
  sum##r_##t_ = fma(d, SLIM_LOADW(0, in + ((r_)*p.rate_h * p.w + (t_)*p.rate_w) * p.c), sum##r_##t_);
#define SWEEP(begin_, end_, ADD_)                                                                                      \
  for (int ox = (begin_); ox < (end_); ox++) {                                                                         \
    const int ix = ox * p.stride_w - p.before_w + kx * p.rate_w;                                                       \
    __global const float *in = x + ((image * p.h + iy) * p.w + ix) * p.c + k;                                          \
    const SLIM_FLOATW d = SLIM_LOADW(0, dy + (row * p.ow + ox) * p.c + k);                                             \
    SLIM_FETCH_LATER(in + ahead);                                                                                      \
    SLIM_FETCH_LATER(in + ahead + p.c);                                                                                \
    SLIM_FETCH_LATER(in + ahead + p.w * p.c);                                                                          \
    SLIM_FETCH_LATER(in + ahead + p.w * p.c + p.c);                                                                    \
    SLIM_FETCH_LATER(dy + ((row + 1) * p.ow + ox) * p.c + k);                                                          \
    EACH_TAP(ADD_)                                                                                                     \
  }
#define STORE(r_, t_)                                                                                                  \
  if (ky + (r_) < p.kernel_h && kx + (t_) < p.kernel_w) {                                                              \
    __global float *to = dw + ((ky + (r_)) * p.kernel_w + kx + (t_)) * p.c + k;                                        \
    SLIM_STOREW(row == begin ? sum##r_##t_ : SLIM_LOADW(0, to) + sum##r_##t_, 0, to);                                  \
  }

/* Rows of each slice of slices, into its own part of dw. */
__kernel void slim_depthwise_conv2d_weights_gradient_vector_f32(SLIM_TENSOR(const float, dy),
                                                                SLIM_TENSOR(const float, x), SLIM_TENSOR(float, dw),
                                                                const slim_depthwise_conv2d_params p, const int slices)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, dw);
  const int across = (p.kernel_w + 2) / 3, patches = (p.kernel_h + 2) / 3 * across;
  const part work = part_of((int)get_global_id(0), patches, p.c);
  const int slice = work.row, rows = p.n * p.oh;
  if (slice >= slices) {
    return;
  }
  const int begin = (int)((long)rows * slice / slices), end = (int)((long)rows * (slice + 1) / slices);
  dw += (size_t)slice * p.kernel_h * p.kernel_w * p.c;
  for (int row = begin; row < end; row++) {
    const int image = row / p.oh, y0 = row % p.oh * p.stride_h - p.before_h;
    for (int patch = work.block0; patch < work.block1; patch++) {
      const int ky = patch / across * 3, kx = patch % across * 3, iy = y0 + ky * p.rate_h;
      const bool row0 = iy >= 0 && iy < p.h;
      const bool row1 = ky + 1 < p.kernel_h && iy + p.rate_h >= 0 && iy + p.rate_h < p.h;
      const bool row2 = ky + 2 < p.kernel_h && iy + 2 * p.rate_h >= 0 && iy + 2 * p.rate_h < p.h;
      const int ahead = iy + 2 * p.rate_h + 2 < p.h ? (2 * p.rate_h + 1) * p.w * p.c : 0;
      const bool whole_patch = row0 && row1 && row2 && kx + 3 <= p.kernel_w;
      /* outputs [first, last) have all nine taps inside */
      const int left = p.before_w - kx * p.rate_w, reach = p.w - 2 * p.rate_w + left;
      const int first = whole_patch ? clamp((left + p.stride_w - 1) / p.stride_w, 0, p.ow) : p.ow;
      const int last = whole_patch ? clamp((reach + p.stride_w - 1) / p.stride_w, first, p.ow) : p.ow;
      for (int k = work.k0; k < work.k1; k += SLIM_WIDTH) {
        EACH_TAP(DECLARE_TAP)
        SWEEP(0, first, ADD)
        SWEEP(first, last, ADD_UNCHECKED)
        SWEEP(last, p.ow, ADD)
        EACH_TAP(STORE)
      }
    }
  }
}
