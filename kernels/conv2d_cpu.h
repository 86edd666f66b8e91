/* What convolutions of CPU-like devices share: the windows of pixels, and blocks of packed weights. */
#ifndef SLIM_KERNEL_CONV2D_CPU_H
#define SLIM_KERNEL_CONV2D_CPU_H

#include "conv2d_params.h"
#include "gemm_lying.h"
#include "gemm_pack.h"

#if SLIM_CLASS == 0
/* Pixels of the result: number m of them. */
typedef struct place {
  int image, y0, x0; /* where its window begins */
} place;

static inline place place_of(const slim_conv2d_params p, const int m)
{
  const place at = { m / (p.oh * p.ow), m / p.ow % p.oh * p.stride_h - p.before_h, m % p.ow * p.stride_w - p.before_w };
  return at;
}

/* The next pixel. */
static inline place place_after(const slim_conv2d_params p, place at)
{
  at.x0 += p.stride_w;
  if (at.x0 == p.ow * p.stride_w - p.before_w) {
    at.x0 = -p.before_w;
    at.y0 += p.stride_h;
  }
  if (at.y0 == p.oh * p.stride_h - p.before_h) {
    at.y0 = -p.before_h;
    at.image++;
  }
  return at;
}

/* Elements k to k + depth of a window: rows of kernel_w * c floats that lie together in x, cut at its edges. */
static inline void gather_rows(__local float *to, __global const float *x, const slim_conv2d_params p, const place at, int k,
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

/* The same, tap by tap. */
static inline void gather_taps(__local float *to, __global const float *x, const slim_conv2d_params p, const place at, int k,
                        int depth)
{
  int tap = k / p.c, first = k % p.c;
  for (; depth > 0; tap++, first = 0) {
    const int count = min(p.c - first, depth);
    const int iy = at.y0 + tap / p.kernel_w * p.rate_h, ix = at.x0 + tap % p.kernel_w * p.rate_w;
    if (iy < 0 || iy >= p.h || ix < 0 || ix >= p.w) {
      slim_gemm_zero(to, count);
    } else {
      slim_gemm_copy(to, x + ((at.image * p.h + iy) * p.w + ix) * p.c + first, count);
    }
    to += count;
    depth -= count;
  }
}

/* Is a window the pixel itself, of a result with as many? */
static inline bool is_pixel(const slim_conv2d_params p)
{
  return p.kernel_h == 1 && p.kernel_w == 1 && p.stride_h == 1 && p.stride_w == 1 && p.before_h == 0 &&
         p.before_w == 0 && p.oh == p.h && p.ow == p.w;
}

static inline void gather(__local float *to, __global const float *x, const slim_conv2d_params p, const place at,
                          const int k, const int depth)
{
  if (p.rate_w == 1) {
    gather_rows(to, x, p, at, k, depth);
  } else {
    gather_taps(to, x, p, at, k, depth);
  }
}

/* The windows of pixels from row on to a tile. */
static inline void gather_tile(__local float *tile, __global const float *x, const slim_conv2d_params p, const int row,
                               const int rows, const int k, const int depth)
{
  if (is_pixel(p)) {
    for (int i = 0; i < rows; i++) {
      slim_gemm_copy(tile + i * SLIM_GEMM_A_STRIDE, x + (size_t)(row + i) * p.c + k, depth);
    }
    return;
  }
  place at = place_of(p, row);
  for (int i = 0; i < rows; i++, at = place_after(p, at)) {
    gather(tile + i * SLIM_GEMM_A_STRIDE, x, p, at, k, depth);
  }
}

/* The windows of pixels from row on that a panel fetches ahead: as if they were in one row of the image, and the elements
 * in one of the kernel. */
static inline slim_gemm_ahead ahead_of(__global const float *x, const slim_conv2d_params p, const slim_gemm_part t,
                                       const int row, const int k, const int depth, const int c)
{
  if (is_pixel(p)) {
    return slim_gemm_rows_ahead(x + k, p.c, row, t.row1, depth, c, t.columns);
  }
  const place at = place_of(p, min(row, t.row1 - 1));
  const int run = p.kernel_w * p.c, iy = clamp(at.y0 + k / run * p.rate_h, 0, p.h - 1);
  __global const float *from = x + ((at.image * p.h + iy) * p.w + at.x0) * p.c + k % run;
  return slim_gemm_rows_ahead(from, p.stride_w * p.c, 0, t.row1 - row, depth, c, t.columns);
}

/* Elements of the windows from k on by the columns of a part, of weights that slim_conv2d_pack_f32 has packed. */
typedef struct packed_block {
  __global const float *panels;
  int depth, rows; /* of a panel, of all of them */
} packed_block;

static inline packed_block packed_block_of(__global const float *packed, const slim_conv2d_params p,
                                           const slim_gemm_params g, const slim_gemm_part t, const int k)
{
  const int depth = min(g.block_k, p.kernel_h * p.kernel_w * p.c - k);
  const size_t wide = (size_t)(p.o + SLIM_GEMM_COLUMNS - 1) / SLIM_GEMM_COLUMNS * SLIM_GEMM_COLUMNS;
  const packed_block b = { packed + k * wide + (size_t)t.column0 * depth, depth, slim_gemm_part_panels(t) * depth };
  return b;
}
#endif
#endif
