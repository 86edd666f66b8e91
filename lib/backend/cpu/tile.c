#include "backend/cpu/tile.h"

#include "backend/cpu/pieces.h"
#include "backend/cpu/vec_math.h"

#include <math.h>

static void activate(float *v, int n, slim_activation_kind kind)
{
  for (int j = 0; j < n; j++) {
    switch (kind) {
    case SLIM_ACTIVATION_RELU:
      v[j] = v[j] < 0.0f ? 0.0f : v[j];
      break;
    case SLIM_ACTIVATION_RELU6:
      v[j] = v[j] < 0.0f ? 0.0f : v[j] > 6.0f ? 6.0f : v[j];
      break;
    case SLIM_ACTIVATION_SIGMOID:
      v[j] = cpu_sigmoid(v[j]);
      break;
    case SLIM_ACTIVATION_ELU:
      v[j] = cpu_elu(v[j]);
      break;
    default:
      v[j] = cpu_tanh(v[j]);
      break;
    }
  }
}

static void add(float *sum, const float *more, int n)
{
  for (int j = 0; j < n; j++) {
    sum[j] += more[j];
  }
}

/* Any tile: sums are rows of TILE_COLUMNS. */
static void store_any(const tile *t, int rows, float *sums)
{
  const int n = t->columns;
  for (int r = 0; r < rows; r++) {
    float *c = t->c[r] + t->column, *sum = sums + r * TILE_COLUMNS;
    if (t->accumulate) {
      add(sum, c, n);
    }
    if (t->bias) {
      add(sum, t->bias + t->column, n);
    }
    if (t->add_residual) {
      add(sum, c + t->to_residual, n);
    }
    if (t->activation != SLIM_ACTIVATION_NONE) {
      activate(sum, n, t->activation);
    }
    for (int j = 0; j < n; j++) {
      c[j] = sum[j];
    }
  }
}

/* The accumulators are single variables, r0_0 to r13_1, and not an array: compilers keep those in registers. */
#if TILE_ROWS == 14
#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)
#elif TILE_ROWS == 12
#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#else
#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5)
#endif

/* Sums begin with the bias, where the end is FINISH's for a whole tile. */
#define DECLARE_SUMS                                                                                                   \
  const bool whole = t->columns == vectors * VL && t->activation <= SLIM_ACTIVATION_RELU6;                             \
  vec bias0 = { 0 }, bias1 = { 0 };                                                                                    \
  if (t->bias && whole) {                                                                                              \
    bias0 = vec_load(t->bias + t->column);                                                                             \
    bias1 = vec_load(t->bias + t->column + (vectors - 1) * VL);                                                        \
  }                                                                                                                    \
  EACH_ROW(DECLARE)
#define DECLARE(r_) vec r##r_##_0 = bias0, r##r_##_1 = bias1;

#define MULTIPLY(r_, a_)                                                                                               \
  if (rows > (r_)) {                                                                                                   \
    const float a = (a_);                                                                                              \
    r##r_##_0 += a * b0;                                                                                               \
    if (vectors > 1) {                                                                                                 \
      r##r_##_1 += a * b1;                                                                                             \
    }                                                                                                                  \
  }

#define ADD_MORE(r_)                                                                                                   \
  if (rows > (r_)) {                                                                                                   \
    r##r_##_0 += vec_load(t->more + (r_)*TILE_COLUMNS);                                                                \
    if (vectors > 1) {                                                                                                 \
      r##r_##_1 += vec_load(t->more + (r_)*TILE_COLUMNS + VL);                                                         \
    }                                                                                                                  \
  }

#define ADD_C(r_)                                                                                                      \
  if (rows > (r_)) {                                                                                                   \
    r##r_##_0 += vec_load(t->c[r_] + t->column);                                                                       \
    if (vectors > 1) {                                                                                                 \
      r##r_##_1 += vec_load(t->c[r_] + t->column + VL);                                                                \
    }                                                                                                                  \
  }

#define ADD_RESIDUAL(r_)                                                                                               \
  if (rows > (r_)) {                                                                                                   \
    r##r_##_0 += vec_load(t->c[r_] + t->column + t->to_residual);                                                      \
    if (vectors > 1) {                                                                                                 \
      r##r_##_1 += vec_load(t->c[r_] + t->column + VL + t->to_residual);                                               \
    }                                                                                                                  \
  }

#define STORE(r_)                                                                                                      \
  if (rows > (r_)) {                                                                                                   \
    vec_store(t->c[r_] + t->column, vec_clamp(r##r_##_0, floor, top));                                                 \
    if (vectors > 1) {                                                                                                 \
      vec_store(t->c[r_] + t->column + VL, vec_clamp(r##r_##_1, floor, top));                                          \
    }                                                                                                                  \
  }

#define STREAM(r_)                                                                                                     \
  if (rows > (r_)) {                                                                                                   \
    vec_stream(t->c[r_] + t->column, vec_clamp(r##r_##_0, floor, top));                                                \
    if (vectors > 1) {                                                                                                 \
      vec_stream(t->c[r_] + t->column + VL, vec_clamp(r##r_##_1, floor, top));                                         \
    }                                                                                                                  \
  }

#define SPILL(r_)                                                                                                      \
  if (rows > (r_)) {                                                                                                   \
    vec_store(sums + (r_)*TILE_COLUMNS, r##r_##_0);                                                                    \
    vec_store(sums + (r_)*TILE_COLUMNS + VL, r##r_##_1);                                                               \
  }

/* A whole tile that ends with a clamp at most, or any tile. */
#define FINISH                                                                                                         \
  if (t->more) {                                                                                                       \
    EACH_ROW(ADD_MORE)                                                                                                 \
  }                                                                                                                    \
  if (whole) {                                                                                                         \
    const vec zero = { 0 }, floor = zero + (t->activation == SLIM_ACTIVATION_NONE ? -HUGE_VALF : 0.0f);                \
    const vec top = zero + (t->activation == SLIM_ACTIVATION_RELU6 ? 6.0f : HUGE_VALF);                                \
    if (t->accumulate) {                                                                                               \
      EACH_ROW(ADD_C)                                                                                                  \
    }                                                                                                                  \
    if (t->add_residual) {                                                                                             \
      EACH_ROW(ADD_RESIDUAL)                                                                                           \
    }                                                                                                                  \
    if (t->stream) {                                                                                                   \
      EACH_ROW(STREAM)                                                                                                 \
    } else {                                                                                                           \
      EACH_ROW(STORE)                                                                                                  \
    }                                                                                                                  \
  } else {                                                                                                             \
    float sums[TILE_ROWS * TILE_COLUMNS];                                                                              \
    EACH_ROW(SPILL)                                                                                                    \
    store_any(t, rows, sums);                                                                                          \
  }

/* Where there are more rows than registers for their addresses, these are read from memory: gcc would keep some in
 * vectors, from where each takes a multiplication's turn. */
#if defined(__AVX512F__)
#define ROWS_HELD 7
#else
#define ROWS_HELD TILE_ROWS
#endif
#define ROW_POINTER(r_)                                                                                                \
  const float *const a##r_ = rows > (r_) ? row[r_] : NULL;                                                             \
  if (rows > (r_) && (r_) >= ROWS_HELD) {                                                                              \
    further[r_] = a##r_;                                                                                               \
  }
#define BY_ROWS(r_) MULTIPLY(r_, ((r_) < ROWS_HELD ? a##r_ : further[r_])[k])

#define BY_COLUMNS(r_) MULTIPLY(r_, a_column[r_])

/* Columns lie far apart, and often rows of b too: no cache fetches them by itself. */
#define COLUMNS_AHEAD 8
#define NEXT_OF_COLUMNS                                                                                                \
  a_column += stride;                                                                                                  \
  __builtin_prefetch(a_column + COLUMNS_AHEAD * stride);                                                               \
  __builtin_prefetch(b + COLUMNS_AHEAD * b_step);                                                                      \
  if (vectors * VL > 16) {                                                                                             \
    __builtin_prefetch(b + COLUMNS_AHEAD * b_step + 16);                                                               \
  }

/* The rows' multiplications at k. */
#define STEP(row_)                                                                                                     \
  const vec b0 = vec_load(b), b1 = vec_load(b + (vectors - 1) * VL);                                                   \
  EACH_ROW(row_)                                                                                                       \
  b += b_step;

#define FETCH_AHEAD                                                                                                    \
  __builtin_prefetch(ahead, 0, 2);                                                                                     \
  if (TILE_COLUMNS > 16) {                                                                                             \
    __builtin_prefetch(ahead + 16, 0, 2);                                                                              \
  }                                                                                                                    \
  ahead += ahead_step;

/* The same for two k: a single fetch where it covers both. */
#define FETCH_TWO_AHEAD                                                                                                \
  FETCH_AHEAD                                                                                                          \
  if (ahead_step > TILE_COLUMNS / 2) {                                                                                 \
    FETCH_AHEAD                                                                                                        \
  } else {                                                                                                             \
    ahead += ahead_step;                                                                                               \
  }

/* C is written, and it or a residual perhaps read, at the end: time enough to fetch a row of one at each of the first k.
 * All at once they would take the places in which the panels' own lines arrive. */
#define FETCH_LINE                                                                                                     \
  {                                                                                                                    \
    const bool of_c = line < rows_of_c;                                                                                \
    const float *const fetch = t->c[of_c ? line : line - rows_of_c] + t->column + (of_c ? 0 : t->to_residual);         \
    __builtin_prefetch(fetch);                                                                                         \
    if (vectors * VL > 16) {                                                                                           \
      __builtin_prefetch(fetch + 16);                                                                                  \
    }                                                                                                                  \
    line++;                                                                                                            \
  }

/* Rows that are fetched: none of a C that goes past the caches. */
#define DECLARE_LINES                                                                                                  \
  const int rows_of_c = t->stream ? 0 : rows, lines = rows_of_c + (t->add_residual ? rows : 0);                        \
  int line = 0;

/* From k to end: the first with lines of C, the rest with what is ahead, or with nothing that takes a turn. */
#define EACH_K(row_, next_)                                                                                            \
  const int fetched = at_most(lines - line, t->depth);                                                                 \
  for (const ptrdiff_t fetched_end = k + fetched; k < fetched_end; k++) {                                              \
    FETCH_LINE                                                                                                         \
    STEP(row_)                                                                                                         \
    FETCH_AHEAD                                                                                                        \
    next_                                                                                                              \
  }                                                                                                                    \
  if (t->ahead) {                                                                                                      \
    for (; k < end; k++) {                                                                                             \
      STEP(row_)                                                                                                       \
      FETCH_AHEAD                                                                                                      \
      next_                                                                                                            \
    }                                                                                                                  \
  } else {                                                                                                             \
    for (; k < end; k++) {                                                                                             \
      STEP(row_)                                                                                                       \
      next_                                                                                                            \
    }                                                                                                                  \
  }

CPU_INLINE void by_rows(const tile *t, const float *const *row, int rows, int vectors)
{
  const float *b = t->b;
  const size_t b_step = (size_t)(vectors * VL) + t->b_gap;
  const float *ahead = t->ahead ? t->ahead : b;
  const size_t ahead_step = t->ahead ? t->ahead_step : 0;
  DECLARE_SUMS
  DECLARE_LINES
  for (int s = 0; s < t->segments; s++) {
    ptrdiff_t k = t->offset[s];
    const ptrdiff_t end = k + t->depth;
    const float *volatile further[TILE_ROWS];
    EACH_ROW(ROW_POINTER)
    EACH_K(BY_ROWS, )
    ahead += t->ahead_jump;
  }
  FINISH
}

#if ROWS_HELD < TILE_ROWS
/* Even rows are found from every fifth: no address is read from memory, and few are counted up. */
#define EVEN_ROW(r_)                                                                                                   \
  ((const float *)((const char *)((r_) < 5 ? a0 : (r_) < 10 ? a5 : a10) + ((r_) % 5 == 3 ? thrice : (r_) % 5 * step)))
#define BY_EVEN_ROWS(r_) MULTIPLY(r_, EVEN_ROW(r_)[0])
#define BY_EVEN_ROWS_AFTER(r_) MULTIPLY(r_, EVEN_ROW(r_)[1])
#define NEXT_OF_EVEN_ROWS(n_)                                                                                          \
  k += (n_);                                                                                                           \
  a0 += (n_);                                                                                                          \
  a5 += (n_);                                                                                                          \
  a10 += (n_);                                                                                                         \
  CPU_KEEP(a0);                                                                                                        \
  CPU_KEEP(a5);                                                                                                        \
  CPU_KEEP(a10);                                                                                                       \
  CPU_KEEP(step);

/* Two k at a time share what is counted up, and the jump. */
#define TWO_EVEN_STEPS                                                                                                 \
  {                                                                                                                    \
    STEP(BY_EVEN_ROWS)                                                                                                 \
  }                                                                                                                    \
  {                                                                                                                    \
    STEP(BY_EVEN_ROWS_AFTER)                                                                                           \
  }                                                                                                                    \
  NEXT_OF_EVEN_ROWS(2)

CPU_INLINE void by_even_rows(const tile *t, int rows, int vectors)
{
  const float *b = t->b;
  const size_t b_step = (size_t)(vectors * VL) + t->b_gap;
  const ptrdiff_t stride = (ptrdiff_t)t->stride;
  ptrdiff_t step = stride * (ptrdiff_t)sizeof *t->a, thrice = 3 * step; /* bytes, which addresses hold times 2 and 4 */
  CPU_KEEP(thrice);
  const float *ahead = t->ahead ? t->ahead : b;
  const size_t ahead_step = t->ahead ? t->ahead_step : 0;
  DECLARE_SUMS
  DECLARE_LINES
  for (int s = 0; s < t->segments; s++) {
    const float *a0 = t->a + t->offset[s], *a5 = a0 + 5 * stride, *a10 = a5 + 5 * stride;
    const ptrdiff_t end = t->depth;
    ptrdiff_t k = 0;
    while (line < lines && k + 1 < end) {
      FETCH_LINE
      if (line < lines) {
        FETCH_LINE
      }
      FETCH_TWO_AHEAD
      TWO_EVEN_STEPS
    }
    if (t->ahead) {
      while (k + 1 < end) {
        FETCH_TWO_AHEAD
        TWO_EVEN_STEPS
      }
    } else {
      while (k + 1 < end) {
        TWO_EVEN_STEPS
      }
    }
    if (k < end) {
      STEP(BY_EVEN_ROWS)
      FETCH_AHEAD
      NEXT_OF_EVEN_ROWS(1)
    }
    ahead += t->ahead_jump;
  }
  FINISH
}
#else
CPU_INLINE void by_even_rows(const tile *t, int rows, int vectors)
{
  const float *row[TILE_ROWS];
  for (int r = 0; r < rows; r++) {
    row[r] = t->a + (size_t)r * t->stride;
  }
  by_rows(t, row, rows, vectors);
}
#endif

CPU_INLINE void by_columns(const tile *t, int rows, int vectors)
{
  const float *b = t->b;
  const size_t b_step = (size_t)(vectors * VL) + t->b_gap, stride = t->stride;
  const float *ahead = t->ahead ? t->ahead : b;
  const size_t ahead_step = t->ahead ? t->ahead_step : 0;
  DECLARE_SUMS
  DECLARE_LINES
  for (int s = 0; s < t->segments; s++) {
    const float *a_column = t->base[s];
    const ptrdiff_t end = t->depth;
    ptrdiff_t k = 0;
    b = t->b_rows ? t->b_rows[s] : b;
    EACH_K(BY_COLUMNS, NEXT_OF_COLUMNS)
  }
  FINISH
}

#define KERNEL(name_, rows_, call_)                                                                                    \
  static void name_##rows_(const tile *t)                                                                              \
  {                                                                                                                    \
    call_;                                                                                                             \
  }
#define KERNELS(rows_)                                                                                                 \
  KERNEL(rows_narrow_, rows_, by_rows(t, t->rows, rows_, 1))                                                           \
  KERNEL(rows_wide_, rows_, by_rows(t, t->rows, rows_, 2))                                                             \
  KERNEL(even_rows_narrow_, rows_, by_even_rows(t, rows_, 1))                                                          \
  KERNEL(even_rows_wide_, rows_, by_even_rows(t, rows_, 2))                                                            \
  KERNEL(columns_narrow_, rows_, by_columns(t, rows_, 1))                                                              \
  KERNEL(columns_wide_, rows_, by_columns(t, rows_, 2))

#if TILE_ROWS == 14
#define EACH_HEIGHT(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#elif TILE_ROWS == 12
#define EACH_HEIGHT(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#else
#define EACH_HEIGHT(X) X(1) X(2) X(3) X(4) X(5) X(6)
#endif

EACH_HEIGHT(KERNELS)

#define ROWS_NARROW(rows_) rows_narrow_##rows_,
#define ROWS_WIDE(rows_) rows_wide_##rows_,
#define EVEN_ROWS_NARROW(rows_) even_rows_narrow_##rows_,
#define EVEN_ROWS_WIDE(rows_) even_rows_wide_##rows_,
#define COLUMNS_NARROW(rows_) columns_narrow_##rows_,
#define COLUMNS_WIDE(rows_) columns_wide_##rows_,

const tile_fn CPU_OP(tile_rows)[2][TILE_ROWS] = { { EACH_HEIGHT(ROWS_NARROW) }, { EACH_HEIGHT(ROWS_WIDE) } };
const tile_fn CPU_OP(tile_even_rows)[2][TILE_ROWS] = { { EACH_HEIGHT(EVEN_ROWS_NARROW) },
                                                       { EACH_HEIGHT(EVEN_ROWS_WIDE) } };
const tile_fn CPU_OP(tile_columns)[2][TILE_ROWS] = { { EACH_HEIGHT(COLUMNS_NARROW) }, { EACH_HEIGHT(COLUMNS_WIDE) } };
