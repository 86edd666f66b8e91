/*
 * The gradient by the weights by Winograd's transforms, on CPU-like devices: dw = G^T [sum over tiles of (B^T d B) *
 * (A dy A^T)] G, summed as winograd_sums.h has it.
 */
#include "common.h"
#include "winograd.h"
#include "winograd_sums.h"

#if SLIM_CLASS == 0
#define M (SLIM_WINOGRAD_N + 1 - SLIM_WINOGRAD_TAPS) /* results of a tile along an axis */

/* A vector of outputs of dy under a tile; pixels outside count as 0. Fetches those of the tile to the right. */
static inline void open_gradient(__global const float *dy, const slim_winograd_params p, const slim_winograd_place at,
                                 const int o, SLIM_FLOATW *all)
{
  SLIM_FLOATW d[M * M], rows[SLIM_WINOGRAD_N * M];
  SLIM_UNROLL
  for (int i = 0; i < M * M; i++) {
    const int y = at.y + i / M, x = at.x + i % M;
    const bool inside = y < p.oh && x < p.ow;
    __global const float *from = dy + (size_t)((at.image * p.oh + y) * p.ow + x) * p.o + o;
    SLIM_FETCH(from + M * p.o);
    d[i] = inside ? SLIM_LOADW(0, from) : (SLIM_FLOATW)(0.0f);
  }
  SLIM_UNROLL
  for (int i = 0; i < M; i++) {
    slim_winograd_evaluate(d + i, M, rows + i, M, M);
  }
  SLIM_UNROLL
  for (int i = 0; i < SLIM_WINOGRAD_N; i++) {
    slim_winograd_evaluate(rows + i * M, 1, all + i * SLIM_WINOGRAD_N, 1, M);
  }
}

/* A group a tile of the run that begins at tile first. zeros: c of them. */
__kernel void slim_winograd_gradient_inputs_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(const float, x),
                                                SLIM_TENSOR(float, v), SLIM_TENSOR(float, z),
                                                __global const float *zeros, const slim_winograd_params p,
                                                const slim_winograd_sums_params s, const int first)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, v);
  SLIM_OPEN(float, z);
  const int t = (int)get_group_id(0);
  const slim_winograd_place at = slim_winograd_place_of(p, first + t);
  __global const float *from[SLIM_WINOGRAD_POINTS];
  SLIM_FLOATW d[SLIM_WINOGRAD_POINTS];
  slim_winograd_pixels(x, zeros, p, first + t, from);
  for (int c = 0; c < p.c; c += SLIM_WIDTH) {
    slim_winograd_open(from, c, p.m * p.c, v + (size_t)c * s.block + t * SLIM_WIDTH, slim_winograd_v_step(s));
  }
  for (int o = 0; o < p.o; o += SLIM_WIDTH) {
    open_gradient(dy, p, at, o, d);
    __global float *to = z + slim_winograd_z_place(s, t, o);
    SLIM_UNROLL
    for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++) {
      SLIM_STOREW(d[i], 0, to + i * slim_winograd_z_step(s));
    }
  }
}

/* A vector of outputs of a channel, from its sums. */
static inline void close_channel(__local const float *du, __global float *dw, const slim_winograd_sums_params s)
{
  const int taps = SLIM_WINOGRAD_TAPS;
  SLIM_FLOATW v[SLIM_WINOGRAD_POINTS], rows[SLIM_WINOGRAD_TAPS * SLIM_WINOGRAD_N];
  SLIM_FLOATW all[SLIM_WINOGRAD_TAPS * SLIM_WINOGRAD_TAPS];
  SLIM_UNROLL
  for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++) {
    const float scale = slim_winograd_scale(i / SLIM_WINOGRAD_N) * slim_winograd_scale(i % SLIM_WINOGRAD_N);
    v[i] = SLIM_LOADW(0, du + i * slim_winograd_du_step(s)) * scale;
  }
  SLIM_UNROLL
  for (int i = 0; i < SLIM_WINOGRAD_N; i++) {
    slim_winograd_collect(v + i, SLIM_WINOGRAD_N, rows + i, SLIM_WINOGRAD_N, taps);
  }
  SLIM_UNROLL
  for (int i = 0; i < taps; i++) {
    slim_winograd_collect(rows + i * SLIM_WINOGRAD_N, 1, all + i * taps, 1, taps);
  }
  SLIM_UNROLL
  for (int i = 0; i < taps * taps; i++) {
    SLIM_STOREW(all[i], 0, dw + (size_t)i * s.c * s.o);
  }
}

__kernel void slim_winograd_gradient_panels_f32(SLIM_WINOGRAD_PANELS_PARAMETERS)
{
  SLIM_WINOGRAD_PANELS(SLIM_WINOGRAD_TAPS * SLIM_WINOGRAD_TAPS, close_channel)
}
#endif
