/* Convolution on CPU-like devices, as blocked matrix products. */
#include "common.h"
#include "conv2d_image_params.h"
#include "conv2d_params.h"
#include "conv2d_phases_params.h"
#include "deal.h"
#include "gemm_pack.h"
#include "gemm_part.h"
#include "strassen.h"

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

/* The tiles of a part over depth elements of the windows from k on, which panels have. tile: SLIM_GEMM_ROWS rows of
 * SLIM_GEMM_A_STRIDE. next: so many rows of panels that are read after these. */
#define SUM_BLOCK(name_, space_, TILE_)                                                                                \
  SLIM_APART void name_(__global const float *x, space_ const float *panels, __global const float *bias,               \
                        __global const float *residual, __global float *y, const slim_conv2d_params p,                 \
                        const slim_gemm_part t, const int k, const int depth, __local float *tile,                     \
                        __global const float *next, const int next_rows)                                               \
  {                                                                                                                    \
    const bool last = k + depth == p.kernel_h * p.kernel_w * p.c;                                                      \
    const int tiles = slim_gemm_part_tiles(t);                                                                         \
    int number = 0;                                                                                                    \
    for (int row = t.row0; row < t.row1; row += SLIM_GEMM_ROWS) {                                                      \
      gather_tile(tile, x, p, row, min(SLIM_GEMM_ROWS, t.row1 - row), k, depth);                                       \
      for (int c = 0; c < t.columns; c += SLIM_GEMM_COLUMNS, number++) {                                               \
        const slim_gemm_ahead next_a = ahead_of(x, p, t, row + SLIM_GEMM_ROWS, k, depth, c);                           \
        const slim_gemm_ahead next_b =                                                                                 \
            slim_gemm_block_ahead(next, SLIM_GEMM_COLUMNS, next_rows, SLIM_GEMM_COLUMNS, number, tiles, depth);        \
        const slim_gemm_out o = slim_gemm_part_out(y, bias, residual, p.o, p.epilogue, t, row, c, k == 0, last);       \
        TILE_(tile, panels + c * depth, depth, &next_a, &next_b, &o);                                                  \
      }                                                                                                                \
    }                                                                                                                  \
  }
SUM_BLOCK(sum_block, __local, slim_gemm_tile_rows)
SUM_BLOCK(sum_packed, __global, slim_gemm_tile_packed)

/* A matrix product: windows of x by weights. panels: block_k rows of block_n. */
__kernel void slim_conv2d_cpu_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const slim_weight, weights),
                                  SLIM_TENSOR(const float, bias), SLIM_TENSOR(const float, residual),
                                  SLIM_TENSOR(float, y), const slim_conv2d_params p, const slim_gemm_params g,
                                  __local float *tile, __local float *panels, SLIM_DEALT)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  SLIM_EACH_TASK(task)
  {
    const slim_gemm_part t = slim_gemm_part_of(g, task.x, task.y, p.n * p.oh * p.ow, p.o);
    const int total = p.kernel_h * p.kernel_w * p.c;
    for (int k = 0; k < total; k += g.block_k) {
      const int depth = min(g.block_k, total - k);
      slim_gemm_pack_b(panels, weights + (size_t)k * p.o + t.column0, p.o, depth, t.columns);
      sum_block(x, panels, bias, residual, y, p, t, k, depth, tile, x, 0);
    }
  }
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

/* A task in products of halves, of windows that are pixels. tiles: its factors; sums: four tiles. */
SLIM_APART void multiply_halves(__global const float *x, __global const float *packed, __global const float *bias,
                                __global const float *residual, __global float *y, const slim_conv2d_params p,
                                const slim_gemm_params g, const int down, const int across, __local float *tiles,
                                __global float *sums)
{
  const int m = p.n * p.oh * p.ow, total = p.c, upper = (m + 1) / 2;
  const slim_gemm_part t = slim_gemm_part_of(g, down, across, upper, p.o / 2);
  for (int k = 0, depth; k < total; k += 2 * depth) {
    __local float *tile = tiles;
    depth = min(g.block_k, total - k) / 2;
    for (int row = t.row0; row < t.row1; row += SLIM_GEMM_ROWS, tile += SLIM_STRASSEN_FACTORS) {
      const int rows = min(SLIM_GEMM_ROWS, t.row1 - row), lower = slim_strassen_lower(m, row, rows);
      for (int i = 0; i < 4; i++) {
        __global const float *from = x + (size_t)(row + i / 2 * upper) * p.c + k + i % 2 * depth;
        for (int r = 0; r < (i < 2 ? rows : lower); r++, from += p.c) {
          slim_gemm_copy(tile + SLIM_STRASSEN_QUARTER(i) + r * SLIM_GEMM_A_STRIDE, from, depth);
        }
      }
      slim_strassen_add(tile, rows, lower, depth);
    }
    slim_strassen_part(tiles, packed, bias, residual, y, sums, m, p.o, p.epilogue, t, k, total, g.block_k);
  }
}

/* As slim_conv2d_cpu_f32, by such weights, or those of slim_strassen_pack_f32. While a block is multiplied, the next one is
 * fetched: of this task, or of that which the group will probably take next. */
__kernel void slim_conv2d_packed_f32(SLIM_PLACED(const float, x), __global float *packed,
                                     SLIM_PLACED(const float, bias), SLIM_PLACED(const float, residual),
                                     SLIM_PLACED(float, y), const uint4 at, const slim_conv2d_params p,
                                     const slim_gemm_params g, __local float *tile, SLIM_DEALT)
{
  SLIM_OPEN_PLACED(const float, x, 0);
  SLIM_OPEN_PLACED(const float, bias, 1);
  SLIM_OPEN_PLACED(const float, residual, 2);
  SLIM_OPEN_PLACED(float, y, 3);
  SLIM_EACH_TASK(task)
  {
    if (g.slice == SLIM_GEMM_HALVES) {
      __global float *sums = slim_strassen_sums(packed, p.c, p.o, (int)get_group_id(0));
      multiply_halves(x, packed, bias, residual, y, p, g, task.x, task.y, tile, sums);
      continue;
    }
    const int m = p.n * p.oh * p.ow, total = p.kernel_h * p.kernel_w * p.c;
    const int later = (task.x + (int)get_num_groups(0)) / deal.x; /* columns of tasks that come first */
    const slim_gemm_part t = slim_gemm_part_of(g, task.x, task.y, m, p.o);
    const slim_gemm_part then = slim_gemm_part_of(g, 0, min(task.y + later, deal.y - 1), m, p.o);
    for (int k = 0, depth; k < total; k += depth) {
      const packed_block now = packed_block_of(packed, p, g, t, k);
      depth = now.depth;
      const bool deeper = k + depth < total;
      const packed_block next = packed_block_of(packed, p, g, deeper ? t : then, deeper ? k + depth : 0);
      sum_packed(x, now.panels, bias, residual, y, p, t, k, depth, tile, next.panels,
                 next.panels == now.panels ? 0 : next.rows);
    }
  }
}

/* Row number k of the weights, of all panels: packed has blocks of block_k channels, of each the panels one after
 * another, of these the channels, of these the taps, with zeros behind the last column. */
__kernel void slim_conv2d_pack_f32(SLIM_TENSOR(const float, weights), __global float *packed,
                                   const slim_conv2d_params p, const slim_gemm_params g)
{
  SLIM_OPEN(const float, weights);
  const int k = (int)get_global_id(0), taps = p.kernel_h * p.kernel_w;
  if (k >= taps * p.c) {
    return;
  }
  const int channel = k % p.c, first = channel / g.block_k * g.block_k, depth = min(g.block_k, p.c - first);
  const int wide = (p.o + SLIM_GEMM_COLUMNS - 1) / SLIM_GEMM_COLUMNS * SLIM_GEMM_COLUMNS;
  packed += (size_t)first * taps * wide + ((channel - first) * taps + k / p.c) * SLIM_GEMM_COLUMNS;
  weights += (size_t)k * p.o;
  for (int c = 0; c < wide; c++) {
    packed[(size_t)(c / SLIM_GEMM_COLUMNS * taps * depth) * SLIM_GEMM_COLUMNS + c % SLIM_GEMM_COLUMNS] =
        c < p.o ? weights[c] : 0.0f;
  }
}

/* --- the gradient by the input: phases of dx, each a convolution of dy --------------------------------------------- */

/* The weights of phases, packed as those of slim_conv2d_pack_f32. A group: a vector of the outputs of a phase, which are
 * the weights' channels, of one of the taps of all phases. */
__kernel void slim_conv2d_turn_panels_f32(SLIM_TENSOR(const float, weights), SLIM_TENSOR(float, turned),
                                          const slim_conv2d_phases_params p, const slim_gemm_params g)
{
  SLIM_OPEN(const float, weights);
  SLIM_OPEN(float, turned);
  int tap = (int)get_group_id(1), number = 0;
  for (; tap >= p.phase[number].turn.rows * p.phase[number].turn.columns; number++) {
    tap -= p.phase[number].turn.rows * p.phase[number].turn.columns;
  }
  const slim_conv2d_turn_params f = p.phase[number].turn;
  const int column = (int)get_group_id(0) * SLIM_WIDTH, total = f.rows * f.columns * f.o;
  const int wide = (f.c + SLIM_GEMM_COLUMNS - 1) / SLIM_GEMM_COLUMNS * SLIM_GEMM_COLUMNS;
  const int from = (f.first_h + tap / f.columns * f.step_h) * f.kernel_w + f.first_w + tap % f.columns * f.step_w;
  weights += ((size_t)from * f.c + column) * f.o;
  turned += p.phase[number].weights;
  for (int k = tap * f.o, count; k < (tap + 1) * f.o; k += count, weights += count) {
    const int first = k / g.block_k * g.block_k, depth = min(g.block_k, total - first);
    __global float *panel = turned + (size_t)first * wide + column / SLIM_GEMM_COLUMNS * SLIM_GEMM_COLUMNS * depth;
    count = min((tap + 1) * f.o, first + depth) - k;
    slim_gemm_turn_global(panel + (k - first) * SLIM_GEMM_COLUMNS + column % SLIM_GEMM_COLUMNS, SLIM_GEMM_COLUMNS,
                          weights, f.o, count, f.c - 1 - column, 0);
  }
}

/* Where in dx pixel m of a phase is. */
static inline size_t phase_place(const slim_conv2d_phases_params p, const slim_conv2d_phase f, const int m)
{
  const int x = m % f.conv.ow, y = m / f.conv.ow % f.conv.oh, image = m / (f.conv.ow * f.conv.oh);
  return (size_t)image * p.image + (size_t)y * p.row + (size_t)x * p.pixel + f.first;
}

/* A part that no tap meets. */
static inline void clear_phase(__global float *dx, const slim_conv2d_phases_params p, const slim_conv2d_phase f,
                               const slim_gemm_part t)
{
  for (int row = t.row0; row < t.row1; row++) {
    __global float *to = dx + phase_place(p, f, row) + t.column0;
    for (int c = 0; c < t.columns; c++) {
      to[c] = 0.0f;
    }
  }
}

/* As SUM_BLOCK, but rows of the result may lie apart, other than evenly. */
static inline void sum_phase(__global const float *dy, const packed_block b, __global float *dx,
                             const slim_conv2d_phases_params p, const slim_conv2d_phase f, const slim_gemm_part t,
                             const int k, __local float *tile, const packed_block next)
{
  const bool last = k + b.depth == f.conv.kernel_h * f.conv.kernel_w * f.conv.c;
  const bool even = p.row == f.conv.ow * p.pixel && p.image == f.conv.oh * p.row;
  const int tiles = slim_gemm_part_tiles(t);
  int number = 0;
  dx += t.column0;
  for (int row = t.row0; row < t.row1; row += SLIM_GEMM_ROWS) {
    const int rows = min(SLIM_GEMM_ROWS, t.row1 - row);
    __global float *to = even ? dx + f.first + (size_t)row * p.pixel : dx;
    size_t places[SLIM_GEMM_ROWS];
    gather_tile(tile, dy, f.conv, row, rows, k, b.depth);
    for (int i = 0; i < rows && !even; i++) {
      places[i] = phase_place(p, f, row + i);
    }
    for (int c = 0; c < t.columns; c += SLIM_GEMM_COLUMNS, number++) {
      const slim_gemm_ahead next_a = ahead_of(dy, f.conv, t, row + SLIM_GEMM_ROWS, k, b.depth, c);
      const slim_gemm_ahead next_b = slim_gemm_block_ahead(next.panels, SLIM_GEMM_COLUMNS, next.rows, SLIM_GEMM_COLUMNS,
                                                           number, tiles, b.depth);
      const slim_gemm_out o = { to + c, 0, p.pixel, t.row1 - row, t.columns - c, k == 0, last, { 0, 0, 0 },
                                0, even ? 0 : places, t.streams };
      slim_gemm_tile_packed(tile, b.panels + c * b.depth, b.depth, &next_a, &next_b, &o);
    }
  }
}

/* Blocks of the phases in turn, so that neighbouring tasks read the same dy and are as much work together. While one is
 * multiplied, the next one's weights are fetched, as slim_conv2d_packed_f32 does. */
__kernel void slim_conv2d_phases_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(const float, turned),
                                     SLIM_TENSOR(float, dx), const slim_conv2d_phases_params p,
                                     const slim_gemm_params g, __local float *tile, SLIM_DEALT)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, turned);
  SLIM_OPEN(float, dx);
  SLIM_EACH_TASK(task)
  {
    const slim_conv2d_phase f = p.phase[task.x % p.phases];
    const slim_conv2d_phase then = p.phase[(task.x + (int)get_num_groups(0)) % p.phases];
    const int pixels = f.conv.n * f.conv.oh * f.conv.ow;
    const slim_gemm_part t = slim_gemm_part_of(g, task.x / p.phases, task.y, pixels, f.conv.o);
    const int total = f.conv.kernel_h * f.conv.kernel_w * f.conv.c;
    if (total == 0) {
      clear_phase(dx, p, f, t);
    }
    for (int k = 0, depth; k < total && t.row0 < t.row1; k += depth) {
      const packed_block now = packed_block_of(turned + f.weights, f.conv, g, t, k);
      depth = now.depth;
      sum_phase(dy, now, dx, p, f, t, k, tile,
                k + depth < total ? packed_block_of(turned + f.weights, f.conv, g, t, k + depth)
                                  : packed_block_of(turned + then.weights, then.conv, g, t, 0));
    }
  }
}

/* --- the gradient by the weights ---------------------------------------------------------------------------------- */

/* The product of transposed windows by dy, summed over the pixels of each slice. windows: block_k rows of
 * block_m. */
__kernel void slim_conv2d_weights_gradient_cpu_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(const float, x),
                                                   SLIM_TENSOR(float, dw), const slim_conv2d_params p,
                                                   const slim_gemm_params g, __local float *windows,
                                                   __local float *panels, SLIM_DEALT)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, dw);
  SLIM_EACH_TASK(task)
  {
    const int rows = p.kernel_h * p.kernel_w * p.c, pixels = p.n * p.oh * p.ow;
    const slim_gemm_part t = slim_gemm_part_of(g, task.x, task.y, rows, p.o);
    const int begin = task.z * g.slice, end = min(begin + g.slice, pixels);
    const int tiles = slim_gemm_part_tiles(t);
    __global float *sums = dw + (size_t)task.z * rows * p.o;
    for (int k = begin; k < end; k += g.block_k) {
      const int depth = min(g.block_k, end - k), left = min(g.block_k, end - k - depth);
      int number = 0;
      slim_gemm_pack_b(panels, dy + (size_t)k * p.o + t.column0, p.o, depth, t.columns);
      for (int i = 0; i < depth; i++) {
        gather(windows + i * g.block_m, x, p, place_of(p, k + i), t.row0, t.row1 - t.row0);
      }
      for (int row = t.row0; row < t.row1; row += SLIM_GEMM_ROWS) {
        for (int c = 0; c < t.columns; c += SLIM_GEMM_COLUMNS, number++) {
          const slim_gemm_out o = {
            sums + (size_t)row * p.o + t.column0 + c, 0, p.o, t.row1 - row, t.columns - c, k == begin, false, { 0, 0, 0 }, 0
          };
          const slim_gemm_strip next = slim_gemm_strip_of(dy + (size_t)(k + depth) * p.o + t.column0, p.o, left,
                                                          t.columns, number, tiles, depth);
          slim_gemm_tile_columns(windows + row - t.row0, g.block_m, panels + c * depth, SLIM_GEMM_COLUMNS, depth, &next,
                                 &o);
        }
      }
    }
  }
}

/* --- few channels at a time: a band of the image in local memory instead of windows ------------------------------- */

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
