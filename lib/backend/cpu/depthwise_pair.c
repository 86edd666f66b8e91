/*
 * Depthwise sums of 3x3 taps and stride 1, outputs as many as inputs: two rows at a time, so that each number of the
 * input that is read serves up to six sums, and the weights stay in registers.
 */
#include "backend/cpu/depthwise_pair.h"

#if DEPTHWISE_PAIRS

/* Up to 7 pixels of two rows: with 9 weights and what one row of the input gives them, all 32 registers. */
#define PIXELS 7
/* A pixel, and the columns under its taps. */
#define EACH_PIXEL(X) X(0, 0, 1, 2) X(1, 1, 2, 3) X(2, 2, 3, 4) X(3, 3, 4, 5) X(4, 4, 5, 6) X(5, 5, 6, 7) X(6, 6, 7, 8)
#define EACH_COLUMN(X, row_) X(row_, 1) X(row_, 2) X(row_, 3) X(row_, 4) X(row_, 5) X(row_, 6) X(row_, 7) X(row_, 8)
#define EACH_TAP(X) X(0, 0) X(0, 1) X(0, 2) X(1, 0) X(1, 1) X(1, 2) X(2, 0) X(2, 1) X(2, 2)

/* Floats at p, of which there may be none: then zeros. Even so p lies in the input: processors take long over a page
 * that is not there, though they need nothing of it. */
#define SOME(p_, lanes_) ((vec)_mm512_maskz_loadu_ps((__mmask16)((1u << (lanes_)) - 1), (p_)))

/* Sums, weights and columns are single variables and not arrays: compilers keep those in registers. */
#define WEIGHT(r_, t_) const vec w##r_##_##t_ = SOME(l->weights + ((r_)*3 + (t_)) * l->tap + k, lanes);
/* What the next two rows read is fetched meanwhile. */
#define OPEN(p_, a_, b_, c_)                                                                                           \
  vec upper##p_ = bias, lower##p_ = bias;                                                                              \
  if (pixels > (p_)) {                                                                                                 \
    __builtin_prefetch(x + 4 * l->row + (b_)*c, 0, 2);                                                                 \
    __builtin_prefetch(x + 5 * l->row + (b_)*c, 0, 2);                                                                 \
  }
/* Column i_ lies inside of the image, but perhaps the one behind the last pixel. */
#define COLUMN(row_, i_)                                                                                               \
  const vec x##i_ = pixels + 1 < (i_) ? zero                                                                           \
                  : pixels + 1 == (i_) ? SOME(from + (last ? (i_)-1 : (i_)) * c, last ? 0 : row_)                      \
                                       : SOME(from + (i_)*c, row_);
#define UPPER(r_, p_, a_, b_, c_)                                                                                      \
  if (pixels > (p_)) {                                                                                                 \
    upper##p_ += w##r_##_0 * x##a_;                                                                                    \
    upper##p_ += w##r_##_1 * x##b_;                                                                                    \
    upper##p_ += w##r_##_2 * x##c_;                                                                                    \
  }
#define LOWER(r_, p_, a_, b_, c_)                                                                                      \
  if (pixels > (p_)) {                                                                                                 \
    lower##p_ += w##r_##_0 * x##a_;                                                                                    \
    lower##p_ += w##r_##_1 * x##b_;                                                                                    \
    lower##p_ += w##r_##_2 * x##c_;                                                                                    \
  }
#define UPPER_0(p_, a_, b_, c_) UPPER(0, p_, a_, b_, c_)
#define UPPER_1(p_, a_, b_, c_) UPPER(1, p_, a_, b_, c_)
#define UPPER_2(p_, a_, b_, c_) UPPER(2, p_, a_, b_, c_)
#define LOWER_0(p_, a_, b_, c_) LOWER(0, p_, a_, b_, c_)
#define LOWER_1(p_, a_, b_, c_) LOWER(1, p_, a_, b_, c_)
#define LOWER_2(p_, a_, b_, c_) LOWER(2, p_, a_, b_, c_)
/* A row of the input, whose lanes are none outside of the image. */
#define ROW(lanes_, adds_)                                                                                             \
  {                                                                                                                    \
    const int row = (lanes_);                                                                                          \
    const float *const from = row > 0 ? x : middle;                                                                    \
    const vec x0 = SOME(at > 0 ? from : from + c, at > 0 ? row : 0);                                                   \
    EACH_COLUMN(COLUMN, row)                                                                                           \
    adds_                                                                                                              \
    x += l->row;                                                                                                       \
  }
#define FINISH(sum_, to_)                                                                                              \
  if (l->add_residual) {                                                                                               \
    sum_ += lanes_load((to_) + l->to_residual, lanes);                                                                 \
  }                                                                                                                    \
  if (l->clamped) {                                                                                                    \
    sum_ = vec_clamp(sum_, zero, ceiling);                                                                             \
  }                                                                                                                    \
  lanes_store(to_, sum_, lanes);
#define CLOSE(p_, a_, b_, c_)                                                                                          \
  if (pixels > (p_)) {                                                                                                 \
    FINISH(upper##p_, out + (p_)*l->out_pixel)                                                                         \
    if (two) {                                                                                                         \
      FINISH(lower##p_, out + l->out_row + (p_)*l->out_pixel)                                                          \
    }                                                                                                                  \
  }

/* Outputs [at, at + pixels) of rows y and y + 1, channels [k, k + lanes). */
CPU_INLINE void run_tile(const depthwise_pair *l, int y, int at, int k, int pixels, int lanes)
{
  const ptrdiff_t c = l->c;
  const bool two = y + 1 < l->h, last = at + pixels == l->w;
  const float *const middle = l->in + (y * l->row + (at - 1) * c + k), *x = middle - l->row;
  float *out = l->out + (y * l->out_row + at * l->out_pixel + k);
  const vec zero = { 0 }, ceiling = zero + l->ceiling, bias = l->bias ? SOME(l->bias + k, lanes) : zero;
  EACH_TAP(WEIGHT)
  EACH_PIXEL(OPEN)
  ROW(y > 0 ? lanes : 0, EACH_PIXEL(UPPER_0))
  ROW(lanes, EACH_PIXEL(UPPER_1) EACH_PIXEL(LOWER_0))
  ROW(two ? lanes : 0, EACH_PIXEL(UPPER_2) EACH_PIXEL(LOWER_1))
  ROW(y + 2 < l->h ? lanes : 0, EACH_PIXEL(LOWER_2))
  EACH_PIXEL(CLOSE)
}

#define BLOCK(pixels_)                                                                                                 \
  static void block_##pixels_(const depthwise_pair *l, int y, int at)                                                  \
  {                                                                                                                    \
    int k = 0;                                                                                                         \
    for (; k + VL <= l->c; k += VL) {                                                                                  \
      run_tile(l, y, at, k, pixels_, VL);                                                                              \
    }                                                                                                                  \
    if (k < l->c) {                                                                                                    \
      run_tile(l, y, at, k, pixels_, (int)l->c - k);                                                                   \
    }                                                                                                                  \
  }
#define EACH_SIZE(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
EACH_SIZE(BLOCK)

void CPU_OP(depthwise_pair_run)(const depthwise_pair *l, int y)
{
#define BY_SIZE(pixels_) block_##pixels_,
  typedef void (*block_fn)(const depthwise_pair *l, int y, int at);
  static const block_fn by_size[PIXELS + 1] = { NULL, EACH_SIZE(BY_SIZE) };
  const int blocks = (l->w + PIXELS - 1) / PIXELS;
  for (int i = 0; i < blocks; i++) {
    const int at = (int)((int64_t)l->w * i / blocks), next = (int)((int64_t)l->w * (i + 1) / blocks);
    by_size[next - at](l, y, at);
  }
}

#endif
