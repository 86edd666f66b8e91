/* Images and weights folded for Winograd's transforms, and gradients unfolded: a row a work-item. */
#include "common.h"
#include "weights.h"
#include "winograd_fold.h"

#if SLIM_CLASS == 0
/* A row of all images. */
SLIM_APART void fold_row(__global const float *x, __global float *folded, const slim_winograd_fold_params p,
                         const int row)
{
  const int top = row % p.fold_h * p.side - p.top, run = p.side * p.c;
  x += (size_t)(row / p.fold_h) * p.h * p.w * p.c;
  folded += (size_t)row * p.fold_w * p.fold_c;
  for (int y = 0; y < p.side; y++) {
    const int floats = slim_fold_floats(p, top + y);
    __global const float *from = x + (floats ? top + y : 0) * p.w * p.c;
    for (int i = 0, left = -p.left * p.c; i < p.fold_w; i++, left += run) {
      if (left >= 0 && left + run <= floats) {
        slim_copy_few(folded + i * p.fold_c + y * run, from + left, run);
      } else {
        slim_fold_run(folded + i * p.fold_c + y * run, from, left, run, floats);
      }
    }
  }
  for (int i = 0; i < p.fold_w; i++) {
    slim_clear_few(folded + i * p.fold_c + p.side * run, p.fold_c - p.side * run);
  }
}

__kernel void slim_winograd_fold_image_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, folded),
                                           const slim_winograd_fold_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, folded);
  const int row = (int)get_global_id(0);
  if (row < p.n * p.fold_h) {
    fold_row(x, folded, p, row);
  }
}

/* Pixels that no folded one holds are read by no output. */
__kernel void slim_winograd_unfold_image_f32(SLIM_TENSOR(const float, folded), SLIM_TENSOR(float, x),
                                             const slim_winograd_fold_params p)
{
  SLIM_OPEN(const float, folded);
  SLIM_OPEN(float, x);
  const int row = (int)get_global_id(0), y = row % p.h + p.top, run = p.side * p.c;
  if (row >= p.n * p.h) {
    return;
  }
  const int wide = y / p.side < p.fold_h ? clamp((p.fold_w * p.side - p.left) * p.c, 0, p.w * p.c) : 0;
  folded += (size_t)(row / p.h * p.fold_h + min(y / p.side, p.fold_h - 1)) * p.fold_w * p.fold_c + y % p.side * run;
  x += (size_t)row * p.w * p.c;
  folded += p.left / p.side * p.fold_c;
  for (int i = 0, at = p.left * p.c % run, count; i < wide; i += count, at = 0, folded += p.fold_c) {
    count = min(run - at, wide - i);
    slim_copy_few(x + i, folded + at, count);
  }
  slim_clear_few(x + wide, p.w * p.c - wide);
}

/* Where a row of the weights, of all outputs, lies in the folded ones. */
static inline int folded_row(const slim_winograd_fold_params p, const int row)
{
  const int ky = row / p.c / p.taps, kx = row / p.c % p.taps;
  const int channel = (ky % p.side * p.side + kx % p.side) * p.c + row % p.c;
  return (ky / p.side * p.fold_taps + kx / p.side) * p.fold_c + channel;
}

/* The row of the weights that lies there; -1: none, it is 0. */
static inline int unfolded_row(const slim_winograd_fold_params p, const int row)
{
  const int tap = row / p.fold_c, channel = row % p.fold_c, block = channel / p.c;
  const int ky = tap / p.fold_taps * p.side + block / p.side, kx = tap % p.fold_taps * p.side + block % p.side;
  return block < p.side * p.side && ky < p.taps && kx < p.taps ? (ky * p.taps + kx) * p.c + channel % p.c : -1;
}

__kernel void slim_winograd_fold_weights_f32(SLIM_TENSOR(const slim_weight, weights), SLIM_TENSOR(float, folded),
                                             const slim_winograd_fold_params p)
{
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(float, folded);
  const int row = (int)get_global_id(0), from = unfolded_row(p, row);
  if (row >= p.fold_taps * p.fold_taps * p.fold_c) {
    return;
  }
  for (int o = 0; o < p.o; o++) {
    folded[row * p.o + o] = from < 0 ? 0.0f : SLIM_WEIGHT(weights, from * p.o + o);
  }
}

__kernel void slim_winograd_unfold_weights_f32(SLIM_TENSOR(const float, folded), SLIM_TENSOR(float, weights),
                                               const slim_winograd_fold_params p)
{
  SLIM_OPEN(const float, folded);
  SLIM_OPEN(float, weights);
  const int row = (int)get_global_id(0);
  if (row >= p.taps * p.taps * p.c) {
    return;
  }
  folded += folded_row(p, row) * p.o;
  for (int o = 0; o < p.o; o++) {
    weights[row * p.o + o] = folded[o];
  }
}
#endif
