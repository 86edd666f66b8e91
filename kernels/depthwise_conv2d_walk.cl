/*
 * Depthwise sums of 3x3 taps and stride 1, as many results as pixels, or 2, on CPU-like devices: column after column of
 * a few rows, a vector of channels. The column of the input at hand adds to the sums of the results left and right of
 * it and to its own, so that each number is read once for up to nine sums, and the weights stay in registers. Channels
 * fill whole vectors. All channels of a few columns are made before the next ones, so that memory is read and written
 * nearly as it lies: processors fetch that in time.
 */
#include "activation.h"
#include "common.h"
#include "depthwise_conv2d_rows.h"
#include "gemm.h"
#include "weights.h"

#if SLIM_CLASS == 0
#define EACH_ROW(X) X(0) X(1) X(2) X(3)
/* Columns of results that are walked at once: each column of the input is turned to again for those beside it, but what
 * the results of few take lies near for the next channels. */
#define FEW_COLUMNS 4
#define MANY_COLUMNS 14
#define KEPT_FLOATS (1 << 19) /* of the images: caches keep them and the results */

/* Rows of an image, and columns [begin, end) of the results. */
typedef struct walk {
  __global const float *in, *bias, *residual; /* the image; bias NULL: none; what the first result is added to */
  __global const slim_weight *weights;
  __global float *out; /* the first result */
  int tap;             /* from tap to tap of the weights */
  int row, out_row, pixel;
  int y, h, before_h; /* results from row y on */
  int begin, end, w, before_w;
  bool has_residual;
  float low, high;
} walk;

#define WEIGHT(r_, t_) const SLIM_FLOATW w##r_##t_ = SLIM_WEIGHTSW(l->weights + ((r_)*3 + (t_)) * l->tap + k);

#define PUT(r_)                                                                                                        \
  if (rows > (r_)) {                                                                                                   \
    SLIM_FLOATW v = left##r_;                                                                                          \
    if (l->has_residual) {                                                                                             \
      v += SLIM_LOADW(0, residual + (r_)*out_row);                                                                     \
    }                                                                                                                  \
    v = v < low ? low : v;                                                                                             \
    SLIM_STOREW(v > high ? high : v, 0, to + (r_)*out_row);                                                            \
  }

/* --- stride 1 ----------------------------------------------------------------------------------------------------- */

/* What row r of the results takes by row t of the taps. */
#define ADD(r_, t_)                                                                                                    \
  if (rows > (r_)) {                                                                                                   \
    left##r_ = fma(w##t_##2, v, left##r_);                                                                             \
    here##r_ = fma(w##t_##1, v, here##r_);                                                                             \
    right##r_ = fma(w##t_##0, v, right##r_);                                                                           \
  }
/* Row number i of the input: the one above, those of the results, the one below. */
#define READ(i_, ADDS_)                                                                                                \
  if (rows + 1 >= (i_)) {                                                                                              \
    const SLIM_FLOATW v = (i_) == 0          ? slim_load_masked(above, above_mask)                                     \
                          : (i_) == rows + 1 ? slim_load_masked(below, below_mask)                                     \
                                             : SLIM_LOADW(0, in + ((i_)-1) * row);                                     \
    ADDS_                                                                                                              \
  }
#define OPEN(r_) SLIM_FLOATW left##r_ = start, here##r_ = start, right##r_ = start;
#define SHIFT(r_)                                                                                                      \
  left##r_ = here##r_;                                                                                                 \
  here##r_ = right##r_;                                                                                                \
  right##r_ = start;
#define PUT_COLUMN                                                                                                     \
  EACH_ROW(PUT)                                                                                                        \
  to += pixel;                                                                                                         \
  residual += pixel;

static inline __attribute__((always_inline)) void walk_by_one(const walk *l, const int k, const int rows)
{
  const int row = l->row, out_row = l->out_row, pixel = l->pixel;
  const int first = max(l->begin - 1, 0), last = min(l->end, l->w - 1);
  const bool has_above = l->y > 0, has_below = l->y + rows < l->h;
  const SLIM_INTW above_mask = has_above ? -1 : 0, below_mask = has_below ? -1 : 0;
  const SLIM_FLOATW low = l->low, high = l->high, start = l->bias ? SLIM_LOADW(0, l->bias + k) : (SLIM_FLOATW)(0.0f);
  __global const float *in = l->in + l->y * row + first * pixel + k;
  __global const float *above = has_above ? in - row : in, *below = has_below ? in + rows * row : in;
  __global const float *residual = l->residual + k;
  __global float *to = l->out + k;
  SLIM_DEPTHWISE_EACH_TAP(WEIGHT)
  EACH_ROW(OPEN)
  for (int i = first; i <= last; i++) {
    READ(0, ADD(0, 0))
    READ(1, ADD(0, 1) ADD(1, 0))
    READ(2, ADD(0, 2) ADD(1, 1) ADD(2, 0))
    READ(3, ADD(1, 2) ADD(2, 1) ADD(3, 0))
    READ(4, ADD(2, 2) ADD(3, 1))
    READ(5, ADD(3, 2))
    if (i > l->begin) {
      PUT_COLUMN
    }
    EACH_ROW(SHIFT)
    in += pixel;
    above += pixel;
    below += pixel;
  }
  if (l->end == l->w) {
    PUT_COLUMN
  }
}

/* --- stride 2: columns of even places add to two results, those between them to one ------------------------------- */

#define ADD_EVEN(r_, t_)                                                                                               \
  if (rows > (r_)) {                                                                                                   \
    left##r_ = fma(w##t_##2, v, left##r_);                                                                             \
    here##r_ = fma(w##t_##0, v, here##r_);                                                                             \
  }
#define ADD_ODD(r_, t_)                                                                                                \
  if (rows > (r_)) {                                                                                                   \
    here##r_ = fma(w##t_##1, v, here##r_);                                                                             \
  }
#define ADD_LAST(r_, t_)                                                                                               \
  if (rows > (r_)) {                                                                                                   \
    left##r_ = fma(w##t_##2, v, left##r_);                                                                             \
  }
/* Row number i of the input, of which the first and the last may be outside. */
#define READ_STRIDED(i_, ADDS_)                                                                                        \
  if (2 * rows >= (i_)) {                                                                                              \
    const SLIM_FLOATW v = (i_) == 0          ? slim_load_masked(above, above_mask)                                     \
                          : (i_) == 2 * rows ? slim_load_masked(below, below_mask)                                     \
                                             : SLIM_LOADW(0, in + ((i_)-1) * row);                                     \
    ADDS_                                                                                                              \
  }
#define COLUMN(ADD_)                                                                                                   \
  READ_STRIDED(0, ADD_(0, 0))                                                                                          \
  READ_STRIDED(1, ADD_(0, 1))                                                                                          \
  READ_STRIDED(2, ADD_(0, 2) ADD_(1, 0))                                                                               \
  READ_STRIDED(3, ADD_(1, 1))                                                                                          \
  READ_STRIDED(4, ADD_(1, 2) ADD_(2, 0))                                                                               \
  READ_STRIDED(5, ADD_(2, 1))                                                                                          \
  READ_STRIDED(6, ADD_(2, 2) ADD_(3, 0))                                                                               \
  READ_STRIDED(7, ADD_(3, 1))                                                                                          \
  READ_STRIDED(8, ADD_(3, 2))                                                                                          \
  in += pixel;                                                                                                         \
  above += pixel;                                                                                                      \
  below += pixel;
#define OPEN_STRIDED(r_) SLIM_FLOATW left##r_ = start, here##r_ = start;
#define SHIFT_STRIDED(r_)                                                                                              \
  left##r_ = here##r_;                                                                                                 \
  here##r_ = start;

static inline __attribute__((always_inline)) void walk_by_two(const walk *l, const int k, const int rows)
{
  const int row = l->row, out_row = l->out_row, pixel = l->pixel;
  const int first = 2 * l->begin - l->before_w, top = 2 * l->y - l->before_h;
  const bool has_above = top >= 0, has_below = top + 2 * rows < l->h;
  const SLIM_INTW above_mask = has_above ? -1 : 0, below_mask = has_below ? -1 : 0;
  const SLIM_FLOATW low = l->low, high = l->high, start = l->bias ? SLIM_LOADW(0, l->bias + k) : (SLIM_FLOATW)(0.0f);
  __global const float *in = l->in + (top + 1) * row + max(first, 0) * pixel + k;
  __global const float *above = has_above ? in - row : in, *below = has_below ? in + (2 * rows - 1) * row : in;
  __global const float *residual = l->residual + k;
  __global float *to = l->out + k;
  SLIM_DEPTHWISE_EACH_TAP(WEIGHT)
  EACH_ROW(OPEN_STRIDED)
  for (int i = l->begin; i < l->end; i++) {
    if (first >= 0 || i > l->begin) {
      COLUMN(ADD_EVEN)
    }
    if (i > l->begin) {
      EACH_ROW(PUT)
      to += pixel;
      residual += pixel;
    }
    COLUMN(ADD_ODD)
    EACH_ROW(SHIFT_STRIDED)
  }
  if (2 * l->end - l->before_w < l->w) {
    COLUMN(ADD_LAST)
  }
  EACH_ROW(PUT)
}

/* --- the kernel --------------------------------------------------------------------------------------------------- */

#define BY_ROWS(rows_)                                                                                                 \
  SLIM_APART void walk_##rows_(const walk *l, const int k, const int stride)                                           \
  {                                                                                                                    \
    if (stride == 1) {                                                                                                 \
      walk_by_one(l, k, rows_);                                                                                        \
    } else {                                                                                                           \
      walk_by_two(l, k, rows_);                                                                                        \
    }                                                                                                                  \
  }
SLIM_DEPTHWISE_DEFINE_ROWS(BY_ROWS)

/* turned: the gradient by the input, of dy in the place of x. */
__kernel void slim_depthwise_conv2d_walk_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const slim_weight, weights),
                                             SLIM_TENSOR(const float, bias), SLIM_TENSOR(const float, residual),
                                             SLIM_TENSOR(float, y), const slim_depthwise_conv2d_params p,
                                             const int turned)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  const slim_depthwise_piece piece = slim_depthwise_piece_of((int)get_global_id(0), p.oh);
  if (piece.image >= p.n) {
    return;
  }
  const bool kept = (size_t)p.n * p.h * p.w * p.c <= KEPT_FLOATS;
  const int columns = kept && p.stride_h == 1 ? MANY_COLUMNS : FEW_COLUMNS, blocks = (p.ow + columns - 1) / columns;
  walk l = { .in = x + (size_t)piece.image * p.h * p.w * p.c,
             .bias = p.epilogue.has_bias ? bias : 0,
             .weights = turned ? weights + 8 * p.c : weights,
             .tap = turned ? -p.c : p.c,
             .row = p.w * p.c,
             .out_row = p.ow * p.c,
             .pixel = p.c,
             .h = p.h,
             .before_h = p.before_h,
             .w = p.w,
             .before_w = p.before_w,
             .has_residual = p.epilogue.has_residual,
             .low = slim_gemm_low(p.epilogue.activation),
             .high = slim_gemm_high(p.epilogue.activation) };
  for (l.y = piece.top; l.y < piece.bottom; l.y += piece.rows) {
    for (int i = 0; i < blocks; i++) {
      l.begin = p.ow * i / blocks;
      l.end = p.ow * (i + 1) / blocks;
      const size_t at = (size_t)((piece.image * p.oh + l.y) * p.ow + l.begin) * p.c;
      l.out = y + at;
      l.residual = residual + at;
      for (int k = 0; k < p.c; k += SLIM_WIDTH) {
        SLIM_DEPTHWISE_CALL_ROWS(walk, piece.rows, (&l, k, p.stride_h))
      }
    }
  }
}
#endif
