/* Geometry of a convolution: x and y as images, and where a tap lands. */
#ifndef SLIM_CPU_CONV2D_H
#define SLIM_CPU_CONV2D_H

#include "backend/cpu/gemm.h"
#include "backend/cpu/window.h"

typedef struct conv2d {
  image x, y;
  int kh, kw;
  slim_hw stride, rate;
  int before_h, before_w;
} conv2d;

static inline conv2d conv2d_of(const slim_conv2d_attr *a, const slim_shape *x, const slim_shape *weights,
                               const slim_shape *y)
{
  conv2d g = { .x = image_of(x, a->nchw), .y = image_of(y, a->nchw), .kh = weights->dim[0], .kw = weights->dim[1] };
  g.stride = a->stride;
  g.rate = a->rate;
  g.before_h = slim_window_of(g.x.h, g.kh, a->stride.h, a->rate.h, a->padding).before + a->before.h;
  g.before_w = slim_window_of(g.x.w, g.kw, a->stride.w, a->rate.w, a->padding).before + a->before.w;
  return g;
}

/* The same images with channels last, without gaps. */
static inline image channels_last(image im)
{
  im.channel = 1;
  im.pixel = (size_t)im.c;
  im.row = (size_t)im.w * im.pixel;
  return im;
}

static inline size_t image_floats(const image *im)
{
  return (size_t)im->n * im->image;
}

/* Floats rounded up to whole cache lines. */
static inline size_t whole_lines(size_t floats)
{
  return (floats + 15) / 16 * 16;
}

/* Is it a plain product of matrices: one tap, pixel by pixel, or one window that is the whole image? */
static inline bool conv2d_is_product(const conv2d *g)
{
  const bool pixels = g->kh == 1 && g->kw == 1 && g->stride.h == 1 && g->stride.w == 1;
  const bool window = g->y.h == 1 && g->y.w == 1 && g->kh == g->x.h && g->kw == g->x.w && g->before_h == 0 &&
                      g->before_w == 0 && (g->rate.h == 1 || g->kh == 1) && (g->rate.w == 1 || g->kw == 1);
  return pixels || window;
}

/* Of such a product, with channels last: rows of x and y; floats of a row of x. */
static inline int product_rows(const conv2d *g)
{
  return g->y.n * g->y.h * g->y.w;
}

static inline int product_depth(const conv2d *g)
{
  return g->kh * g->kw * g->x.c;
}

static inline double conv2d_flops(const conv2d *g)
{
  return 2.0 * g->y.n * g->y.h * g->y.w * g->y.c * (double)g->x.c * g->kh * g->kw;
}

#endif
