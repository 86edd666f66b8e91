/* Convolution of few channels at a time on CPU-like devices, and its gradient by the weights: a band of the image lies in
 * local memory instead of windows. */
#include "common.h"
#include "conv2d_image_params.h"
#include "conv2d_params.h"
#include "deal.h"
#include "gemm_pack.h"

#if SLIM_CLASS == 0
/* The rows of x that results of row y0 and below need, from a channel on, with zeros where windows pass the edges. */
SLIM_APART void load_band(__local float *band, __global const float *x, const slim_conv2d_params p,
                          const slim_conv2d_image_params b, const int image, const int y0, const int channel)
{
  const int left = min(p.before_w * b.channels, b.length), count = min(p.w * b.channels, b.length - left);
  const int part = b.channels == p.c ? count : b.channels; /* floats that lie together */
  for (int r = 0; r < b.rows; r++, band += b.length) {
    const int iy = y0 * p.stride_h - p.before_h + r;
    if (iy < 0 || iy >= p.h) {
      slim_gemm_zero(band, b.length);
      continue;
    }
    __global const float *from = x + (image * p.h + iy) * p.w * p.c + channel;
    slim_gemm_zero(band, left);
    for (int i = 0; i < count; i += part, from += p.c) {
      slim_gemm_copy(band + left + i, from, part);
    }
    slim_gemm_zero(band + left + count, b.length - left - count);
  }
}

/* band: rows of length; panels: a window of block_n. */
__kernel void slim_conv2d_image_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const slim_weight, weights),
                                    SLIM_TENSOR(const float, bias), SLIM_TENSOR(const float, residual),
                                    SLIM_TENSOR(float, y), const slim_conv2d_params p, const slim_conv2d_image_params g,
                                    __local float *band, __local float *panels, SLIM_DEALT)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  SLIM_EACH_TASK(task)
  {
    const int bands = (p.oh + g.band - 1) / g.band;
    const int image = task.x / bands, y0 = task.x % bands * g.band;
    const int pixels = min(g.band, p.oh - y0) * p.ow;
    const int column0 = task.y * g.block_n, columns = min(g.block_n, p.o - column0);
    const int depth = p.kernel_h * p.kernel_w * p.c;
    const slim_gemm_walk walk = { p.kernel_h, p.rate_h * g.length, p.kernel_w * p.c, 1 };
    const slim_gemm_ahead none = { x, 0, 0, 0, 0, 0 };
    load_band(band, x, p, g, image, y0, 0);
    slim_gemm_pack_b(panels, weights + column0, p.o, depth, columns);
    const size_t first = (size_t)(image * p.oh + y0) * p.ow * p.o + column0;
    int ox = 0, at = 0; /* of the pixel that comes next */
    for (int row = 0; row < pixels; row += SLIM_GEMM_ROWS) {
      int offsets[SLIM_GEMM_ROWS];
      for (int i = 0; i < SLIM_GEMM_ROWS; i++) {
        offsets[i] = row + i < pixels ? at : 0;
        at += p.stride_w * p.c;
        if (++ox == p.ow) {
          ox = 0;
          at += p.stride_h * g.length - p.ow * p.stride_w * p.c;
        }
      }
      for (int c = 0; c < columns; c += SLIM_GEMM_COLUMNS) {
        const slim_gemm_out o = {
          y + first + (size_t)row * p.o + c, bias + column0 + c, p.o, pixels - row, columns - c, true, true, p.epilogue,
          residual + first + (size_t)row * p.o + c
        };
        slim_gemm_tile_walk(band, offsets, walk, panels + c * depth, &none, &none, &o);
      }
    }
  }
}

/* What load_band reads, or nothing: the share of tile number i of count, whose walk has so many outer elements. */
static inline slim_gemm_ahead band_ahead(__global const float *x, const slim_conv2d_params p,
                                         const slim_conv2d_image_params b, const int image, const int y0,
                                         const int channel, const int i, const int count, const int outer)
{
  const int iy = max(y0 * p.stride_h - p.before_h, 0), rows = image < p.n ? min(b.rows, p.h - iy) : 0;
  __global const float *from = x + (image * p.h + iy) * p.w * p.c + channel;
  return slim_gemm_block_ahead(from, p.c, rows * p.w, b.channels, i, count, outer * SLIM_GEMM_CHUNK);
}

/* Sums over the bands of a task, which are counted through all images; panels: the band's pixels of block_n. A task along
 * z takes a part of the channels. */
__kernel void slim_conv2d_weights_gradient_image_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(const float, x),
                                                     SLIM_TENSOR(float, dw), const slim_conv2d_params p,
                                                     const slim_conv2d_image_params g, __local float *band,
                                                     __local float *panels, SLIM_DEALT)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, dw);
  SLIM_EACH_TASK(task)
  {
    const int run = p.kernel_w * g.channels, rows = p.kernel_h * run, channel = task.z * g.channels;
    const int of_image = (p.oh + g.band - 1) / g.band;
    const int begin = task.x * g.bands, end = min(begin + g.bands, p.n * of_image);
    const int column0 = task.y * g.block_n, columns = min(g.block_n, p.o - column0);
    __global float *sums = dw + ((size_t)task.x * p.kernel_h * p.kernel_w * p.c + channel) * p.o + column0;
    for (int i = begin; i < end; i++) {
      const int image = i / of_image, y0 = i % of_image * g.band;
      const int results = min(g.band, p.oh - y0), depth = results * p.ow;
      const slim_gemm_walk walk = { results, p.stride_h * g.length, p.ow, p.stride_w * g.channels };
      const int then = i + 1 < end ? (i + 1) / of_image : p.n, y1 = (i + 1) % of_image * g.band; /* the next band */
      const int left = then < p.n ? min(g.band, p.oh - y1) * p.ow : 0;
      __global const float *next = dy + (size_t)(then * p.oh + y1) * p.ow * p.o + column0;
      const int across = (columns + SLIM_GEMM_COLUMNS - 1) / SLIM_GEMM_COLUMNS;
      const int tiles = (rows + SLIM_GEMM_ROWS - 1) / SLIM_GEMM_ROWS * across;
      load_band(band, x, p, g, image, y0, channel);
      slim_gemm_pack_b(panels, dy + (size_t)(image * p.oh + y0) * p.ow * p.o + column0, p.o, depth, columns);
      for (int row = 0; row < rows; row += SLIM_GEMM_ROWS) {
        int offsets[SLIM_GEMM_ROWS];
        size_t places[SLIM_GEMM_ROWS];
        for (int r = 0; r < SLIM_GEMM_ROWS; r++) {
          const int m = min(row + r, rows - 1);
          offsets[r] = m / run * p.rate_h * g.length + m % run;
          places[r] = (size_t)(m / g.channels * p.c + m % g.channels) * p.o;
        }
        for (int c = 0; c < columns; c += SLIM_GEMM_COLUMNS) {
          const slim_gemm_out o = {
            sums + c, 0, 0, rows - row, columns - c, i == begin, false, { 0, 0, 0 }, 0, places, false
          };
          const int tile = row / SLIM_GEMM_ROWS * across + c / SLIM_GEMM_COLUMNS;
          const slim_gemm_ahead next_x = band_ahead(x, p, g, then, y1, channel, tile, tiles, results);
          const slim_gemm_ahead next_dy =
              slim_gemm_block_ahead(next, p.o, left, columns, tile, tiles, results * SLIM_GEMM_CHUNK);
          slim_gemm_tile_walk(band, offsets, walk, panels + c * depth, &next_x, &next_dy, &o);
        }
      }
    }
  }
}
#endif
