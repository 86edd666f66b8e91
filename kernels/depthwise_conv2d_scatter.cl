/*
 * The gradient by the input of depthwise sums of 3x3 taps and stride 2, on CPU-like devices. Four numbers of dx in a
 * square, at places 2i - before and 2i + 1 - before of an axis, take from number i of dy and from i - 1: column after
 * column of a few squares, a vector of channels. Each number of dy is read once for nine products, and the weights stay
 * in registers. All channels of a few columns are made before the next ones, so that memory is read and written nearly
 * as it lies: processors fetch that in time. Channels fill whole vectors.
 */
#include "common.h"
#include "depthwise_conv2d_rows.h"
#include "vector.h"

#if SLIM_CLASS == 0
#define EACH_ROW(X) X(1, 0) X(2, 1) X(3, 2) X(4, 3)
#define STRIP 4 /* columns of squares */

/* Squares from row y on, columns [begin, end). */
typedef struct scatter {
  __global const float *dy, *weights; /* the number above the first square's */
  __global float *dx;                 /* the first square's first number, which may be outside of the image */
  int row, dx_row, pixel;
  int y, oh, h, before_h;
  int begin, end, ow, w, before_w;
} scatter;

#define WEIGHT(r_, t_) const SLIM_FLOATW w##r_##t_ = SLIM_LOADW(0, l->weights + ((r_)*3 + (t_)) * pixel + k);

/* Row 0 of dy is above the squares; it may be outside, as may the last. */
#define NUMBER(d_)                                                                                                     \
  ((d_) == 0      ? slim_load_masked(above, above_mask)                                                                \
   : (d_) == rows ? slim_load_masked(last, last_mask)                                                                  \
                  : SLIM_LOADW(0, dy + (d_)*row))
#define OPEN(d_, u_) SLIM_FLOATW old##d_ = zero;
#define READ_OLD(d_, u_)                                                                                               \
  if (rows >= (d_)) {                                                                                                  \
    old##d_ = NUMBER(d_);                                                                                              \
  }
#define READ(d_, u_) const SLIM_FLOATW new##d_ = rows >= (d_) && has_new ? NUMBER(d_) : zero;
#define SHIFT(d_, u_) old##d_ = new##d_;
/* The squares of row d of dy; u: that above it. */
#define PUT(d_, u_)                                                                                                    \
  if (rows >= (d_)) {                                                                                                  \
    __global float *to = dx + 2 * (u_)*dx_row;                                                                         \
    if ((d_) > 1 || has_top) {                                                                                         \
      if (left) {                                                                                                      \
        SLIM_STOREW(fma(w00, new##d_, fma(w02, old##d_, fma(w20, new##u_, w22 *old##u_))), 0, to);                     \
      }                                                                                                                \
      if (right) {                                                                                                     \
        SLIM_STOREW(fma(w01, new##d_, w21 *new##u_), 0, to + pixel);                                                   \
      }                                                                                                                \
    }                                                                                                                  \
    if ((d_) < rows || has_bottom) {                                                                                   \
      if (left) {                                                                                                      \
        SLIM_STOREW(fma(w10, new##d_, w12 *old##d_), 0, to + dx_row);                                                  \
      }                                                                                                                \
      if (right) {                                                                                                     \
        SLIM_STOREW(w11 *new##d_, 0, to + dx_row + pixel);                                                             \
      }                                                                                                                \
    }                                                                                                                  \
  }

static inline __attribute__((always_inline)) void scatter_rows(const scatter *l, const int k, const int rows)
{
  const int row = l->row, dx_row = l->dx_row, pixel = l->pixel;
  const bool has_above = l->y > 0, has_last = l->y + rows <= l->oh;
  const bool has_top = 2 * l->y >= l->before_h, has_bottom = 2 * (l->y + rows) - 1 - l->before_h < l->h;
  const SLIM_INTW above_mask = has_above ? -1 : 0, last_mask = has_last ? -1 : 0;
  const SLIM_FLOATW zero = (SLIM_FLOATW)(0.0f);
  __global const float *dy = l->dy + k;
  __global const float *above = has_above ? dy : dy + row, *last = dy + (has_last ? rows : rows - 1) * row;
  __global float *dx = l->dx + k;
  SLIM_DEPTHWISE_EACH_TAP(WEIGHT)
  OPEN(0, 0)
  EACH_ROW(OPEN)
  if (l->begin > 0) {
    dy -= pixel;
    above -= pixel;
    last -= pixel;
    READ_OLD(0, 0)
    EACH_ROW(READ_OLD)
    dy += pixel;
    above += pixel;
    last += pixel;
  }
  for (int i = l->begin; i < l->end; i++) {
    const bool left = 2 * i >= l->before_w, right = 2 * i + 1 - l->before_w < l->w, has_new = i < l->ow;
    READ(0, 0)
    EACH_ROW(READ)
    EACH_ROW(PUT)
    SHIFT(0, 0)
    EACH_ROW(SHIFT)
    dy += pixel;
    above += pixel;
    last += pixel;
    dx += 2 * pixel;
  }
}

#define BY_ROWS(rows_)                                                                                                 \
  SLIM_APART void scatter_##rows_(const scatter *l, const int k)                                                       \
  {                                                                                                                    \
    scatter_rows(l, k, rows_);                                                                                         \
  }
SLIM_DEPTHWISE_DEFINE_ROWS(BY_ROWS)

/* Rows are those of squares. */
__kernel void slim_depthwise_conv2d_scatter_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(const float, weights),
                                                SLIM_TENSOR(float, dx), const slim_depthwise_conv2d_params p)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, weights);
  SLIM_OPEN(float, dx);
  const int down = (p.h + p.before_h + 1) / 2, across = (p.w + p.before_w + 1) / 2;
  const slim_depthwise_piece piece = slim_depthwise_piece_of((int)get_global_id(0), down);
  if (piece.image >= p.n) {
    return;
  }
  scatter l = { .weights = weights,
                .row = p.ow * p.c,
                .dx_row = p.w * p.c,
                .pixel = p.c,
                .oh = p.oh,
                .h = p.h,
                .before_h = p.before_h,
                .ow = p.ow,
                .w = p.w,
                .before_w = p.before_w };
  for (l.y = piece.top; l.y < piece.bottom; l.y += piece.rows) {
    for (l.begin = 0; l.begin < across; l.begin += STRIP) {
      l.end = min(l.begin + STRIP, across);
      l.dy = dy + ((long)(piece.image * p.oh + l.y - 1) * p.ow + l.begin) * p.c;
      l.dx = dx + ((long)(piece.image * p.h + 2 * l.y - p.before_h) * p.w + 2 * l.begin - p.before_w) * p.c;
      for (int k = 0; k < p.c; k += SLIM_WIDTH) {
        SLIM_DEPTHWISE_CALL_ROWS(scatter, piece.rows, (&l, k))
      }
    }
  }
}
#endif
