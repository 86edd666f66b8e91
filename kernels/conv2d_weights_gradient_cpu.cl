/* The gradient by the weights on CPU-like devices: the product of transposed windows by dy. */
#include "common.h"
#include "conv2d_cpu.h"
#include "deal.h"

#if SLIM_CLASS == 0
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
#endif
