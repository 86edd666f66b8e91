/* Images as pools and convolutions see them, and windows over them. */
#ifndef SLIM_CPU_WINDOW_H
#define SLIM_CPU_WINDOW_H

#include "backend/cpu/vec.h"

/* n images of h x w pixels with c channels, and how far apart neighbours lie, in floats. */
typedef struct image {
  int n, h, w, c;
  size_t image, row, pixel, channel;
} image;

static inline image image_of(const slim_shape *s, int nchw)
{
  image im = { .n = s->dim[0], .h = s->dim[nchw ? 2 : 1], .w = s->dim[nchw ? 3 : 2], .c = s->dim[nchw ? 1 : 3] };
  im.image = (size_t)im.h * (size_t)im.w * (size_t)im.c;
  im.channel = nchw ? (size_t)im.h * (size_t)im.w : 1;
  im.pixel = nchw ? 1 : (size_t)im.c;
  im.row = (size_t)im.w * im.pixel;
  return im;
}

typedef struct span {
  int begin, end;
} span;

/* Positions in [0, size) that a window of kernel steps (rate 1) beginning at first covers. */
static inline span window_span(int first, int kernel, int size)
{
  return (span){ first < 0 ? 0 : first, first + kernel < size ? first + kernel : size };
}

#endif
