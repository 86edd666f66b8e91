/*
 * The gradient by the weights by Winograd's transforms, on CPU-like devices: dw = G^T [sum over tiles of (B^T d B) *
 * (A dy A^T)] G, summed as winograd_sums.h has it.
 */
#include "common.h"
#include "winograd.h"
#include "winograd_sums.h"

#if SLIM_CLASS == 0
/* A vector of outputs of dy under a tile, transformed: columns, then rows, with the numbers between them in memory;
 * pixels outside count as 0, those of rows are read from zeros. Fetches those of the tile to the right. Points go step
 * floats apart. */
static inline void open_gradient(__global const float *dy, __global const float *zeros, const slim_winograd_params p,
                                 const slim_winograd_place at, const int o, __global float *to, const size_t step)
{
  SLIM_FLOATW half_done[SLIM_WINOGRAD_N * SLIM_WINOGRAD_M], d[SLIM_WINOGRAD_M], t[SLIM_WINOGRAD_N];
  __global const float *from[SLIM_WINOGRAD_M];
  const int columns = p.ow - at.x;
  dy += (size_t)((at.image * p.oh + at.y) * p.ow + at.x) * p.o + o;
  SLIM_UNROLL
  for (int y = 0; y < SLIM_WINOGRAD_M; y++) {
    from[y] = at.y + y < p.oh ? dy + (size_t)y * p.ow * p.o : zeros;
  }
  for (int x = 0; x < SLIM_WINOGRAD_M; x++) {
    SLIM_UNROLL
    for (int y = 0; y < SLIM_WINOGRAD_M; y++) {
      const size_t pixel = at.y + y < p.oh ? (size_t)x * p.o : 0;
      SLIM_FETCH_LATER(from[y] + pixel + SLIM_WINOGRAD_M * p.o);
      d[y] = x < columns ? SLIM_LOADW(0, from[y] + pixel) : (SLIM_FLOATW)(0.0f);
    }
    slim_winograd_evaluate(d, 1, t, 1, SLIM_WINOGRAD_M);
    SLIM_UNROLL
    for (int y = 0; y < SLIM_WINOGRAD_N; y++) {
      half_done[y * SLIM_WINOGRAD_M + x] = t[y];
    }
  }
  for (int y = 0; y < SLIM_WINOGRAD_N; y++) {
    SLIM_UNROLL
    for (int x = 0; x < SLIM_WINOGRAD_M; x++) {
      d[x] = half_done[y * SLIM_WINOGRAD_M + x];
    }
    slim_winograd_evaluate(d, 1, t, 1, SLIM_WINOGRAD_M);
    SLIM_UNROLL
    for (int x = 0; x < SLIM_WINOGRAD_N; x++) {
      SLIM_STOREW(t[x], 0, to + (y * SLIM_WINOGRAD_N + x) * step);
    }
  }
}

/* Channels of x from channel c on, count of them, under tile number tile of all, which is number t of its run, into v.
 * zeros: as many as channels. */
SLIM_APART void open_channels(__global const float *x, __global const float *zeros, const slim_winograd_params p,
                              const slim_winograd_sums_params s, const int c, const int count, const int tile,
                              const int t, __global float *v)
{
  __global const float *from[SLIM_WINOGRAD_POINTS];
  slim_winograd_pixels(x, zeros, p, tile, from);
  for (int i = 0; i < count; i += SLIM_WIDTH) {
    slim_winograd_open(from, c + i, p.m * p.c, v + (size_t)i * s.block + t * SLIM_WIDTH, slim_winograd_v_step(s));
  }
}

/* count outputs of dy, from o on, which begins a panel, under the tile into z. */
SLIM_APART void open_outputs(__global const float *dy, __global const float *zeros, const slim_winograd_params p,
                             const slim_winograd_sums_params s, const int o, const int count, const int tile,
                             const int t, __global float *z)
{
  const slim_winograd_place at = slim_winograd_place_of(p, tile);
  for (int i = 0; i < count; i += SLIM_WIDTH) {
    open_gradient(dy, zeros, p, at, o + i, z + slim_winograd_z_place(s, t, i), slim_winograd_z_step(s));
  }
}

/* A group a tile of the run that begins at tile first. */
__kernel void slim_winograd_gradient_outputs_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(float, z),
                                                 __global const float *zeros, const slim_winograd_params p,
                                                 const slim_winograd_sums_params s, const int first)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(float, z);
  open_outputs(dy, zeros, p, s, 0, p.o, first + (int)get_group_id(0), (int)get_group_id(0), z);
}

/* A vector of outputs of a channel, from its sums. */
static inline void close_channel(__local const float *du, __global float *dw, const slim_winograd_sums_params s)
{
  const int taps = SLIM_WINOGRAD_TAPS;
  SLIM_FLOATW v[SLIM_WINOGRAD_POINTS], rows[SLIM_WINOGRAD_TAPS * SLIM_WINOGRAD_N];
  SLIM_FLOATW all[SLIM_WINOGRAD_TAPS * SLIM_WINOGRAD_TAPS];
  SLIM_UNROLL
  for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++) {
    v[i] = SLIM_LOADW(0, du + i * slim_winograd_du_step(s));
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

__kernel void slim_winograd_gradient_panels_f32(SLIM_WINOGRAD_PANELS_PARAMETERS(slim_winograd_params))
{
  SLIM_WINOGRAD_PANELS(SLIM_WINOGRAD_TAPS * SLIM_WINOGRAD_TAPS, open_channels, close_channel)
}

/* A part of the weights, summed over a task's share of all tiles, run by run, into du:
 * [panel][point][channel][SLIM_GEMM_COLUMNS]. */
static inline void sum_slice(__global const float *dy, __global const float *x, __global const float *zeros,
                             const slim_winograd_params p, const slim_winograd_sums_params s,
                             const slim_winograd_part all, const int slice, const int slices, __global float *v,
                             __local float *du)
{
  __global float *z = v + s.points * slim_winograd_v_step(s);
  const int runs = (s.tiles + s.block - 1) / s.block, begin = runs * slice / slices, end = runs * (slice + 1) / slices;
  for (int run = begin; run < end; run++) {
    const int first = run * s.block;
    for (int t = 0; t < min(s.block, s.tiles - first); t++) {
      open_channels(x, zeros, p, s, all.c, all.channels, first + t, t, v);
      open_outputs(dy, zeros, p, s, all.o, all.columns, first + t, t, z);
    }
    for (int o = 0; o < all.columns; o += SLIM_GEMM_COLUMNS) {
      const slim_winograd_part part = { all.c, all.channels, o, SLIM_GEMM_COLUMNS };
      for (int i = 0; i < s.points; i++) {
        slim_winograd_sum_point(v, z, du + (size_t)s.points * s.depth * o, s, part, first, i, run > begin);
      }
    }
  }
}

/* All in one, where few weights leave the sums of all of them, or of a part, in a cache: tasks of a slice of the tiles
 * each, along y by s.depth channels, along z by some of the panels, in scratch of their groups' own, to a dw of its
 * own, if there are more slices than one. */
__kernel void slim_winograd_gradient_slices_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(const float, x),
                                                SLIM_TENSOR(float, dw), SLIM_TENSOR(float, scratch),
                                                __global const float *zeros, const slim_winograd_params p,
                                                const slim_winograd_sums_params s, __local float *du, SLIM_DEALT)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, dw);
  SLIM_OPEN(float, scratch);
  const int panels = slim_winograd_z_panels(s), most = (panels + deal.z - 1) / deal.z;
  scratch += get_group_id(0) * s.points * (slim_winograd_v_step(s) + most * slim_winograd_z_step(s));
  SLIM_EACH_TASK(task)
  {
    const int c = task.y * s.depth, o = panels * task.z / deal.z * SLIM_GEMM_COLUMNS;
    const int end = min(s.o, panels * (task.z + 1) / deal.z * SLIM_GEMM_COLUMNS);
    const slim_winograd_part all = { c, min(s.depth, s.c - c), o, end - o };
    sum_slice(dy, x, zeros, p, s, all, task.x, deal.x, scratch, du);
    __global float *to = dw + ((size_t)task.x * SLIM_WINOGRAD_TAPS * SLIM_WINOGRAD_TAPS * s.c + c) * s.o + o;
    for (int i = 0; i < all.channels; i++, to += s.o) {
      for (int j = 0; j < all.columns; j += SLIM_WIDTH) {
        const int panel = j / SLIM_GEMM_COLUMNS * SLIM_GEMM_COLUMNS;
        close_channel(du + s.points * s.depth * panel + i * SLIM_GEMM_COLUMNS + j - panel, to + j, s);
      }
    }
  }
}
#endif
