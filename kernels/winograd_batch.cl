/*
 * Convolutions of 3x3 taps by Winograd's transforms on GPUs and small devices, F(4x4, 3x3), in stages over blocks of
 * tiles: inputs transformed, a product of matrices for each of the 36 points (matmul_tile.cl), results transformed
 * back. An item has a tile's channel, so that neighbours read and write neighbouring numbers. A. Lavin, S. Gray: Fast
 * algorithms for convolutional neural networks, 2016.
 */
#include "common.h"
#include "epilogue.h"
#include "weights.h"
#include "winograd_batch_params.h"
#include "winograd_transform.h"

#if SLIM_CLASS != 0
#define N 6 /* points along an axis, */
#define POINTS 36
#define M 4 /* results, */
#define TAPS 3

/* A tile: its image and first result. */
typedef struct batch_tile {
  int image, y, x;
} batch_tile;

static inline batch_tile batch_tile_of(const slim_winograd_batch_params p, const int tile)
{
  const batch_tile at = { tile / (p.down * p.across), tile / p.across % p.down * M, tile % p.across * M };
  return at;
}

/* A polynomial of [count][count] coefficients at all points of both axes, [N][N]. */
static inline void evaluate_both(const float *g, float *t, const int count)
{
  float half_done[N * N];
  SLIM_UNROLL
  for (int y = 0; y < count; y++) {
    slim_winograd_evaluate(g + y * count, 1, half_done + y * N, 1, count);
  }
  SLIM_UNROLL
  for (int x = 0; x < N; x++) {
    slim_winograd_evaluate(half_done + x, N, t + x, N, count);
  }
}

/* The transpose: [count][count] numbers of [N][N] points. */
static inline void collect_both(const float *v, float *y, const int count)
{
  float half_done[N * N];
  SLIM_UNROLL
  for (int i = 0; i < N; i++) {
    slim_winograd_collect(v + i * N, 1, half_done + i * count, 1, count);
  }
  SLIM_UNROLL
  for (int i = 0; i < count; i++) {
    slim_winograd_collect(half_done + i, count, y + i, count, count);
  }
}

/* v [point][tile][c]: x under tiles, pixels outside as 0. */
__kernel void slim_winograd_batch_inputs_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, v),
                                             const slim_winograd_batch_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, v);
  const int i = (int)get_global_id(0), channel = i % p.c;
  if (i >= p.count * p.c) {
    return;
  }
  const batch_tile at = batch_tile_of(p, p.first + i / p.c);
  const int top = at.y - p.before_h, left = at.x - p.before_w;
  float half_done[POINTS], d[N], t[N];
  SLIM_UNROLL
  for (int y = 0; y < N; y++) {
    const bool inside = top + y >= 0 && top + y < p.h;
    __global const float *from = x + ((size_t)(at.image * p.h + top + y) * p.w + left) * p.c + channel;
    SLIM_UNROLL
    for (int j = 0; j < N; j++) {
      d[j] = inside && left + j >= 0 && left + j < p.w ? from[j * p.c] : 0.0f;
    }
    slim_winograd_input(d, 1, half_done + y * N, 1);
  }
  SLIM_UNROLL
  for (int j = 0; j < N; j++) {
    slim_winograd_input(half_done + j, N, t, 1);
    SLIM_UNROLL
    for (int y = 0; y < N; y++) {
      v[(size_t)(y * N + j) * p.count * p.c + i] = t[y];
    }
  }
}

/* u [point][c][o], or turned [point][o][c]: each as the taps lie. */
__kernel void slim_winograd_batch_weights_f32(SLIM_TENSOR(const slim_weight, weights), SLIM_TENSOR(float, u),
                                              const slim_winograd_batch_params p)
{
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(float, u);
  const int i = (int)get_global_id(0), count = p.c * p.o;
  if (i >= count) {
    return;
  }
  float g[TAPS * TAPS], t[POINTS];
  SLIM_UNROLL
  for (int tap = 0; tap < TAPS * TAPS; tap++) {
    g[tap] = SLIM_WEIGHT(weights, (size_t)(p.turned ? TAPS * TAPS - 1 - tap : tap) * count + i);
  }
  evaluate_both(g, t, TAPS);
  SLIM_UNROLL
  for (int k = 0; k < POINTS; k++) {
    u[(size_t)k * count + i] = t[k];
  }
}

/* y of tiles from their products [point][tile][o]. */
__kernel void slim_winograd_batch_outputs_f32(SLIM_TENSOR(const float, products), SLIM_TENSOR(const float, bias),
                                              SLIM_TENSOR(const float, residual), SLIM_TENSOR(float, y),
                                              const slim_winograd_batch_params p)
{
  SLIM_OPEN(const float, products);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  const int i = (int)get_global_id(0), o = i % p.o;
  if (i >= p.count * p.o) {
    return;
  }
  const batch_tile at = batch_tile_of(p, p.first + i / p.o);
  float v[POINTS], results[M * M];
  SLIM_UNROLL
  for (int k = 0; k < POINTS; k++) {
    v[k] = products[(size_t)k * p.count * p.o + i];
  }
  collect_both(v, results, M);
  SLIM_UNROLL
  for (int k = 0; k < M * M; k++) {
    const int row = at.y + k / M, column = at.x + k % M;
    if (row < p.oh && column < p.ow) {
      const size_t to = ((size_t)(at.image * p.oh + row) * p.ow + column) * p.o + o;
      y[to] = slim_epilogue_at(results[k], bias, o, residual, to, p.epilogue);
    }
  }
}

/* z [point][tile][o]: dy of tiles. */
__kernel void slim_winograd_batch_gradients_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(float, z),
                                                const slim_winograd_batch_params p)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(float, z);
  const int i = (int)get_global_id(0), o = i % p.o;
  if (i >= p.count * p.o) {
    return;
  }
  const batch_tile at = batch_tile_of(p, p.first + i / p.o);
  float d[M * M], t[POINTS];
  SLIM_UNROLL
  for (int k = 0; k < M * M; k++) {
    const int row = at.y + k / M, column = at.x + k % M;
    const bool inside = row < p.oh && column < p.ow;
    d[k] = inside ? dy[((size_t)(at.image * p.oh + row) * p.ow + column) * p.o + o] : 0.0f;
  }
  evaluate_both(d, t, M);
  SLIM_UNROLL
  for (int k = 0; k < POINTS; k++) {
    z[(size_t)k * p.count * p.o + i] = t[k];
  }
}

/* dw from the sums of tiles, [point][slice][c][o], added up in order. */
__kernel void slim_winograd_batch_close_f32(SLIM_TENSOR(const float, parts), SLIM_TENSOR(float, dw),
                                            const slim_winograd_batch_params p)
{
  SLIM_OPEN(const float, parts);
  SLIM_OPEN(float, dw);
  const int i = (int)get_global_id(0), count = p.c * p.o;
  if (i >= count) {
    return;
  }
  float v[POINTS], taps[TAPS * TAPS];
  SLIM_UNROLL
  for (int k = 0; k < POINTS; k++) {
    float sum = 0.0f;
    for (int s = 0; s < p.slices; s++) {
      sum += parts[((size_t)k * p.slices + s) * count + i];
    }
    v[k] = sum;
  }
  collect_both(v, taps, TAPS);
  SLIM_UNROLL
  for (int tap = 0; tap < TAPS * TAPS; tap++) {
    dw[(size_t)tap * count + i] = taps[tap];
  }
}
#undef N
#undef POINTS
#undef M
#undef TAPS
#endif
