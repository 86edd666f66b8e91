/* The second stage of winograd.cl: panels of outputs from the inputs of a block of tiles. */
#include "common.h"
#include "deal.h"
#include "winograd_taps.h"
#include "winograd_tile.h"

#if SLIM_CLASS == 0
/* Is a row of points made while the one before is multiplied? That takes 32 registers. */
#define SLIM_WINOGRAD_MAKES (SLIM_WIDTH == 16 && SLIM_WINOGRAD_N == 6 && SLIM_WINOGRAD_TAPS == 3)

SLIM_WINOGRAD_FILTER_ROW(filter_row, __local, __local)
SLIM_WINOGRAD_FILTER_ROW(filter_packed_row, __global, __local)

#if SLIM_WINOGRAD_MAKES
/* Makes a channel of the row of points, if one is left. */
#define MAKE_CHANNEL_(space_)                                                                                          \
  if (m->left > 0) {                                                                                                   \
    for (int at = 0; at < SLIM_GEMM_COLUMNS; at += SLIM_WIDTH) {                                                       \
      SLIM_FLOATW all[SLIM_WINOGRAD_N];                                                                                \
      if (m->mixed) {                                                                                                  \
        SLIM_WINOGRAD_ROW_POINTS_(space_, m->taps + at, m->power, 0, SLIM_WINOGRAD_TAPS - 1, all)                      \
      } else {                                                                                                         \
        SLIM_WINOGRAD_ROW_POINTS_(space_, m->taps + at, m->power, 0, 0, all)                                           \
      }                                                                                                                \
      SLIM_UNROLL                                                                                                      \
      for (int i = 0; i < SLIM_WINOGRAD_N; i++) {                                                                      \
        SLIM_STOREW(all[i], 0, m->to + i * m->step + at);                                                              \
      }                                                                                                                \
    }                                                                                                                  \
    m->taps += SLIM_WINOGRAD_TAPS_STEP;                                                                                \
    m->to += SLIM_GEMM_COLUMNS;                                                                                        \
    m->left--;                                                                                                         \
  }
#else
#define MAKE_CHANNEL_(space_)
#endif

/* As SLIM_WINOGRAD_MULTIPLY_BY, while the tiles' inputs at the next point, ahead floats behind, are fetched: those of all
 * points, which every panel reads again, are more than a core's cache holds. And while a row of points is made: alone
 * that would wait for its stores. */
#define MULTIPLY(name_, making_, space_)                                                                               \
  typedef struct making_ {                                                                                             \
    space_ const float *taps; /* of the next channel */                                                                \
    __local float *to;                                                                                                 \
    int step, left; /* from point to point; channels */                                                                \
    bool mixed;     /* of all rows of taps, or of one */                                                               \
    float power[5];                                                                                                    \
  } making_;                                                                                                           \
  static inline void name_(__global const float *a, __local const float *b, __global float *product,                   \
                           const int channels, const int plane, const int rows, const int columns, const bool adds,    \
                           const size_t ahead, making_ *m)                                                             \
  {                                                                                                                    \
    SLIM_WINOGRAD_BY_ROWS_(SLIM_WINOGRAD_FETCH_TILES_, MAKE_CHANNEL_(space_))                                          \
  }
MULTIPLY(multiply_local, making_local, __local)
MULTIPLY(multiply_packed, making_packed, __global)

/* What is made of a task of the second stage: tiles [begin, begin + tiles) of the block in a panel of outputs from o on. */
typedef struct panel {
  int o, columns, begin, tiles;
  int first;   /* number of the first tile, of all */
  size_t step; /* between the points of its products */
} panel;

/* Panel number number of a task. */
static inline panel panel_of(const slim_winograd_params p, const int3 task, const int number)
{
  const int o = (task.x * p.panels + number) * SLIM_GEMM_COLUMNS, begin = task.y * p.part;
  const panel t = { o, clamp(p.o - o, 0, SLIM_GEMM_COLUMNS), begin,
                    min(p.part, min(p.block, p.tiles - p.first) - begin), p.first + begin,
                    slim_winograd_products_step(p.part) };
  return t;
}

/* A step of a task: its panels meet some channels' inputs one after another, while these are near, then the next
 * channels'. Behind its last one comes the first of the task that the group probably takes next. */
typedef struct turn {
  panel t;
  int number, k, depth; /* of the panel; channels [k, k + depth) */
} turn;

static inline int turns_of(const slim_winograd_params p, const int3 task)
{
  return slim_winograd_panels(p, p.o - task.x * p.panels * SLIM_GEMM_COLUMNS) * ((p.c + p.depth - 1) / p.depth);
}

static inline turn turn_of(const slim_winograd_params p, const int3 task, const int i)
{
  const int panels = slim_winograd_panels(p, p.o - task.x * p.panels * SLIM_GEMM_COLUMNS);
  const bool inside = i < turns_of(p, task);
  const int number = inside ? i % panels : 0, k = inside ? i / panels * p.depth : 0;
  const int3 later = (int3)(task.x + (int)get_num_groups(0), task.y, task.z);
  const turn now = { panel_of(p, inside ? task : later, number), number, k, min(p.depth, p.c - k) };
  return now;
}

#define EACH_SUM_(p_, t_)                                                                                              \
  SLIM_UNROLL                                                                                                          \
  for (int p_ = 0; p_ < SLIM_WINOGRAD_N; p_++)                                                                         \
    SLIM_UNROLL                                                                                                        \
    for (int t_ = 0; t_ < SLIM_WINOGRAD_FEW; t_++)
/* Of four tiles that are cut off below, whole, at the right, and both ways: is number t_ needed at point p_ of a row, the
 * last of them or not? In a twin slim_..._whole_... all are. */
#ifdef SLIM_WINOGRAD_WHOLE
#define FEW_NEEDED_(last_row_, p_, t_) true
#else
#define FEW_NEEDED_(last_row_, p_, t_)                                                                                 \
  ((!(last_row_) || (t_) == 1 || (t_) == 2) && ((p_) < SLIM_WINOGRAD_N - 1 || (t_) < 2))
#endif
/* Adds depth channels to the products of those by a vector of outputs, a side of a panel, in a row of points: each is
 * multiplied as soon as it is made. */
#define SUM_SOME_(space_, first_, last_)                                                                               \
  for (int c = 0; c < depth; c += SLIM_WIDTH, v += slim_winograd_plane(SLIM_WINOGRAD_FEW)) {                           \
    slim_winograd_next_taps(next, ((row * 2 + side) * depth + c) / SLIM_WIDTH,                                         \
                            SLIM_WINOGRAD_N * 2 * depth / SLIM_WIDTH);                                                 \
    for (int k = 0; k < SLIM_WIDTH; k++, taps += SLIM_WINOGRAD_TAPS_STEP) {                                            \
      SLIM_WINOGRAD_ROW_POINTS_(space_, taps, power, first_, last_, all)                                               \
      EACH_SUM_(p, t)                                                                                                  \
      if (FEW_NEEDED_((first_) > 0, p, t)) {                                                                           \
        sums[p][t] = fma((SLIM_FLOATW)(v[p * v_step + t * SLIM_WIDTH + k]), all[p], sums[p][t]);                       \
      }                                                                                                                \
    }                                                                                                                  \
  }
#define SUM_ROW(name_, space_)                                                                                         \
  SLIM_APART void name_(__global const float *v, const size_t v_step, space_ const float *taps,                        \
                        __global float *products, const size_t step, const int row, const int side, const int depth,   \
                        const bool adds, const slim_winograd_ahead next)                                               \
  {                                                                                                                    \
    SLIM_FLOATW sums[SLIM_WINOGRAD_N][SLIM_WINOGRAD_FEW], all[SLIM_WINOGRAD_N];                                        \
    float power[5];                                                                                                    \
    slim_winograd_row_powers(row, power);                                                                              \
    EACH_SUM_(p, t) { sums[p][t] = (SLIM_FLOATW)(0.0f); }                                                              \
    if (row < SLIM_WINOGRAD_ZERO) {                                                                                    \
      SUM_SOME_(space_, 0, 0)                                                                                          \
    } else if (row < SLIM_WINOGRAD_N - 1) {                                                                            \
      SUM_SOME_(space_, 0, SLIM_WINOGRAD_TAPS - 1)                                                                     \
    } else {                                                                                                           \
      SUM_SOME_(space_, SLIM_WINOGRAD_TAPS - 1, SLIM_WINOGRAD_TAPS - 1)                                                \
    }                                                                                                                  \
    EACH_SUM_(p, t)                                                                                                    \
    {                                                                                                                  \
      __global float *to = products + p * step + t * SLIM_GEMM_COLUMNS;                                                \
      SLIM_STOREW(adds ? SLIM_LOADW(0, to) + sums[p][t] : sums[p][t], 0, to);                                          \
    }                                                                                                                  \
  }
SUM_ROW(sum_row, __local)
SUM_ROW(sum_packed_row, __global)

/* Adds depth channels from k on to the products of a panel. u: a row of points of as many channels, or two of p.depth:
 * of the first row, so many are made already. Returns how many are of the first row behind, of more channels at later
 * taps: they are made while the last row is multiplied. */
#define SUM_PANEL(name_, space_, FILTER_, making_, multiply_)                                                          \
  SLIM_APART int name_(__global const float *v, space_ const float *taps, __global float *products, __local float *u,  \
                       const slim_winograd_params p, const panel t, const int k, const int depth,                      \
                       const slim_winograd_ahead next, const int already, space_ const float *later, const int more)   \
  {                                                                                                                    \
    const size_t v_step = slim_winograd_inputs_step(p.block, p.c);                                                     \
    const int step = depth * SLIM_GEMM_COLUMNS, row_step = SLIM_WINOGRAD_N * p.depth * SLIM_GEMM_COLUMNS;              \
    const int shares = next.to == 0 ? (t.tiles + p.rows - 1) / p.rows : 1; /* many fetches at once take long */        \
    making_ making;                                                                                                    \
    making.left = depth - already;                                                                                     \
    v += k / SLIM_WIDTH * slim_winograd_plane(p.block);                                                                \
    for (int i = 0; i < SLIM_WINOGRAD_POINTS; i++) {                                                                   \
      const int row = i / SLIM_WINOGRAD_N, made = SLIM_WINOGRAD_MAKES ? depth - making.left : 0;                       \
      __local float *now = u + (SLIM_WINOGRAD_MAKES ? row % 2 * row_step : 0);                                         \
      if (i % SLIM_WINOGRAD_N == 0) {                                                                                  \
        FILTER_(taps + made * SLIM_WINOGRAD_TAPS_STEP, now + made * SLIM_GEMM_COLUMNS, step, row, depth - made,        \
                t.columns);                                                                                            \
        const int then = row + 1 < SLIM_WINOGRAD_N ? row + 1 : 0;                                                      \
        const int first = then == SLIM_WINOGRAD_N - 1 ? SLIM_WINOGRAD_TAPS - 1 : 0;                                    \
        const int channels = then > 0 ? depth : more;                                                                  \
        making.taps = (then > 0 ? taps : later) + first * SLIM_WINOGRAD_TAPS * SLIM_GEMM_COLUMNS;                      \
        making.to = u + then % 2 * row_step;                                                                           \
        making.step = channels * SLIM_GEMM_COLUMNS;                                                                    \
        making.left = SLIM_WINOGRAD_MAKES ? channels : 0;                                                              \
        making.mixed = then > 0 && then < SLIM_WINOGRAD_N - 1;                                                         \
        slim_winograd_row_powers(then, making.power);                                                                  \
      }                                                                                                                \
      const slim_winograd_span at = slim_winograd_tiles_at(p.order, SLIM_WINOGRAD_N, i, t.first, t.tiles);             \
      int share = i * shares;                                                                                          \
      for (int tile = at.begin; tile < at.end; tile += p.rows) {                                                       \
        if (share < (i + 1) * shares) {                                                                                \
          slim_winograd_next_taps(next, share++, SLIM_WINOGRAD_POINTS * shares);                                       \
        }                                                                                                              \
        multiply_(v + i * v_step + (t.begin + tile) * SLIM_WIDTH, now + i % SLIM_WINOGRAD_N * step,                    \
                  products + i * t.step + tile * SLIM_GEMM_COLUMNS, depth, slim_winograd_plane(p.block),               \
                  min(p.rows, at.end - tile), t.columns, k > 0, v_step, &making);                                      \
      }                                                                                                                \
      for (; share < (i + 1) * shares; share++) {                                                                      \
        slim_winograd_next_taps(next, share, SLIM_WINOGRAD_POINTS * shares);                                           \
      }                                                                                                                \
    }                                                                                                                  \
    return SLIM_WINOGRAD_MAKES ? more - making.left : 0;                                                               \
  }
SUM_PANEL(sum_panel, __local, filter_row, making_local, multiply_local)
SUM_PANEL(sum_packed_panel, __global, filter_packed_row, making_packed, multiply_packed)

/* The same of four tiles, without u. */
#define SUM_FEW(name_, space_, ROW_)                                                                                   \
  SLIM_APART void name_(__global const float *v, space_ const float *taps, __global float *products,                   \
                        const slim_winograd_params p, const panel t, const int k, const int depth,                     \
                        const slim_winograd_ahead next)                                                                \
  {                                                                                                                    \
    const size_t v_step = slim_winograd_inputs_step(p.block, p.c);                                                     \
    v += k / SLIM_WIDTH * slim_winograd_plane(SLIM_WINOGRAD_FEW);                                                      \
    for (int row = 0; row < SLIM_WINOGRAD_N; row++) {                                                                  \
      for (int o = 0; o < t.columns; o += SLIM_WIDTH) {                                                                \
        ROW_(v + row * SLIM_WINOGRAD_N * v_step, v_step, taps + o,                                                     \
             products + row * SLIM_WINOGRAD_N * t.step + o, t.step, row, o / SLIM_WIDTH, depth, k > 0, next);          \
      }                                                                                                                \
    }                                                                                                                  \
  }
SUM_FEW(sum_few, __local, sum_row)
SUM_FEW(sum_packed_few, __global, sum_packed_row)

/* Where a turn's taps lie that are read next; turned ones in rows of outputs. to: where they are copied; 0: they are
 * fetched. */
static inline slim_winograd_ahead taps_behind(__global const slim_weight *weights, const slim_winograd_params p,
                                              const turn then, __local float *to)
{
  const int columns = then.t.columns;
  const size_t at = p.turned ? (size_t)then.t.o * p.c + then.k : (size_t)then.k * p.o + then.t.o;
  const slim_winograd_ahead next = { weights + at, (size_t)p.c * p.o, p.turned ? columns : then.depth,
                                     p.turned ? p.c : p.o, p.turned ? then.depth : columns, to };
  return next;
}

/* The same of packed ones. */
static inline __global const float *packed_taps(__global const float *packed, const slim_winograd_params p,
                                                const turn now)
{
  return packed + (size_t)now.t.o * p.c * SLIM_WINOGRAD_ALL_TAPS + now.k * SLIM_WINOGRAD_TAPS_STEP;
}

static inline slim_winograd_ahead packed_behind(__global const float *packed, const slim_winograd_params p,
                                                const turn then)
{
  const int depth = then.t.columns > 0 ? then.depth : 0;
  const slim_winograd_ahead next = { packed_taps(packed, p, then), depth * SLIM_GEMM_COLUMNS, depth,
                                     SLIM_GEMM_COLUMNS, SLIM_GEMM_COLUMNS, 0 };
  return next;
}

SLIM_APART void close_panels(__global const float *products, __global const float *bias,
                             __global const float *residual, __global float *y, const slim_winograd_params p,
                             const panel t)
{
  slim_winograd_close_panels(products, t.step, bias, residual, y, p, t.first, t.tiles, t.o);
}

static inline size_t products_at(const slim_winograd_params p)
{
  return (SLIM_WINOGRAD_POINTS * slim_winograd_inputs_step(p.block, p.c) + 63) / 64 * 64;
}

/* What the kernels of panels read and write: a group's products, of one task after another, which so stay in a core's
 * own cache, lie behind v, at a multiple of 256 bytes, */
#define PANEL_PARAMETERS_(weights_)                                                                                    \
  SLIM_PLACED(float, v), SLIM_PLACED(const float, bias), SLIM_PLACED(const float, residual), SLIM_PLACED(float, y),    \
      const uint4 at, weights_, const slim_winograd_params p

#define OPEN_PANEL_                                                                                                    \
  SLIM_OPEN_PLACED(float, v, 0);                                                                                       \
  SLIM_OPEN_PLACED(const float, bias, 1);                                                                              \
  SLIM_OPEN_PLACED(const float, residual, 2);                                                                          \
  SLIM_OPEN_PLACED(float, y, 3);                                                                                       \
  const size_t panel_products = SLIM_WINOGRAD_POINTS * slim_winograd_products_step(p.part);                            \
  __global float *products = v + products_at(p) + get_group_id(0) * p.panels * panel_products;

/* and how: sum_ adds a turn's channels, whose taps are in place, to its products, at sums. Weights as they lie, */
#define PANEL_(sum_)                                                                                                   \
  SLIM_OPEN(const slim_weight, weights);                                                                               \
  OPEN_PANEL_                                                                                                          \
  SLIM_EACH_TASK(task)                                                                                                 \
  {                                                                                                                    \
    const int turns = turns_of(p, task);                                                                               \
    for (int i = 0; i < turns; i++) {                                                                                  \
      const turn now = turn_of(p, task, i);                                                                            \
      __local float *place = taps + i % p.places * p.depth * SLIM_WINOGRAD_TAPS_STEP,                                  \
                    *other = taps + (i + 1) % p.places * p.depth * SLIM_WINOGRAD_TAPS_STEP;                            \
      const slim_winograd_ahead next =                                                                                 \
          taps_behind(weights, p, turn_of(p, task, i + 1), p.places > 1 && i + 1 < turns ? other : 0);                 \
      __global float *sums = products + now.number * panel_products;                                                   \
      if (i == 0 || p.places == 1) {                                                                                   \
        slim_winograd_pack_taps(place, weights, p, now.k, now.depth, now.t.o, now.t.columns);                          \
      }                                                                                                                \
      sum_;                                                                                                            \
    }                                                                                                                  \
    close_panels(products, bias, residual, y, p, panel_of(p, task, 0));                                                \
  }

/* or packed by slim_conv2d_pack_f32, all channels together. */
#define PACKED_PANEL_(sum_)                                                                                            \
  OPEN_PANEL_                                                                                                          \
  SLIM_EACH_TASK(task)                                                                                                 \
  {                                                                                                                    \
    const int turns = turns_of(p, task);                                                                               \
    for (int i = 0; i < turns; i++) {                                                                                  \
      const turn now = turn_of(p, task, i);                                                                            \
      __global const float *place = packed_taps(packed, p, now);                                                       \
      const slim_winograd_ahead next = packed_behind(packed, p, turn_of(p, task, i + 1));                              \
      __global float *sums = products + now.number * panel_products;                                                   \
      sum_;                                                                                                            \
    }                                                                                                                  \
    close_panels(products, bias, residual, y, p, panel_of(p, task, 0));                                                \
  }

/* A task: panels of outputs, a part of the tiles of the block.
 * taps: p.places of what slim_winograd_pack_taps makes. */
__kernel void slim_winograd_panels_f32(PANEL_PARAMETERS_(SLIM_TENSOR(const slim_weight, weights)), __local float *taps,
                                       __local float *u, SLIM_DEALT)
{
  PANEL_(sum_panel(v, place, sums, u, p, now.t, now.k, now.depth, next, 0, place, 0))
}

/* The same with packed weights. */
__kernel void slim_winograd_packed_f32(PANEL_PARAMETERS_(__global const float *packed), __local float *u, SLIM_DEALT)
{
  int made = 0;
  PACKED_PANEL_(made = sum_packed_panel(v, place, sums, u, p, now.t, now.k, now.depth, next, made, next.from,
                                        i + 1 < turns ? next.rows : 0))
}

/* The same of p.panels panels a task, with weights that slim_winograd_weights_f32 transformed. */
SLIM_APART void make_panels(__global const float *v, __global const float *u, __global float *products,
                            __global const float *bias, __global const float *residual, __global float *y,
                            const slim_winograd_params p, const panel t)
{
  slim_winograd_multiply_panels(v + t.begin * SLIM_WIDTH, u + (size_t)t.o * SLIM_WINOGRAD_POINTS * p.c, products,
                                t.step, p, t.first, t.tiles, p.o - t.o);
  slim_winograd_close_panels(products, t.step, bias, residual, y, p, t.first, t.tiles, t.o);
}

__kernel void slim_winograd_points_f32(PANEL_PARAMETERS_(__global const float *u), SLIM_DEALT)
{
  OPEN_PANEL_
  SLIM_EACH_TASK(task)
  {
    make_panels(v, u, products, bias, residual, y, p, panel_of(p, task, 0));
  }
}

/* Both of four tiles, whose weights stay in registers. */
__kernel void slim_winograd_few_f32(PANEL_PARAMETERS_(SLIM_TENSOR(const slim_weight, weights)), __local float *taps,
                                    SLIM_DEALT)
{
  PANEL_(sum_few(v, place, sums, p, now.t, now.k, now.depth, next))
}

__kernel void slim_winograd_few_packed_f32(PANEL_PARAMETERS_(__global const float *packed), SLIM_DEALT)
{
  PACKED_PANEL_(sum_packed_few(v, place, sums, p, now.t, now.k, now.depth, next))
}
#endif
