/* Weights for products of halves on CPU-like devices. */
#include "common.h"
#include "strassen.h"

#if SLIM_CLASS == 0
/* Row number i of half the weights [c,o] and the one that is half a block below: packed has blocks of block_k channels, of
 * each the pairs of panels, of these the products' factors, of these half the channels. */
__kernel void slim_strassen_pack_f32(SLIM_TENSOR(const float, weights), __global float *packed, const int c, const int o,
                                     const int block_k)
{
  SLIM_OPEN(const float, weights);
  const int i = (int)get_global_id(0), rows = block_k / 2;
  if (i >= c / 2) {
    return;
  }
  const int k = i / rows * block_k, depth = min(block_k, c - k) / 2, row = i % rows;
  const int panel = depth * SLIM_GEMM_COLUMNS;
  weights += (size_t)(k + row) * o;
  for (int column = 0; column < o / 2; column += SLIM_WIDTH) {
    __global float *to = packed + slim_strassen_panel(k, column / SLIM_GEMM_COLUMNS * SLIM_GEMM_COLUMNS, o, depth) +
                         row * SLIM_GEMM_COLUMNS + column % SLIM_GEMM_COLUMNS;
    __global const float *below = weights + (size_t)depth * o;
    const SLIM_FLOATW b11 = SLIM_LOADW(0, weights + column), b12 = SLIM_LOADW(0, weights + column + o / 2),
                      b21 = SLIM_LOADW(0, below + column), b22 = SLIM_LOADW(0, below + column + o / 2);
    const SLIM_FLOATW t1 = b12 - b11, t2 = b22 - t1;
    SLIM_STOREW(b11, 0, to + SLIM_STRASSEN_P1 * panel);
    SLIM_STOREW(b21, 0, to + SLIM_STRASSEN_P2 * panel);
    SLIM_STOREW(t2, 0, to + SLIM_STRASSEN_P6 * panel);
    SLIM_STOREW(t1, 0, to + SLIM_STRASSEN_P5 * panel);
    SLIM_STOREW(b22 - b12, 0, to + SLIM_STRASSEN_P7 * panel);
    SLIM_STOREW(b21 - t2, 0, to + SLIM_STRASSEN_P4 * panel);
    SLIM_STOREW(b22, 0, to + SLIM_STRASSEN_P3 * panel);
  }
}
#endif
