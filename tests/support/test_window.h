/* Where windows lie that slide over an image, for the loops that pools and convolutions are compared with. */
#ifndef TEST_WINDOW_H
#define TEST_WINDOW_H

#include "test_op.h"

/* How many windows fit along one axis. */
static inline int test_windows(int in, int kernel, int stride, int rate, slim_padding padding)
{
  return padding == SLIM_SAME ? (in + stride - 1) / stride : (in - (kernel - 1) * rate - 1) / stride + 1;
}

/* Zeros before the first pixel of an axis with out windows. */
static inline int test_zeros_before(int in, int out, int kernel, int stride, int rate, slim_padding padding)
{
  const int missing = (out - 1) * stride + (kernel - 1) * rate + 1 - in;
  return padding == SLIM_SAME && missing > 0 ? missing / 2 : 0;
}

static inline slim_shape test_image_shape(int nchw, int n, int h, int w, int c)
{
  return nchw ? SLIM_SHAPE(n, c, h, w) : SLIM_SHAPE(n, h, w, c);
}

/* Where pixel [n, y, x] has its channel k, in images of h * w pixels with c channels. */
static inline size_t test_image_place(int nchw, int h, int w, int c, int n, int y, int x, int k)
{
  return (size_t)(nchw ? ((n * c + k) * h + y) * w + x : ((n * h + y) * w + x) * c + k);
}

#endif
