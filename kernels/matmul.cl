#include "common.h"
#include "deal.h"
#include "gemm_lying.h"
#include "gemm_pack.h"
#include "matmul_params.h"

__kernel void slim_matmul_naive_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const slim_weight, b),
                                    SLIM_TENSOR(const float, bias), SLIM_TENSOR(float, y), const slim_matmul_params p)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const slim_weight, b);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(float, y);
  const int i = (int)get_global_id(0);
  if (i >= p.m * p.n) {
    return;
  }
  const int row = i / p.n, column = i % p.n;
  float sum = 0.0f;
  for (int k = 0; k < p.k; k++) {
    sum = fma(a[row * p.a_row + k * p.a_k], SLIM_WEIGHT(b, k * p.b_k + column * p.b_column), sum);
  }
  y[i] = slim_epilogue(sum, bias, column, p.epilogue);
}

#if SLIM_CLASS == 0
/* Packs depth rows of b's columns from column0 on into panels. */
static inline void pack_panels(__local float *panels, __global const slim_weight *b, const slim_matmul_params p,
                               const int k, const int depth, const int column0, const int columns)
{
  if (p.b_column == 1) {
    slim_gemm_pack_b(panels, b + (size_t)k * p.b_k + column0, p.b_k, depth, columns);
  } else {
    slim_gemm_pack_b_transposed(panels, b + (size_t)column0 * p.b_column + k, p.b_column, depth, columns);
  }
}

/* What tile number i of count fetches of the rows of b that are packed next, where they lie as they are read. */
static inline slim_gemm_ahead panels_ahead(__global const slim_weight *b, const slim_matmul_params p, const int k,
                                           const int rows, const int column0, const int columns, const int i,
                                           const int count, const int depth)
{
  const bool fetches = p.b_column == 1 && sizeof(slim_weight) == sizeof(float);
  return slim_gemm_block_ahead((__global const float *)(b + (size_t)k * p.b_k + column0), p.b_k, fetches ? rows : 0,
                               columns, i, count, depth);
}

/* a by rows. tile: SLIM_GEMM_ROWS rows of SLIM_GEMM_A_STRIDE; panels: block_k rows of block_n. */
__kernel void slim_matmul_rows_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const slim_weight, b),
                                   SLIM_TENSOR(const float, bias), SLIM_TENSOR(const float, residual),
                                   SLIM_TENSOR(float, y), const slim_matmul_params p, const slim_gemm_params g,
                                   __local float *tile, __local float *panels, SLIM_DEALT)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const slim_weight, b);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(const float, residual);
  SLIM_OPEN(float, y);
  SLIM_EACH_TASK(task)
  {
    const slim_gemm_part t = slim_gemm_part_of(g, task.x, task.y, p.m, p.n);
    const int across = slim_gemm_part_panels(t), tiles = slim_gemm_part_tiles(t);
    for (int k = 0; k < p.k; k += g.block_k) {
      const int depth = min(g.block_k, p.k - k);
      pack_panels(panels, b, p, k, depth, t.column0, t.columns);
      for (int row = t.row0; row < t.row1; row += SLIM_GEMM_ROWS) {
        __global const float *rows = a + (size_t)row * p.a_row + k;
        const bool lies = slim_gemm_part_lies(t, row, p.a_row, depth);
        for (int i = 0; i < min(SLIM_GEMM_ROWS, t.row1 - row) && !lies; i++) {
          slim_gemm_copy(tile + i * SLIM_GEMM_A_STRIDE, rows + (size_t)i * p.a_row, depth);
        }
        for (int c = 0; c < t.columns; c += SLIM_GEMM_COLUMNS) {
          const slim_gemm_out o = slim_gemm_part_out(y, bias, residual, p.n, p.epilogue, t, row, c, k == 0,
                                                     k + depth == p.k);
          const int number = (row - t.row0) / SLIM_GEMM_ROWS * across + c / SLIM_GEMM_COLUMNS;
          const slim_gemm_ahead next_a = slim_gemm_rows_ahead(a + k, p.a_row, row + SLIM_GEMM_ROWS, t.row1, depth, c,
                                                              t.columns);
          const slim_gemm_ahead next_b = panels_ahead(b, p, k + depth, min(g.block_k, p.k - k - depth), t.column0,
                                                      t.columns, number, tiles, depth);
          if (lies) {
            slim_gemm_tile_lying(rows, p.a_row, panels + c * depth, depth, &next_a, &next_b, &o);
          } else {
            slim_gemm_tile_rows(tile, panels + c * depth, depth, &next_a, &next_b, &o);
          }
        }
      }
    }
  }
}

SLIM_GEMM_TILE_COLUMNS_(tile_of_block, __local, __global, true, false)
SLIM_GEMM_TILE_COLUMNS_(tile_in_place, __global, __global, true, true)

/* Is b read as it lies? A block has few tiles, and packing b would take longer than they gain. */
static inline bool reads_b_in_place(const slim_matmul_params p)
{
  return sizeof(slim_weight) == sizeof(float) && p.b_column == 1 && p.n % SLIM_GEMM_COLUMNS == 0 &&
         p.b_k % SLIM_GEMM_SET_FLOATS != 0;
}

/* Is a? Not where its last tile has more rows than are left. */
static inline bool reads_a_in_place(const slim_matmul_params p, const slim_gemm_part t)
{
  const int rest = (t.row1 - t.row0) % SLIM_GEMM_ROWS;
  return reads_b_in_place(p) && p.a_k % SLIM_GEMM_SET_FLOATS != 0 &&
         t.columns <= SLIM_GEMM_IN_PLACE_PANELS * SLIM_GEMM_COLUMNS &&
         (rest == 0 || rest == SLIM_GEMM_SOME_ROWS || rest == SLIM_GEMM_FEW_ROWS);
}

/* depth rows of a, from k on: of each tile, a vector of every row, of which the last floats are any. */
static inline void copy_block(__local float *block, __global const float *a, const slim_matmul_params p,
                              const slim_gemm_part t, const int k, const int depth, const bool fetches)
{
  const int rows = t.row1 - t.row0;
  a += (size_t)k * p.a_k + t.row0;
  for (int i = 0; i < depth; i++, a += p.a_k, block += SLIM_WIDTH) {
    __local float *to = block;
    int j = 0;
    for (int ahead = 0; ahead < rows && fetches; ahead += 16) {
      SLIM_FETCH(a + (size_t)min(SLIM_GEMM_AHEAD, depth - 1 - i) * p.a_k + ahead);
    }
    for (; j + SLIM_WIDTH <= rows; j += SLIM_GEMM_ROWS, to += depth * SLIM_WIDTH) {
      SLIM_STOREW(SLIM_LOADW(0, a + j), 0, to);
    }
    for (; j < rows; j += SLIM_GEMM_ROWS, to += depth * SLIM_WIDTH) {
      slim_gemm_copy(to, a + j, rows - j);
    }
  }
}

/* Rows of both factors, from k on, that a task reads at a time. */
typedef struct columns_block {
  slim_gemm_part t;
  int k, rows;
} columns_block;

/* The first of a task's slice from k on; of no task, which is numbered behind the last, none. */
static inline columns_block columns_block_of(const slim_matmul_params p, const slim_gemm_params g, const int3 task,
                                             const int k)
{
  const int end = min((task.z + 1) * g.slice, p.k);
  const columns_block block = { slim_gemm_part_of(g, task.x, task.y, p.m, p.n), k, clamp(end - k, 0, g.block_k) };
  return block;
}

/* What tile number i of tiles fetches of the block that is read next: of b, where its rows lie as they are read, then of
 * a. */
static inline slim_gemm_strip columns_ahead(__global const float *a, __global const slim_weight *b,
                                            const slim_matmul_params p, const columns_block next, const int i,
                                            const int tiles, const int depth)
{
  const bool fetches = p.b_column == 1 && sizeof(slim_weight) == sizeof(float);
  const int wide = next.t.row1 - next.t.row0, of_b = fetches ? tiles * p.n / (p.n + p.m) : 0;
  const bool is_b = i < of_b;
  __global const float *rows = is_b ? (__global const float *)(b + (size_t)next.k * p.b_k + next.t.column0)
                                    : a + (size_t)next.k * p.a_k + next.t.row0;
  return slim_gemm_strip_of(rows, is_b ? p.b_k : p.a_k, next.rows, is_b ? next.t.columns : wide, is_b ? i : i - of_b,
                            is_b ? of_b : tiles - of_b, depth);
}

/* a is given transposed: its block is copied whole, tile by tile, or read in place. Sums each slice of k into its own
 * part of y. A group takes its next task before the last block of one, which fetches that task's first. */
__kernel void slim_matmul_columns_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const slim_weight, b),
                                      SLIM_TENSOR(const float, bias), SLIM_TENSOR(float, y),
                                      const slim_matmul_params p, const slim_gemm_params g, __local float *block,
                                      __local float *panels, SLIM_DEALT)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const slim_weight, b);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(float, y);
  int3 task;
  for (bool works = slim_deal(dealt, deal, &task); works;) {
    const slim_gemm_part t = slim_gemm_part_of(g, task.x, task.y, p.m, p.n);
    const int begin = task.z * g.slice, end = min(begin + g.slice, p.k);
    const int tiles = slim_gemm_part_tiles(t);
    const bool a_lies = reads_a_in_place(p, t), b_lies = reads_b_in_place(p);
    __global float *sums = y + (size_t)task.z * p.m * p.n;
    for (int k = begin; k < end; k += g.block_k) {
      const int depth = min(g.block_k, end - k), after = k + depth;
      int number = 0;
      works = after < end || slim_deal(dealt, deal, &task);
      const columns_block next = columns_block_of(p, g, task, after < end ? after : task.z * g.slice);
      if (!b_lies) {
        pack_panels(panels, b, p, k, depth, t.column0, t.columns);
      }
      if (!a_lies) {
        copy_block(block, a, p, t, k, depth, k == begin);
      }
      for (int row = t.row0; row < t.row1; row += SLIM_GEMM_ROWS) {
        __local const float *packed = block + (row - t.row0) / SLIM_GEMM_ROWS * depth * SLIM_WIDTH;
        for (int c = 0; c < t.columns; c += SLIM_GEMM_COLUMNS, number++) {
          const slim_gemm_out o =
              slim_gemm_part_out(sums, bias, sums, p.n, p.epilogue, t, row, c, k == begin, after == end);
          const slim_gemm_strip ahead = columns_ahead(a, b, p, next, number, tiles, depth);
          __global const float *lying = (__global const float *)(b + (size_t)k * p.b_k + t.column0 + c);
          if (a_lies) {
            tile_in_place(a + (size_t)k * p.a_k + row, p.a_k, lying, p.b_k, depth, &ahead, &o);
          } else if (b_lies) {
            tile_of_block(packed, SLIM_WIDTH, lying, p.b_k, depth, &ahead, &o);
          } else {
            slim_gemm_tile_columns(packed, SLIM_WIDTH, panels + c * depth, SLIM_GEMM_COLUMNS, depth, &ahead, &o);
          }
        }
      }
    }
  }
}

/* --- few rows, or short sums: bound by the memory of b or y, which they go through once, as it lies --------------- */

#define STEP 8                          /* rows of b that are read side by side */
#define ROWS 2                          /* of sums that are added to at once */
#define PART 512                        /* columns of b that all rows of a take while they stay nearest */
#define SIDE (SLIM_WIDTH == 16 ? 4 : 2) /* SIDE * SIDE vectors of sums stay in registers */

/* Adds depth rows of b, each times its number in a row of a, to rows rows of sums (both are constants). The last vector
 * of columns may overlap the one before, or another group's; its sums lie behind. Of the columns, part of them from
 * first on; meanwhile count rows of the next part are fetched. */
static inline void add_step(__local float *sums, const int stride, __global const float *a, const int a_row,
                            const int last_row, __global const slim_weight *b, const int b_k, const int first,
                            const int part, const int columns, __global const slim_weight *next, const int count,
                            const int rows, const int depth)
{
  float from[ROWS * STEP];
  SLIM_UNROLL
  for (int i = 0; i < rows * depth; i++) {
    from[i] = a[(size_t)min(i / depth, last_row) * a_row + i % depth];
  }
  for (int c = first; c < min(first + part, columns); c += SLIM_WIDTH) {
    const int at = min(c, columns - SLIM_WIDTH);
    for (int i = 0; i < count; i++) {
      SLIM_FETCH(next + (size_t)i * b_k + (c - first));
    }
    SLIM_FLOATW sum[ROWS];
    SLIM_UNROLL
    for (int r = 0; r < rows; r++) {
      sum[r] = SLIM_LOADW(0, sums + r * stride + c);
    }
    SLIM_UNROLL
    for (int i = 0; i < depth; i++) {
      const SLIM_FLOATW v = SLIM_WEIGHTSW(b + (size_t)i * b_k + at);
      SLIM_UNROLL
      for (int r = 0; r < rows; r++) {
        sum[r] = fma((SLIM_FLOATW)(from[r * depth + i]), v, sum[r]);
      }
    }
    SLIM_UNROLL
    for (int r = 0; r < rows; r++) {
      SLIM_STOREW(sum[r], 0, sums + r * stride + c);
    }
  }
}

/* The same for one row of a and a whole step: b is read in the order in which it lies. */
static inline void add_row(__local float *sums, __global const float *a, __global const slim_weight *b, const int b_k,
                           const int columns)
{
  add_step(sums, 0, a, 0, 0, b, b_k, 0, columns, columns, b, 0, 1, STEP);
}

/* The sums of a task. */
SLIM_APART void sum_rows(__local float *sums, __global const float *a, __global const slim_weight *b,
                         const slim_matmul_params p, const int block_n, const int columns, const int begin,
                         const int end)
{
  const int passes = (p.m + ROWS - 1) / ROWS;
  const int share = passes == 1 ? 0 : (STEP + passes - 1) / passes; /* of the next rows, for a pass to fetch */
  slim_gemm_zero(sums, passes * ROWS * block_n);
  for (int k = begin, step; k < end; k += step) {
    __global const slim_weight *from = b + (size_t)k * p.b_k;
    step = k + STEP <= end ? STEP : 1;
    const bool lone = p.m == 1 && step == STEP;
    if (lone) {
      add_row(sums, a + k, from, p.b_k, columns);
    }
    for (int first = 0; first < columns && !lone; first += PART) {
      __global const slim_weight *next = first + PART < columns ? from + first + PART : from + (size_t)STEP * p.b_k;
      for (int row = 0; row < p.m; row += ROWS) {
        const int skipped = row / ROWS * share, count = clamp(STEP - skipped, 0, share);
        __global const float *rows = a + (size_t)row * p.a_row + k;
        if (step == STEP) {
          add_step(sums + row * block_n, block_n, rows, p.a_row, p.m - 1 - row, from, p.b_k, first, PART, columns,
                   next + (size_t)skipped * p.b_k, count, ROWS, STEP);
        } else {
          add_step(sums + row * block_n, block_n, rows, p.a_row, p.m - 1 - row, from, p.b_k, first, PART, columns,
                   next, 0, ROWS, 1);
        }
      }
    }
  }
}

/* Ends the sums of a task, in columns from column0 on. */
SLIM_APART void end_rows(__local const float *sums, __global const float *bias, __global float *y,
                         const slim_matmul_params p, const int block_n, const int column0, const int columns)
{
  const int whole = columns / SLIM_WIDTH * SLIM_WIDTH;
  for (int row = 0; row < p.m; row++, y += p.n, sums += block_n) {
    for (int c = 0; c < columns; c++) {
      y[c] = slim_epilogue(sums[c < whole ? c : c + whole + SLIM_WIDTH - columns], bias, column0 + c, p.epilogue);
    }
  }
}

/* Sums each slice of k into its own part of y. sums: p.m rows, rounded up to whole ROWS, of block_n. */
__kernel void slim_matmul_few_rows_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const slim_weight, b),
                                       SLIM_TENSOR(const float, bias), SLIM_TENSOR(float, y),
                                       const slim_matmul_params p, const slim_gemm_params g, __local float *sums,
                                       SLIM_DEALT)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const slim_weight, b);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(float, y);
  SLIM_EACH_TASK(task)
  {
    const int column0 = task.x * g.block_n, columns = min(g.block_n, p.n - column0);
    const int begin = task.y * g.slice, end = min(begin + g.slice, p.k);
    sum_rows(sums, a, b + column0, p, g.block_n, columns, begin, end);
    end_rows(sums, bias, y + (size_t)task.y * p.m * p.n + column0, p, g.block_n, column0, columns);
  }
}

/* --- slices of k: their sums, added up ---------------------------------------------------------------------------- */

/* Results [first, first + count), fewer than a vector or of rows that are no whole vectors. */
static inline void end_each(__global const float *parts, __global const float *bias, __global float *y,
                            const slim_matmul_params p, const int slices, const int first, const int count)
{
  for (int i = first; i < first + count; i++) {
    float sum = parts[i];
    for (int s = 1; s < slices; s++) {
      sum += parts[(size_t)s * p.m * p.n + i];
    }
    y[i] = slim_epilogue(sum, bias, i % p.n, p.epilogue);
  }
}

/* A vector of results from the first on: the parts of all slices in order, and the product's end. */
SLIM_APART void end_slices(__global const float *parts, __global const float *bias, __global float *y,
                           const slim_matmul_params p, const int slices, const int first)
{
  const int total = p.m * p.n;
  if (p.n % SLIM_WIDTH != 0) {
    end_each(parts, bias, y, p, slices, first, min(SLIM_WIDTH, total - first));
    return;
  }
  SLIM_FLOATW sum = SLIM_LOADW(0, parts + first);
  for (int s = 1; s < slices; s++) {
    sum += SLIM_LOADW(0, parts + (size_t)s * total + first);
  }
  sum = p.epilogue.has_bias ? sum + SLIM_LOADW(0, bias + first % p.n) : sum;
  SLIM_STOREW(slim_gemm_activate(sum, p.epilogue.activation), 0, y + first);
}

__kernel void slim_matmul_slices_f32(SLIM_TENSOR(const float, parts), SLIM_TENSOR(const float, bias),
                                     SLIM_TENSOR(float, y), const slim_matmul_params p, const int slices)
{
  SLIM_OPEN(const float, parts);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(float, y);
  const int first = (int)get_global_id(0) * SLIM_WIDTH;
  if (first < p.m * p.n) {
    end_slices(parts, bias, y, p, slices, first);
  }
}

/* --- few dots and outer products ---------------------------------------------------------------------------------- */

static inline float total_of(const SLIM_FLOATW v)
{
#if SLIM_WIDTH == 16
  const float8 eight = v.lo + v.hi;
#else
  const float8 eight = v;
#endif
  const float4 four = eight.lo + eight.hi;
  const float2 two = four.lo + four.hi;
  return two.x + two.y;
}

/* SIDE rows of a by SIDE rows of b, which is given transposed; behind the last row it is taken again. */
static inline void dots(__global const float *a, __global const float *b, __global const float *bias, __global float *y,
                        const slim_matmul_params p, const int row, const int column)
{
  __global const float *from_a[SIDE], *from_b[SIDE];
  SLIM_FLOATW sums[SIDE * SIDE];
  SLIM_UNROLL
  for (int i = 0; i < SIDE; i++) {
    from_a[i] = a + (size_t)min(row + i, p.m - 1) * p.a_row;
    from_b[i] = b + (size_t)min(column + i, p.n - 1) * p.b_column;
  }
  SLIM_UNROLL
  for (int i = 0; i < SIDE * SIDE; i++) {
    sums[i] = (SLIM_FLOATW)(0.0f);
  }
  int k = 0;
  for (; k + SLIM_WIDTH <= p.k; k += SLIM_WIDTH) {
    SLIM_UNROLL
    for (int i = 0; i < SIDE * SIDE; i++) {
      sums[i] = fma(SLIM_LOADW(0, from_a[i / SIDE] + k), SLIM_LOADW(0, from_b[i % SIDE] + k), sums[i]);
    }
  }
  SLIM_UNROLL
  for (int i = 0; i < SIDE * SIDE; i++) {
    float sum = total_of(sums[i]);
    for (int j = k; j < p.k; j++) {
      sum = fma(from_a[i / SIDE][j], from_b[i % SIDE][j], sum);
    }
    const int r = min(row + i / SIDE, p.m - 1), c = min(column + i % SIDE, p.n - 1);
    y[(size_t)r * p.n + c] = slim_epilogue(sum, bias, c, p.epilogue);
  }
}

__kernel void slim_matmul_few_dots_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const float, b),
                                       SLIM_TENSOR(const float, bias), SLIM_TENSOR(float, y),
                                       const slim_matmul_params p, const slim_gemm_params g)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const float, b);
  SLIM_OPEN(const float, bias);
  SLIM_OPEN(float, y);
  const int column0 = (int)get_group_id(0) * g.block_n;
  for (int column = column0; column < min(column0 + g.block_n, p.n); column += SIDE) {
    for (int row = 0; row < p.m; row += SIDE) {
      dots(a, b, bias, y, p, row, column);
    }
  }
}

/* a is given transposed, k is small: y is written once. stream: past the caches; then n is a multiple of the width. */
__kernel void slim_matmul_few_outer_f32(SLIM_TENSOR(const float, a), SLIM_TENSOR(const float, b), SLIM_TENSOR(float, y),
                                        const slim_matmul_params p, const slim_gemm_params g, const int stream)
{
  SLIM_OPEN(const float, a);
  SLIM_OPEN(const float, b);
  SLIM_OPEN(float, y);
  const int row0 = (int)get_group_id(0) * g.block_m, column0 = (int)get_group_id(1) * g.block_n;
  for (int row = row0; row < min(row0 + g.block_m, p.m); row += 4) {
    const int next = min(1, p.m - 1 - row), third = min(2, p.m - 1 - row), fourth = min(3, p.m - 1 - row);
    for (int c = column0; c < min(column0 + g.block_n, p.n); c += SLIM_WIDTH) {
      const int at = min(c, p.n - SLIM_WIDTH);
      __global const float *from = a + row;
      SLIM_FLOATW sum0 = (SLIM_FLOATW)(0.0f), sum1 = sum0, sum2 = sum0, sum3 = sum0;
      for (int k = 0; k < p.k; k++, from += p.a_k) {
        const SLIM_FLOATW v = SLIM_LOADW(0, b + (size_t)k * p.b_k + at);
        sum0 = fma((SLIM_FLOATW)(from[0]), v, sum0);
        sum1 = fma((SLIM_FLOATW)(from[next]), v, sum1);
        sum2 = fma((SLIM_FLOATW)(from[third]), v, sum2);
        sum3 = fma((SLIM_FLOATW)(from[fourth]), v, sum3);
      }
      __global float *to = y + (size_t)row * p.n + at;
      slim_put(sum0, to, stream);
      slim_put(sum1, to + (size_t)next * p.n, stream);
      slim_put(sum2, to + (size_t)third * p.n, stream);
      slim_put(sum3, to + (size_t)fourth * p.n, stream);
    }
  }
}
#endif
