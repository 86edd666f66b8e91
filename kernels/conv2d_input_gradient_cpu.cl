/* The gradient by the input on CPU-like devices: phases of dx, each a convolution of dy. */
#include "common.h"
#include "conv2d_cpu.h"
#include "conv2d_phases_params.h"
#include "deal.h"

#if SLIM_CLASS == 0
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
    const bool lies = even && is_pixel(f.conv) && slim_gemm_part_lies(t, row, f.conv.c, b.depth);
    if (!lies) {
      gather_tile(tile, dy, f.conv, row, rows, k, b.depth);
    }
    for (int i = 0; i < rows && !even; i++) {
      places[i] = phase_place(p, f, row + i);
    }
    for (int c = 0; c < t.columns; c += SLIM_GEMM_COLUMNS, number++) {
      const slim_gemm_ahead next_a = ahead_of(dy, f.conv, t, row + SLIM_GEMM_ROWS, k, b.depth, c);
      const slim_gemm_ahead next_b = slim_gemm_block_ahead(next.panels, SLIM_GEMM_COLUMNS, next.rows, SLIM_GEMM_COLUMNS,
                                                           number, tiles, b.depth);
      const slim_gemm_out o = { to + c, 0, p.pixel, t.row1 - row, t.columns - c, k == 0, last, { 0, 0, 0 },
                                0, even ? 0 : places, t.streams };
      if (lies) {
        slim_gemm_tile_lying_packed(dy + (size_t)row * f.conv.c + k, f.conv.c, b.panels + c * b.depth, b.depth, &next_a,
                                    &next_b, &o);
      } else {
        slim_gemm_tile_packed(tile, b.panels + c * b.depth, b.depth, &next_a, &next_b, &o);
      }
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
#endif
