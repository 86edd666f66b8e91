#include "backend/cpu/strassen.h"

#include "backend/cpu/gemm_cut.h"
#include "backend/cpu/winograd.h"

#define PRODUCTS 7
/* Measured: fewer rows, columns or weights do not repay reading more of B, nor does less depth repay the sums; of an A
 * that is made, more depth alone was. */
#define LEAST_ROWS (8 * TILE_ROWS)
#define LEAST_DEPTH 256
#define LEAST_WEIGHTS (1 << 15)
#define LEAST_MADE_DEPTH 512
#define MOST_DEPTH 2048
/* The same of a B that lies transposed, which all runs must turn either way; with fewer columns A's sums do not
 * repay. */
#define LEAST_TURNED_ROWS 256
#define LEAST_TURNED_COLUMNS 256
#define PAIR (2 * TILE_COLUMNS) /* columns of C that a panel of each half makes */
#define TURNED 32               /* rows of a transposed B that are turned at once */
#define TASK_FLOATS (50 << 10)  /* of A's sums, about, that a task holds in the second-level cache */
#define MADE_FLOATS (110 << 10) /* the same, at most, where A is made: once, so that a task has all pairs */
#define TASK_PAIRS 8            /* at most, unless A is made: each of two cores reads half of a wide B then */

/* The factors in the order of their use: A11, A12, S2, S1, S3, A22, S4 and B11, B21, T2, T1, T3, T4, B22. */
enum { OF_P1, OF_P2, OF_P6, OF_P5, OF_P7, OF_P4, OF_P3, NO_PRODUCT };
/* Places of A's in a row: first the rows of both halves, of which S1 replaces A21. */
static const int place_of_a[PRODUCTS] = { [OF_P1] = 0, [OF_P2] = 1, [OF_P5] = 2, [OF_P4] = 3,
                                          [OF_P6] = 4, [OF_P7] = 5, [OF_P3] = 6 };

typedef struct job {
  gemm g;
  int half, depth, tiles, pairs; /* rows of A's upper half, depth of its left one; tiles of those rows; pairs of panels */
  int run, columns, workers;     /* tiles of a task; pieces of the pairs */
  bool stream;
  float *scratch, *packed;
} job;

bool CPU_OP(strassen_fits)(const slim_cpu_step *step, const gemm *g)
{
  const int most_depth = g->source ? K_BLOCK : MOST_DEPTH; /* A that is made has a place for each worker */
  const bool turned = g->b_transposed;
  const int least_depth = g->source ? LEAST_MADE_DEPTH : LEAST_DEPTH;
  return !g->b_half && !g->a_transposed && g->m >= (turned ? LEAST_TURNED_ROWS : LEAST_ROWS) &&
         g->n >= (turned ? LEAST_TURNED_COLUMNS : PAIR) && g->n % PAIR == 0 && g->k % (2 * VL) == 0 &&
         g->k >= least_depth && g->k <= most_depth && g->k * g->n >= LEAST_WEIGHTS &&
         g->epilogue.activation <= SLIM_ACTIVATION_RELU6 && (g->source || step->device->caches.second < SLIM_LARGE_CACHE) && CPU_OP(winograd_wanted)();
}

/* Floats of a row's factors; the gap keeps rows in cache sets of their own. */
static size_t a_step(const job *j)
{
  return PRODUCTS * (size_t)j->depth + VL;
}

/* Of a tile's rows. */
static size_t a_floats(const job *j)
{
  return TILE_ROWS * a_step(j);
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
}

static job job_of(const gemm *g, const slim_cpu_step *step)
{
  job j = { .g = *g, .half = pieces(g->m, 2), .depth = g->k / 2, .pairs = g->n / PAIR };
  j.workers = slim_threads_count(step->device->threads);
  j.tiles = tiles_of(j.half);
  j.stream = streams(g, slim_threads_apart(step->device->threads));
  j.run = at_most(pieces(TASK_FLOATS, (int)a_floats(&j)), j.tiles);
  j.columns = at_least(at_most(j.pairs, pieces(TASKS, pieces(j.tiles, j.run))), pieces(j.pairs, TASK_PAIRS));
  if (g->source) {
    cut_made(&j);
  }
  return j;
}

/* Floats of a worker. */
static size_t scratch_floats(const job *j)
{
  return (size_t)j->run * a_floats(j);
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

/* A panel of each quarter of B, step floats from row to row. */
typedef struct quarters {
  const float *b11, *b12, *b21, *b22;
  size_t step;
} quarters;

/* depth rows of the panels of B's sums, which lie a panel's floats apart. */
static void add_b(const quarters *q, int depth, float *to, size_t panel)
{
  for (int k = 0; k < depth; k++, to += TILE_COLUMNS) {
    for (int i = 0; i < TILE_COLUMNS; i += VL) {
      const size_t at = (size_t)k * q->step + (size_t)i;
      const vec b11 = vec_load(q->b11 + at), b12 = vec_load(q->b12 + at);
      const vec b21 = vec_load(q->b21 + at), b22 = vec_load(q->b22 + at);
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

/* The same of a B that lies transposed, some rows at a time. ahead: from a quarter's panel to the next one's. */
static void turn_b(const quarters *q, int depth, float *to, size_t panel, ptrdiff_t ahead)
{
  float turned[4][TURNED * TILE_COLUMNS] __attribute__((aligned(64)));
  const quarters rows = { turned[0], turned[1], turned[2], turned[3], TILE_COLUMNS };
  for (int k = 0; k < depth; k += TURNED, to += TURNED * TILE_COLUMNS) {
    const int count = at_most(TURNED, depth - k);
    const ptrdiff_t next = k + TURNED < depth ? TURNED : ahead ? ahead - k : 0;
    turn_panel(q->b11 + k, q->step, TILE_COLUMNS, count, turned[0], TILE_COLUMNS, next);
    turn_panel(q->b12 + k, q->step, TILE_COLUMNS, count, turned[1], TILE_COLUMNS, next);
    turn_panel(q->b21 + k, q->step, TILE_COLUMNS, count, turned[2], TILE_COLUMNS, next);
    turn_panel(q->b22 + k, q->step, TILE_COLUMNS, count, turned[3], TILE_COLUMNS, next);
    add_b(&rows, count, to, panel);
  }
}

static void pack_pairs(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const gemm *g = &j->g;
  const size_t column = g->b_transposed ? g->ldb : 1, row = g->b_transposed ? 1 : g->ldb;
  const size_t right = (size_t)g->n / 2 * column, lower = (size_t)j->depth * row, step = TILE_COLUMNS * column;
  const size_t panel = (size_t)j->depth * TILE_COLUMNS;
  (void)worker;
  for (size_t pair = begin; pair < end; pair++) {
    const float *from = g->b + pair * step;
    const quarters q = { from, from + right, from + lower, from + right + lower, g->ldb };
    float *to = panel_at(j, (int)pair, 0);
    if (g->b_transposed) {
      turn_b(&q, j->depth, to, panel, pair + 1 < (size_t)j->pairs ? (ptrdiff_t)step : 0);
    } else {
      add_b(&q, j->depth, to, panel);
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

/* A row's factors from its halves, which lie elsewhere or in their places. */
CPU_INLINE void add_row(const float *upper, const float *lower, int depth, float *to, bool elsewhere)
{
  for (int k = 0; k < depth; k += VL) {
    const vec a11 = vec_load(upper + k), a12 = vec_load(upper + depth + k);
    const vec a21 = vec_load(lower + k), a22 = vec_load(lower + depth + k);
    const vec s1 = a21 + a22, s2 = s1 - a11;
    if (elsewhere) {
      vec_store(to + k, a11);
      vec_store(to + depth + k, a12);
      vec_store(to + 3 * depth + k, a22);
    }
    vec_store(to + 2 * depth + k, s1);
    vec_store(to + 4 * depth + k, s2);
    vec_store(to + 5 * depth + k, a11 - a21);
    vec_store(to + 6 * depth + k, a12 - s2);
  }
}

/* The factors of rows [first, end) of the halves; below the last row of an odd number are zeros. */
static void find_a(const job *j, int first, int end, float *to, int worker)
{
  const gemm *g = &j->g;
  const size_t step = a_step(j), k = (size_t)g->k;
  const int rows = end - first, lower_rows = at_most(end, g->m - j->half) - first;
  if (g->source) {
    g->source->make(g->source, first, rows, 0, g->k, to, step, worker);
    g->source->make(g->source, j->half + first, lower_rows, 0, g->k, to + k, step, worker);
  }
  for (int r = 0; r < rows; r++, to += step) {
    const bool both = r < lower_rows;
    if (!both) {
      memset(to + k, 0, k * sizeof *to);
    }
    if (g->source) {
      add_row(to, to + k, j->depth, to, false);
    } else {
      const float *upper = g->a + (size_t)(first + r) * g->lda;
      add_row(upper, both ? upper + (size_t)j->half * g->lda : to + k, j->depth, to, true);
    }
  }
}

#define SUMS (TILE_ROWS * TILE_COLUMNS) /* floats of a tile's */

enum { U2, U3, U4, LAST, SUMS_HELD }; /* of a tile at once; LAST: of the lower right quarter */

/* A tile's rows of the halves, [begin, begin + rows), and a pair of panels. */
typedef struct block {
  const job *j;
  const float *a;               /* its rows' factors */
  const float *ahead[PRODUCTS]; /* what is fetched during each product, as much as a panel */
  int begin, rows, pair;
  ptrdiff_t offset; /* of a product's factor in the rows */
  float *sums;
  tile tile; /* of a product, to such sums */
} block;

static void multiply(block *b, int product, int rows, tile *t)
{
  b->offset = (ptrdiff_t)place_of_a[product] * b->j->depth;
  t->b = panel_at(b->j, b->pair, product);
  t->ahead = b->ahead[product];
  CPU_OP(tile_even_rows)[1][rows - 1](t);
}

/* sums = a product + more, NULL: nothing. */
static void add_product(block *b, int product, const float *more, int sums)
{
  b->tile.more = more;
  b->tile.column = (size_t)sums * SUMS;
  multiply(b, product, b->rows, &b->tile);
}

static int rows_of(const block *b, bool lower)
{
  return lower ? at_most(b->rows, b->j->g.m - b->j->half - b->begin) : b->rows;
}

/* The block's part of a quarter of C = a product, or none, + more, with the epilogue. */
static void finish(block *b, int product, int more, bool lower, bool right)
{
  const gemm *g = &b->j->g;
  const tile_epilogue *e = &g->epilogue;
  const int rows = rows_of(b, lower);
  const size_t first = (size_t)(b->begin + (lower ? b->j->half : 0));
  float *c[TILE_ROWS];
  tile t = b->tile;
  t.c = c;
  t.column = (size_t)(b->pair * TILE_COLUMNS) + (size_t)(right ? g->n / 2 : 0);
  t.more = b->sums + more * SUMS;
  t.bias = e->bias;
  t.activation = e->activation;
  t.add_residual = e->residual != NULL;
  t.to_residual = t.add_residual ? e->residual - g->c : 0;
  t.stream = b->j->stream;
  for (int r = 0; r < rows; r++) {
    c[r] = g->c + (first + (size_t)r) * g->ldc;
  }
  if (rows > 0 && product != NO_PRODUCT) {
    multiply(b, product, rows, &t);
  } else if (rows > 0) {
    t.segments = 0;
    CPU_OP(tile_even_rows)[1][rows - 1](&t);
  }
}

/* Fetches a third of the rows of C's lower right quarter, and of what is added to them. */
static void fetch_some(const block *b, int third)
{
  const job *j = b->j;
  const gemm *g = &j->g;
  const int rows = rows_of(b, true), end = rows * (third + 1) / 3;
  for (int r = rows * third / 3; r < end; r++) {
    const size_t at = (size_t)(j->half + b->begin + r) * g->ldc + (size_t)(b->pair * TILE_COLUMNS + g->n / 2);
    for (int i = 0; i < TILE_COLUMNS; i += 16) {
      if (!j->stream) {
        __builtin_prefetch(g->c + at + i, 1);
      }
      if (g->epilogue.residual) {
        __builtin_prefetch(g->epilogue.residual + at + i);
      }
    }
  }
}

/* U4 holds P5: C's lower right quarter = U3 + P5, and U4 = U2 + P5. */
static void add_sums(const block *b)
{
  const float *u2 = b->sums + U2 * SUMS, *u3 = b->sums + U3 * SUMS;
  float *u4 = b->sums + U4 * SUMS, *last = b->sums + LAST * SUMS;
  for (int i = 0; i < b->rows * TILE_COLUMNS; i += VL) {
    const vec p5 = vec_load(u4 + i);
    vec_store(last + i, vec_load(u3 + i) + p5);
    vec_store(u4 + i, vec_load(u2 + i) + p5);
  }
}

static void run_block(block *b)
{
  float sums[SUMS_HELD * SUMS] __attribute__((aligned(64))), *c[TILE_ROWS];
  const float *const u2 = sums + U2 * SUMS;
  for (int r = 0; r < b->rows; r++) {
    c[r] = sums + r * TILE_COLUMNS;
  }
  b->sums = sums;
  b->tile = (tile){ .a = b->a, .stride = a_step(b->j), .offset = &b->offset, .segments = 1, .depth = b->j->depth,
                    .c = c, .columns = TILE_COLUMNS, .ahead_step = TILE_COLUMNS };
  add_product(b, OF_P1, NULL, U2);
  finish(b, OF_P2, U2, false, false);
  fetch_some(b, 0);
  add_product(b, OF_P6, u2, U2);
  fetch_some(b, 1);
  add_product(b, OF_P5, NULL, U4);
  fetch_some(b, 2);
  add_product(b, OF_P7, u2, U3);
  add_sums(b);
  finish(b, NO_PRODUCT, LAST, true, true);
  finish(b, OF_P4, U3, true, false);
  finish(b, OF_P3, U4, false, true);
}

/* What a task computes: tiles [first, end) of rows, pairs [p0, p1). */
typedef struct task {
  int first, end, p0, p1;
} task;

static task task_of(const job *j, int number)
{
  const int runs = pieces(j->tiles, j->run), column = number / runs, first = number % runs * j->run;
  return (task){ first, at_most(first + j->run, j->tiles), j->pairs * column / j->columns,
                 j->pairs * (column + 1) / j->columns };
}

/* What rows of A are made of, in pieces as large as a panel. */
typedef struct made {
  const float *first;
  int count;
} made;

static made made_of(const job *j, int first, int end)
{
  size_t floats = 0;
  if (first >= end) {
    return (made){ 0 };
  }
  const float *from = j->g.source->reads(j->g.source, first, end - first, &floats);
  return (made){ from, pieces((int)floats, j->depth * TILE_COLUMNS) };
}

/* The next task's, from piece number on, during products [0, count). */
static void find_made_ahead(const job *j, const task *next, int number, int count, const float **ahead)
{
  const int first = first_row(j, next->first), end = first_row(j, next->end);
  const made upper = made_of(j, first, end), lower = made_of(j, j->half + first, at_most(j->half + end, j->g.m));
  for (int p = 0; p < count && number < upper.count + lower.count; p++, number++) {
    const bool below = number >= upper.count;
    const int piece = below ? number - upper.count : number;
    ahead[p] = (below ? lower : upper).first + (size_t)piece * (size_t)j->depth * TILE_COLUMNS;
  }
}

/* What is fetched while tile i of the task meets a pair: the panels that come next, but at last what the next task
 * reads; where that is made, while tiles meet panels that the first has fetched. */
static void find_ahead(const job *j, const task *t, const task *next, int pair, int i, const float **ahead)
{
  const bool last_tile = i + 1 == t->end, last_pair = pair + 1 == t->p1;
  const int next_pair = !last_tile ? pair : last_pair ? next->p0 : pair + 1, next_tile = next->first + i - t->first;
  for (int p = 0; p < PRODUCTS; p++) {
    ahead[p] = p + 1 < PRODUCTS ? panel_at(j, pair, p + 1) : panel_at(j, next_pair, 0);
  }
  if (!last_pair || next->first == t->first) {
    return;
  }
  if (j->g.source && i > t->first) {
    find_made_ahead(j, next, (i - t->first - 1) * PRODUCTS, last_tile ? PRODUCTS - 1 : PRODUCTS, ahead);
  } else if (!j->g.source && next_tile < next->end) {
    ahead[0] = j->g.a + (size_t)first_row(j, next_tile) * j->g.lda;
    ahead[1] = ahead[0] + (size_t)j->half * j->g.lda;
  }
}

static void run_task(void *user, int number, int worker)
{
  const job *j = user;
  const task t = task_of(j, number), next = task_of(j, at_most(number + 1, tasks_of(j) - 1));
  float *const a = j->scratch + (size_t)worker * scratch_floats(j);
  const int begin = first_row(j, t.first);
  find_a(j, begin, first_row(j, t.end), a, worker);
  for (int pair = t.p0; pair < t.p1; pair++) {
    for (int i = t.first; i < t.end; i++) {
      block b = { .j = j, .begin = first_row(j, i), .pair = pair };
      b.a = a + (size_t)(b.begin - begin) * a_step(j);
      b.rows = first_row(j, i + 1) - b.begin;
      find_ahead(j, &t, &next, pair, i, b.ahead);
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
  const size_t packed = g->b_transposed ? CPU_OP(strassen_packed)(g) : 0;
  return ((size_t)j.workers * scratch_floats(&j) + packed) * sizeof(float);
}

void CPU_OP(strassen_run)(const slim_cpu_step *step, const gemm *g, float *workspace)
{
  job j = job_of(g, step);
  j.scratch = workspace;
  j.packed = (float *)g->b_packed;
  if (g->b_transposed) {
    j.packed = workspace + (size_t)j.workers * scratch_floats(&j);
    CPU_OP(strassen_pack)(step, g, j.packed);
  }
  slim_threads_run(step->device->threads, tasks_of(&j), run_task, &j);
}
