#include "backend/cpu/strassen.h"

#include "backend/cpu/gemm_cut.h"
#include "backend/cpu/winograd.h"

#include <math.h>

#define PRODUCTS 7
/* Measured: fewer rows do not repay reading more of B, nor does less depth repay the sums. */
#define LEAST_ROWS (8 * TILE_ROWS)
#define LEAST_DEPTH 512
#define MOST_DEPTH 2048
#define PAIR (2 * TILE_COLUMNS) /* columns of C that a panel of each half makes */
#define TASK_FLOATS (50 << 10)  /* of A's sums, about, that a task holds in the second-level cache */
#define MADE_FLOATS (110 << 10) /* the same, at most, where A is made: once, so that a task has all pairs */

/* The factors in the order of their use: A11, A12, S2, S1, S3, A22, S4 and B11, B21, T2, T1, T3, T4, B22. */
enum { OF_P1, OF_P2, OF_P6, OF_P5, OF_P7, OF_P4, OF_P3 };

typedef struct job {
  gemm g;
  int half, depth, tiles, pairs; /* rows of A's upper half, depth of its left one; tiles of those rows; pairs of panels */
  int run, columns, workers;     /* tiles of a task; pieces of the pairs */
  size_t made;                   /* floats of either half's rows that a task makes */
  bool stream;
  float *scratch, *packed;
} job;

bool CPU_OP(strassen_fits)(const gemm *g)
{
  const int most_depth = g->source ? K_BLOCK : MOST_DEPTH; /* A that is made has a place for each worker */
  return !g->b_half && !g->a_transposed && !g->b_transposed && g->m >= LEAST_ROWS && g->n % PAIR == 0 &&
         g->k % (2 * VL) == 0 && g->k >= LEAST_DEPTH && g->k <= most_depth &&
         g->epilogue.activation <= SLIM_ACTIVATION_RELU6 && CPU_OP(winograd_wanted)();
}

/* Floats of a tile's sums of A, [product][row][a_step]; the gap keeps rows in cache sets of their own. */
static size_t a_step(const job *j)
{
  return (size_t)j->depth + VL;
}

static size_t a_floats(const job *j)
{
  return PRODUCTS * TILE_ROWS * a_step(j);
}

/* Tasks by rows alone, as many for each worker, of as many tiles; no tile is without rows, however many workers there are. */
static void cut_made(job *j)
{
  const int workers = at_most(j->workers, j->tiles);
  int tasks = workers;
  while (tasks < j->tiles && (size_t)pieces(j->tiles, tasks) * a_floats(j) > MADE_FLOATS) {
    tasks += workers;
  }
  j->run = pieces(j->tiles, tasks);
  j->tiles = j->run * tasks;
  j->columns = 1;
  j->made = (size_t)(j->run * TILE_ROWS) * copied_step(&j->g, j->g.k);
}

static job job_of(const gemm *g, const slim_cpu_step *step)
{
  job j = { .g = *g, .half = pieces(g->m, 2), .depth = g->k / 2, .pairs = g->n / PAIR };
  j.workers = slim_threads_count(step->device->threads);
  j.tiles = tiles_of(j.half);
  j.stream = streams(g);
  j.run = at_most(pieces(TASK_FLOATS, (int)a_floats(&j)), j.tiles);
  j.columns = at_most(j.pairs, pieces(TASKS, pieces(j.tiles, j.run)));
  if (g->source) {
    cut_made(&j);
  }
  return j;
}

/* Floats of a worker. */
static size_t scratch_floats(const job *j)
{
  return (size_t)j->run * a_floats(j) + 2 * j->made;
}

static int tasks_of(const job *j)
{
  return pieces(j->tiles, j->run) * j->columns;
}

/* The first row of tile i. */
static int first_row(const job *j, int i)
{
  return tile_begin(j->half, j->tiles, i);
}

/* --- B: [pair][product][k][TILE_COLUMNS] -------------------------------------------------------------------------- */

size_t CPU_OP(strassen_packed)(const gemm *g)
{
  return (size_t)g->k * (size_t)g->n / 4 * PRODUCTS;
}

static float *panel_at(const job *j, int pair, int product)
{
  return j->packed + (size_t)(pair * PRODUCTS + product) * (size_t)j->depth * TILE_COLUMNS;
}

static void pack_pairs(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const gemm *g = &j->g;
  const size_t lower = (size_t)j->depth * g->ldb, right = (size_t)g->n / 2;
  const size_t panel = (size_t)j->depth * TILE_COLUMNS;
  (void)worker;
  for (size_t pair = begin; pair < end; pair++) {
    float *to = panel_at(j, (int)pair, 0);
    for (int k = 0; k < j->depth; k++, to += TILE_COLUMNS) {
      const float *from = g->b + (size_t)k * g->ldb + pair * TILE_COLUMNS;
      for (int i = 0; i < TILE_COLUMNS; i += VL) {
        const vec b11 = vec_load(from + i), b12 = vec_load(from + right + i);
        const vec b21 = vec_load(from + lower + i), b22 = vec_load(from + lower + right + i);
        const vec t1 = b12 - b11, t2 = b22 - t1;
        vec_store(to + OF_P1 * panel + i, b11);
        vec_store(to + OF_P2 * panel + i, b21);
        vec_store(to + OF_P6 * panel + i, t2);
        vec_store(to + OF_P5 * panel + i, t1);
        vec_store(to + OF_P7 * panel + i, b22 - b12);
        vec_store(to + OF_P4 * panel + i, b21 - t2);
        vec_store(to + OF_P3 * panel + i, b22);
      }
    }
  }
}

void CPU_OP(strassen_pack)(const slim_cpu_step *step, const gemm *g, float *packed)
{
  job j = job_of(g, step);
  j.packed = packed;
  slim_cpu_for(step, (size_t)j.pairs, 1, pack_pairs, &j);
}

/* --- a task: some tiles of rows, some pairs of panels ------------------------------------------------------------- */

/* Rows of A's halves from the first of a task on, step floats apart. */
typedef struct halves {
  const float *upper, *lower;
  size_t step;
  int first;
} halves;

/* Those from row first on to row end: where they lie, or are made now. */
static halves halves_of_a(const job *j, int first, int end, float *made, int worker)
{
  const gemm *g = &j->g;
  if (!g->source) {
    const float *upper = g->a + (size_t)first * g->lda;
    return (halves){ upper, upper + (size_t)j->half * g->lda, g->lda, first };
  }
  const size_t step = copied_step(g, g->k);
  const int lower_end = at_most(j->half + end, g->m);
  g->source->make(g->source, first, end - first, 0, g->k, made, step, worker);
  g->source->make(g->source, j->half + first, lower_end - j->half - first, 0, g->k, made + j->made, step, worker);
  return (halves){ made, made + j->made, step, first };
}

/* Sums of rows [begin, end) of the halves; below the last row of an odd number are zeros. */
static void add_a(const job *j, const halves *h, int begin, int end, float *to)
{
  const gemm *g = &j->g;
  const size_t product = TILE_ROWS * a_step(j);
  const vec zero = { 0 };
  for (int r = begin; r < end; r++, to += a_step(j)) {
    const float *upper = h->upper + (size_t)(r - h->first) * h->step;
    const float *lower = h->lower + (size_t)(r - h->first) * h->step;
    const bool both = j->half + r < g->m;
    for (int k = 0; k < j->depth; k += VL) {
      const vec a11 = vec_load(upper + k), a12 = vec_load(upper + j->depth + k);
      const vec a21 = both ? vec_load(lower + k) : zero, a22 = both ? vec_load(lower + j->depth + k) : zero;
      const vec s1 = a21 + a22, s2 = s1 - a11;
      vec_store(to + OF_P1 * product + k, a11);
      vec_store(to + OF_P2 * product + k, a12);
      vec_store(to + OF_P6 * product + k, s2);
      vec_store(to + OF_P5 * product + k, s1);
      vec_store(to + OF_P7 * product + k, a11 - a21);
      vec_store(to + OF_P4 * product + k, a22);
      vec_store(to + OF_P3 * product + k, a12 - s2);
    }
  }
}

#define SUMS (TILE_ROWS * TILE_COLUMNS) /* floats of a tile's */

/* A tile's rows of the halves, [begin, begin + rows), and a pair of panels. */
typedef struct block {
  const job *j;
  const float *a;         /* its sums of A */
  const float *next_a[2]; /* rows of A's halves that are fetched meanwhile, NULL: none */
  int begin, rows, pair, next_pair;
} block;

/* sums (+)= a product. */
static void multiply(const block *b, int product, float *sums, bool accumulate)
{
  static const ptrdiff_t no_offset = 0;
  const job *j = b->j;
  const float *row[TILE_ROWS], *a = b->a + (size_t)(product * TILE_ROWS) * a_step(j);
  const float *next_a = product < 2 ? b->next_a[product] : NULL;
  const float *next_panel = product + 1 < PRODUCTS ? panel_at(j, b->pair, product + 1) : panel_at(j, b->next_pair, 0);
  float *c[TILE_ROWS];
  for (int r = 0; r < b->rows; r++, a += a_step(j)) {
    row[r] = a;
    c[r] = sums + r * TILE_COLUMNS;
  }
  const tile t = { .rows = row, .offset = &no_offset, .segments = 1, .depth = j->depth, .c = c, .columns = TILE_COLUMNS,
                   .b = panel_at(j, b->pair, product), .accumulate = accumulate, .ahead_step = TILE_COLUMNS,
                   .ahead = next_a ? next_a : next_panel };
  CPU_OP(tile_rows)[1][b->rows - 1](&t);
}

/* Where the block's part of a quarter of C begins. */
static size_t place_of(const block *b, bool lower, bool right)
{
  const job *j = b->j;
  return (size_t)(b->begin + (lower ? j->half : 0)) * j->g.ldc + (size_t)(b->pair * TILE_COLUMNS) +
         (size_t)(right ? j->g.n / 2 : 0);
}

static int rows_of(const block *b, bool lower)
{
  return lower ? at_most(b->rows, b->j->g.m - b->j->half - b->begin) : b->rows;
}

/* Fetches that part, and what is added to it. */
CPU_INLINE void fetch(const block *b, bool lower, bool right)
{
  const gemm *g = &b->j->g;
  size_t at = place_of(b, lower, right);
  for (int r = 0; r < rows_of(b, lower); r++, at += g->ldc) {
    for (int i = 0; i < TILE_COLUMNS; i += 16) {
      if (!b->j->stream) {
        __builtin_prefetch(g->c + at + i, 1);
      }
      if (g->epilogue.residual) {
        __builtin_prefetch(g->epilogue.residual + at + i);
      }
    }
  }
}

/* It is the sum of these, with the epilogue. z: NULL for none. All is read before the first is written: rows of C and what
 * is added to them may lie whole pages apart, and a core takes that for the same memory. */
CPU_INLINE void finish(const block *b, const float *x, const float *y, const float *z, bool lower, bool right)
{
  const gemm *g = &b->j->g;
  const tile_epilogue *e = &g->epilogue;
  const vec zero = { 0 }, floor = zero + (e->activation == SLIM_ACTIVATION_NONE ? -HUGE_VALF : 0.0f);
  const vec top = zero + (e->activation == SLIM_ACTIVATION_RELU6 ? 6.0f : HUGE_VALF);
  const float *bias = e->bias ? e->bias + b->pair * TILE_COLUMNS + (right ? g->n / 2 : 0) : NULL;
  const vec bias0 = bias ? vec_load(bias) : zero, bias1 = bias ? vec_load(bias + VL) : zero;
  const size_t at = place_of(b, lower, right), step = g->ldc;
  const int rows = rows_of(b, lower);
  const bool stream = b->j->stream;
  const float *more = e->residual ? e->residual + at : NULL;
  float sums[SUMS] __attribute__((aligned(64))), *sum = sums, *c = g->c + at;
  for (int r = 0; r < rows; r++, x += TILE_COLUMNS, y += TILE_COLUMNS, sum += TILE_COLUMNS) {
    vec v0 = vec_load(x) + vec_load(y) + bias0, v1 = vec_load(x + VL) + vec_load(y + VL) + bias1;
    if (z) {
      v0 += vec_load(z + r * TILE_COLUMNS);
      v1 += vec_load(z + r * TILE_COLUMNS + VL);
    }
    if (more) {
      v0 += vec_load(more);
      v1 += vec_load(more + VL);
      more += step;
    }
    vec_store(sum, vec_clamp(v0, floor, top));
    vec_store(sum + VL, vec_clamp(v1, floor, top));
  }
  for (int r = 0; r < rows; r++, c += step) {
    const vec v0 = vec_load(sums + r * TILE_COLUMNS), v1 = vec_load(sums + r * TILE_COLUMNS + VL);
    if (stream) {
      vec_stream(c, v0);
      vec_stream(c + VL, v1);
    } else {
      vec_store(c, v0);
      vec_store(c + VL, v1);
    }
  }
}

static void run_block(const block *b)
{
  float u2[SUMS] __attribute__((aligned(64))), left[SUMS] __attribute__((aligned(64)));
  float right[SUMS] __attribute__((aligned(64)));
  fetch(b, false, false);
  multiply(b, OF_P1, u2, false);
  multiply(b, OF_P2, left, false);
  finish(b, u2, left, NULL, false, false);
  fetch(b, true, true);
  multiply(b, OF_P6, u2, true);
  fetch(b, true, false);
  multiply(b, OF_P5, right, false);
  fetch(b, false, true);
  multiply(b, OF_P7, left, false);
  finish(b, u2, left, right, true, true);
  multiply(b, OF_P4, left, true);
  finish(b, u2, left, NULL, true, false);
  multiply(b, OF_P3, right, true);
  finish(b, u2, right, NULL, false, true);
}

/* What a task computes: tiles [first, end) of rows, pairs [p0, p1). */
typedef struct task {
  int first, end, p0, p1;
} task;

static task task_of(const job *j, int number)
{
  const int column = number % j->columns, first = number / j->columns * j->run;
  return (task){ first, at_most(first + j->run, j->tiles), j->pairs * column / j->columns,
                 j->pairs * (column + 1) / j->columns };
}

/* Which task a worker will probably run after that number. */
static task next_of(const job *j, int number)
{
  const int next = number + j->workers;
  return task_of(j, next < tasks_of(j) ? next : number);
}

static void run_task(void *user, int number, int worker)
{
  const job *j = user;
  const task t = task_of(j, number), next = next_of(j, number);
  float *const a = j->scratch + (size_t)worker * scratch_floats(j), *const made = a + (size_t)j->run * a_floats(j);
  const halves h = halves_of_a(j, first_row(j, t.first), first_row(j, t.end), made, worker);
  for (int i = t.first; i < t.end; i++) {
    add_a(j, &h, first_row(j, i), first_row(j, i + 1), a + (size_t)(i - t.first) * a_floats(j));
  }
  for (int pair = t.p0; pair < t.p1; pair++) {
    for (int i = t.first; i < t.end; i++) {
      block b = { .j = j, .a = a + (size_t)(i - t.first) * a_floats(j), .begin = first_row(j, i), .pair = pair };
      const int next_tile = next.first + i - t.first;
      b.rows = first_row(j, i + 1) - b.begin;
      b.next_pair = i + 1 < t.end ? pair : pair + 1 < t.p1 ? pair + 1 : next.p0;
      if (!j->g.source && pair + 1 == t.p1 && next_tile < next.end && next.first != t.first) {
        b.next_a[0] = j->g.a + (size_t)first_row(j, next_tile) * j->g.lda;
        b.next_a[1] = b.next_a[0] + (size_t)j->half * j->g.lda;
      }
      run_block(&b);
    }
  }
  if (j->stream) {
    vec_stream_end();
  }
}

size_t CPU_OP(strassen_workspace)(const slim_cpu_step *step, const gemm *g)
{
  const job j = job_of(g, step);
  return (size_t)j.workers * scratch_floats(&j) * sizeof(float);
}

void CPU_OP(strassen_run)(const slim_cpu_step *step, const gemm *g, float *workspace)
{
  job j = job_of(g, step);
  j.scratch = workspace;
  j.packed = (float *)g->b_packed;
  slim_threads_run(step->device->threads, tasks_of(&j), run_task, &j);
}
