/*
 * The gradient by the weights by Winograd's transforms along one axis, on CPU-like devices: dw = G^T [sum over tiles of
 * (B^T d) * (A dy)], summed as winograd_sums.h has it.
 */
#include "common.h"
#include "winograd_line.h"
#include "winograd_sums.h"

#if SLIM_CLASS == 0

/* A vector of outputs of dy under a tile to floats from z on, step apart; pixels outside count as 0. */
static inline void spread_tile(__global const float *dy, const slim_winograd_line_params p, const int tile, const int o,
                               __global float *z, const size_t step)
{
  const slim_winograd_place at = slim_line_place_of(p, tile);
  SLIM_FLOATW y[SLIM_WINOGRAD_LINE_M], all[SLIM_LINE_POINTS];
  SLIM_UNROLL
  for (int i = 0; i < SLIM_WINOGRAD_LINE_M; i++) {
    const int row = p.upright ? at.y + i : at.y, column = p.upright ? at.x : at.x + i;
    const bool inside = row < p.oh && column < p.ow;
    y[i] = inside ? SLIM_LOADW(0, dy + (size_t)((at.image * p.oh + row) * p.ow + column) * p.o + o)
                  : (SLIM_FLOATW)(0.0f);
  }
  slim_line_spread(y, all);
  SLIM_UNROLL
  for (int i = 0; i < SLIM_LINE_POINTS; i++) {
    SLIM_STOREW(all[i], 0, z + i * step);
  }
}

/* Channels of x from channel c on, count of them, under tile number tile of all, which is number t of its run, into v.
 * Fetches those of the next tile. zeros: as many as channels. */
SLIM_APART void line_channels(__global const float *x, __global const float *zeros, const slim_winograd_line_params p,
                              const slim_winograd_sums_params s, const int c, const int count, const int tile,
                              const int t, __global float *v)
{
  __global const float *from[SLIM_LINE_POINTS];
  slim_line_pixels(x, zeros, p, tile, from);
  const int next = p.upright ? p.c : SLIM_WINOGRAD_LINE_M * p.c;
  for (int i = 0; i < count; i += SLIM_WIDTH) {
    SLIM_UNROLL
    for (int j = 0; j < SLIM_LINE_POINTS; j++) {
      SLIM_FETCH(from[j] + c + i + next);
    }
    slim_line_open(from, c + i, v + (size_t)i * s.block + t * SLIM_WIDTH, slim_winograd_v_step(s));
  }
}

/* A group a tile of the run that begins at tile first. */
__kernel void slim_winograd_line_gradient_outputs_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(float, z),
                                                      __global const float *zeros, const slim_winograd_line_params p,
                                                      const slim_winograd_sums_params s, const int first)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(float, z);
  const int t = (int)get_group_id(0);
  for (int o = 0; o < p.o; o += SLIM_WIDTH) {
    spread_tile(dy, p, first + t, o, z + slim_winograd_z_place(s, t, o), slim_winograd_z_step(s));
  }
}

/* A vector of outputs of a channel, from its sums. */
static inline void gather_channel(__local const float *du, __global float *dw, const slim_winograd_sums_params s)
{
  SLIM_FLOATW v[SLIM_LINE_POINTS], g[SLIM_WINOGRAD_TAPS];
  SLIM_UNROLL
  for (int i = 0; i < SLIM_LINE_POINTS; i++) {
    v[i] = SLIM_LOADW(0, du + i * slim_winograd_du_step(s));
  }
  slim_line_gather(v, g);
  SLIM_UNROLL
  for (int i = 0; i < SLIM_WINOGRAD_TAPS; i++) {
    SLIM_STOREW(g[i], 0, dw + (size_t)i * s.c * s.o);
  }
}

__kernel void slim_winograd_line_gradient_panels_f32(SLIM_WINOGRAD_PANELS_PARAMETERS(slim_winograd_line_params))
{
  SLIM_WINOGRAD_PANELS(SLIM_WINOGRAD_TAPS, line_channels, gather_channel)
}
#endif
