/*
 * Depthwise sums: out[y][x][k] = epilogue(sum over the taps of in[.][.][k] * weights[row][column][k]). depthwise_conv2d
 * is such a sum, and so is its input gradient, where out is dx and in is dy. in and out have channels last and as many
 * of them as the weights have numbers a tap: tensors that lie otherwise are spread first and gathered after.
 */
#ifndef SLIM_CPU_DEPTHWISE_H
#define SLIM_CPU_DEPTHWISE_H

#include "backend/cpu/conv2d.h"
#include "backend/cpu/epilogue.h"
#include "backend/cpu/pieces.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

typedef struct depthwise {
  conv2d g;        /* as the sums take it */
  image x, y;      /* the tensors */
  int multiplier;  /* channels of y for each of x */
  bool transposed; /* the sums go from y to x */
} depthwise;

static inline depthwise depthwise_of(const slim_conv2d_attr *a, const slim_shape *x, const slim_shape *weights,
                                     const slim_shape *y)
{
  depthwise d = { .g = conv2d_of(a, x, weights, y), .multiplier = weights->dim[3] };
  d.x = d.g.x;
  d.y = d.g.y;
  d.g.x.c *= d.multiplier;
  d.g.x.image *= (size_t)d.multiplier;
  d.g.x = channels_last(d.g.x);
  d.g.y = channels_last(d.g.y);
  return d;
}

static inline double depthwise_flops(const depthwise *d)
{
  return 2.0 * (double)image_floats(&d->g.y) * d->g.kh * d->g.kw;
}

/* Tasks of an image, at most: several for each worker, so that all end together; neighbouring rows of a task share what
 * they read. */
static inline int depthwise_bands(const slim_cpu_step *step, int images)
{
  return images > 0 ? pieces(8 * slim_threads_count(step->device->threads), images) : 0;
}

/* Do caches keep the images from step to step? */
static inline bool depthwise_kept(const slim_cpu_step *step, const conv2d *g)
{
  const size_t kept = ((size_t)2 << 20) / sizeof(float) * (size_t)slim_threads_count(step->device->threads);
  return image_floats(&g->x) + image_floats(&g->y) <= kept;
}

/* The first lanes floats at p, zeros behind. */
CPU_INLINE vec lanes_load(const float *p, int lanes)
{
  if (lanes == VL) {
    return vec_load(p);
  }
#if defined(__AVX512F__)
  return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << lanes) - 1), p);
#else
  vec v = { 0 };
  memcpy(&v, p, (size_t)lanes * sizeof *p);
  return v;
#endif
}

CPU_INLINE void lanes_store(float *p, vec v, int lanes)
{
  if (lanes == VL) {
    vec_store(p, v);
    return;
  }
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << lanes) - 1), (__m512)v);
#else
  memcpy(p, &v, (size_t)lanes * sizeof *p);
#endif
}

/* Workspace for x and y where the sums cannot take the tensors. */
static inline size_t depthwise_x_floats(const depthwise *d)
{
  return d->x.channel != 1 || d->multiplier > 1 ? whole_lines(image_floats(&d->g.x)) : 0;
}

static inline size_t depthwise_y_floats(const depthwise *d)
{
  return d->y.channel != 1 ? whole_lines(image_floats(&d->g.y)) : 0;
}

/* A tensor with channels last, each channel repeated; and back, repeats added up. */
void CPU_OP(depthwise_spread)(const slim_cpu_step *step, const image *im, int repeats, const float *from, float *to);
void CPU_OP(depthwise_gather)(const slim_cpu_step *step, const image *im, int repeats, const float *from, float *to);

/* What the sums are made of. The epilogue has no other activations than relu and relu6. */
typedef struct depthwise_operands {
  const float *in, *weights;
  tile_epilogue epilogue;
  float *scratch;
} depthwise_operands;

/* Floats of the scratch memory of all workers. */
size_t CPU_OP(depthwise_scratch)(const slim_cpu_step *step, const depthwise *d);
void CPU_OP(depthwise_run)(const slim_cpu_step *step, const depthwise *d, const depthwise_operands *o, float *out);

/* Some outputs: pixels [m, m + count), counted through all images, of channels [k, k + depth). */
typedef struct depthwise_piece {
  int m, count, k, depth;
  float *to;
  size_t step; /* floats from pixel to pixel there */
} depthwise_piece;

/* Pixels that are best made together; not more than most. */
int CPU_OP(depthwise_unit)(const depthwise *d, int most);
/* The piece of sums that go from x to y and have no residual. */
void CPU_OP(depthwise_make)(const depthwise *d, const depthwise_operands *o, const depthwise_piece *p, int worker);

#endif
