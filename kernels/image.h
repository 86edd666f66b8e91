#ifndef SLIM_KERNEL_IMAGE_H
#define SLIM_KERNEL_IMAGE_H

/* Where pixel (n, y, x), channel k of [., h, w, c] lies, or of [., c, h, w] if nchw. */
static inline int slim_pixel_at(const int n, const int y, const int x, const int k, const int h, const int w, const int c,
                         const int nchw)
{
  return nchw ? ((n * c + k) * h + y) * w + x : ((n * h + y) * w + x) * c + k;
}

/* The indices of element i. s0: n, s1: y, s2: x, s3: channel. */
static inline int4 slim_pixel_of(const int i, const int h, const int w, const int c, const int nchw)
{
  return nchw ? (int4)(i / (c * h * w), i / w % h, i % w, i / (h * w) % c)
              : (int4)(i / (c * h * w), i / (c * w) % h, i / c % w, i % c);
}

/* First window whose reach holds pixel at, when a window of kernel pixels starts at o * stride - before. */
static inline int slim_first_window(const int at, const int before, const int kernel_size, const int stride)
{
  const int reach = at + before - kernel_size + 1;
  return reach <= 0 ? 0 : (reach + stride - 1) / stride;
}

/* The output that tap k of the window at it reads pixel at, or -1: at + before = out * stride + k * rate. */
static inline int slim_output_of(const int at, const int before, const int k, const int rate, const int stride,
                                 const int outputs)
{
  const int reach = at + before - k * rate;
  return reach >= 0 && reach % stride == 0 && reach / stride < outputs ? reach / stride : -1;
}

#endif
