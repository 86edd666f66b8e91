/* Pooling of images with channels last that fill whole vectors. */
#ifndef SLIM_KERNEL_POOL2D_H
#define SLIM_KERNEL_POOL2D_H

#include "pool2d_params.h"
#include "vector.h"

/* Where the results of a work-item lie, of which there are some: on CPU-like devices it makes a row with all its
 * channels, which takes no divisions for each vector of them, on others one vector, of a grid of rows and images. */
typedef struct slim_pool2d_part {
  int image, row, begin, end, k0, k1;
} slim_pool2d_part;

static inline slim_pool2d_part slim_pool2d_part_of(const slim_pool2d_params p, const int height, const int width)
{
#if SLIM_CLASS == 0
  const int id = (int)get_global_id(0), columns = (uint)id * width * p.c < p.n ? width : 0;
  const slim_pool2d_part part = { id / height, id % height, 0, columns, 0, p.c };
#else
  const int i = (int)get_global_id(0) * SLIM_WIDTH, column = i / p.c, k = i - column * p.c;
  const slim_pool2d_part part = { (int)get_global_id(2),      (int)get_global_id(1), column,
                                  min(column + 1, width), k,                         k + SLIM_WIDTH };
#endif
  return part;
}

/* The loop over a part's vectors of results, images of height_ rows of width_: number image's at (row, column),
 * channels from k on, element i. */
#define SLIM_POOL2D_EACH(part_, height_, width_)                                                                       \
  const int image = part_.image, row = part_.row;                                                                      \
  for (int column = part_.begin; column < part_.end; column++)                                                         \
    for (int k = part_.k0, i = ((image * (height_) + row) * (width_) + column) * p.c + k; k < part_.k1;                \
         k += SLIM_WIDTH, i += SLIM_WIDTH)

/* A vector of channels, as all of them at a multiple of its size: GPUs move it at once. */
#if SLIM_CLASS == 0
#define SLIM_POOL2D_LOAD(vector_, from_) SLIM_LOADW(0, from_)
#define SLIM_POOL2D_STORE(vector_, v_, to_) SLIM_STOREW(v_, 0, to_)
#else
#define SLIM_POOL2D_LOAD(vector_, from_) (*(__global const vector_ *)(from_))
#define SLIM_POOL2D_STORE(vector_, v_, to_) (*(__global vector_ *)(to_) = (v_))
#endif

/* Fetches what the window below the one whose rows begin at y0 reads beyond it, and its neighbour does not. */
static inline void slim_pool2d_fetch(__global const float *from, const slim_pool2d_params p, const int y0,
                                     const int left)
{
  const int begin = y0 + max(p.kernel_h, p.stride_h), end = min(y0 + p.stride_h + p.kernel_h, p.h);
  for (int y = begin; y < end; y++) {
    for (int x = left; x < left + min(p.stride_w, p.kernel_w); x++) {
      SLIM_FETCH_LATER(from + (y * p.w + x) * p.c);
    }
  }
}

#endif
