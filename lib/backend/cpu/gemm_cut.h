/* How a product is cut into tasks. The pieces of its depth depend on its size alone. */
#ifndef SLIM_CPU_GEMM_CUT_H
#define SLIM_CPU_GEMM_CUT_H

#include "backend/cpu/gemm_pack.h"
#include "backend/cpu/pieces.h"

#define M_BLOCK GEMM_UNIT       /* rows of A that a task holds in the second-level cache */
#define TASKS 8                 /* that a large product is cut into at least */
#define TASK_PANELS 2           /* least panels of a piece of columns */
#define COPIED_TASK_PANELS 4    /* the same where each piece copies A */
#define COPIED_TASK_ROWS (7 * TILE_ROWS) /* pieces of rows, which are as good, have at least as many then */
#define EVEN_TASKS 4            /* fewer than UNEVEN_TASKS are a multiple of these, so that all workers end together */
#define UNEVEN_TASKS 32
#define TASK_WORK 1e5           /* least products of a task */
#define SLICED_SUMS 65536       /* elements of C, at most, when the depth is shared among tasks */
#define SLICE_DEPTH 384         /* least depth and products of a slice then */
#define SLICE_WORK 1e6
#define ROW_DEPTH 32            /* the same of a slice of a product of one row */
#define ROW_WORK 32768
#define FEW_ROWS_WEIGHTS (1 << 19) /* elements of B, at least, for which few rows read it in the order of memory */
#define STREAMED_SUMS (3 << 20) /* elements of C, at least, that would leave the caches before they are read */
#define MADE_ROWS 98            /* of a task that makes its A; 14 and 7 are divisors */

typedef struct cut {
  int rows, columns, slices; /* numbers of pieces */
} cut;

static inline int piece_begin(int total, int count, int i)
{
  return (int)((int64_t)total * i / count);
}

/* Is it one row, and B read as it lies? */
static inline bool is_row(const gemm *g)
{
  return g->m == 1 && !g->source && !g->b_transposed && (!g->a_transposed || g->lda == 1);
}

/* Are they few, and B is read as it lies? */
static inline bool are_few_rows(const gemm *g)
{
  return is_row(g) || (g->m <= FEW_ROWS && !g->source && !g->b_transposed && !g->a_transposed &&
                       (double)g->n * (double)g->k >= FEW_ROWS_WEIGHTS);
}

static inline cut cut_of_row(const gemm *g)
{
  const int slices = at_most((int)((double)g->n * (double)g->k / ROW_WORK), at_most(TASKS, g->k / ROW_DEPTH));
  return (cut){ 1, 1, slices < 1 ? 1 : slices };
}

static inline bool is_even(const cut *c)
{
  const int tasks = c->rows * c->columns * c->slices;
  return tasks >= UNEVEN_TASKS || tasks % EVEN_TASKS == 0;
}

static inline void cut_rows(const gemm *g, cut *c, int wanted)
{
  while (c->rows * c->columns * c->slices < wanted && c->rows * 4 * TILE_ROWS <= g->m) {
    c->rows++;
  }
}

/* Pieces that columns are cut into, at most. */
static inline int most_columns(const gemm *g)
{
  const int panels = pieces(g->n, TILE_COLUMNS);
  const int most = g->a_transposed ? panels / COPIED_TASK_PANELS + 1
                                   : panels / (g->k > K_BLOCK ? COPIED_TASK_PANELS : TASK_PANELS);
  return most < 1 ? 1 : most;
}

/* Few sums of a great depth are shared by depth, so that each task reads a part of A and of B that no other does.
 * Pieces of columns do so too but for A, which is small where C is wide. */
static inline int slices_of(const gemm *g, int wanted)
{
  const double sums = (double)g->m * (double)g->n, work = sums * (double)g->k;
  if (sums > SLICED_SUMS || work <= 2 * SLICE_WORK) {
    return 1;
  }
  const int apart = g->n > g->m && !g->a_transposed ? most_columns(g) : 1;
  const int slices = at_most(at_most(wanted / apart, g->k / SLICE_DEPTH), (int)(work / SLICE_WORK));
  return slices < 1 ? 1 : slices;
}

/* A that is made is made once, so there are pieces of rows alone: of whole units, small enough for the cache and too large
 * to read B often; as many for each worker, if that can be. */
static inline cut cut_of_made(const gemm *g, int workers)
{
  const int unit = g->source->unit, units = pieces(g->m, unit);
  const int wanted = pieces(units, unit < MADE_ROWS ? MADE_ROWS / unit : 1);
  return (cut){ at_most(pieces(wanted, workers) * workers, units), 1, 1 };
}

/* Does each worker go through all its rows at one depth after another, so that it reads B once? Where half of the
 * second-level cache holds its part of C and a block of B. */
static inline bool keeps_sums(const gemm *g, const slim_cpu_step *step)
{
  const int rows = pieces(g->m, slim_threads_count(step->device->threads));
  const size_t held = (size_t)g->n * (size_t)(rows + K_BLOCK) * sizeof(float);
  return g->a_transposed && g->m >= g->n && rows > M_BLOCK && g->k > K_BLOCK && held <= step->device->caches.second / 2;
}

/* Where each task copies its part of A there are few tasks, and pieces of rows first: A is copied once then, and not for
 * each piece of columns, and B, which comes from a distant cache, read for many rows at a time. */
static inline cut cut_of(const gemm *g, const slim_cpu_step *step)
{
  const int workers = slim_threads_count(step->device->threads);
  if (are_few_rows(g)) {
    return cut_of_row(g);
  }
  if (g->source) {
    return cut_of_made(g, workers);
  }
  const double work = (double)g->m * (double)g->n * (double)g->k;
  const int wanted = work < TASKS * TASK_WORK ? (int)(work / TASK_WORK) : TASKS;
  cut c = { pieces(g->m, M_BLOCK), pieces(g->n, 32 * TILE_COLUMNS), 1 };
  c.slices = slices_of(g, wanted / (c.rows * c.columns));
  if (c.slices == 1 && keeps_sums(g, step)) {
    return (cut){ workers, 1, 1 };
  }
  const bool copied = !g->a_transposed && g->k > K_BLOCK;
  const int enough = copied ? at_most(wanted, at_least(EVEN_TASKS, workers)) : wanted;
  while (copied && c.rows * c.slices < enough && (c.rows + 1) * COPIED_TASK_ROWS <= g->m) {
    c.rows++;
  }
  if (g->a_transposed && g->m >= g->n) {
    cut_rows(g, &c, enough);
  }
  while (c.rows * c.columns * c.slices < enough && c.columns < most_columns(g)) {
    c.columns++;
  }
  cut_rows(g, &c, enough);
  while (wanted == TASKS && !is_even(&c) && c.rows * 2 * TILE_ROWS <= g->m) {
    c.rows++;
  }
  return c;
}

/* Blocks that a slice's depth is cut into, [k0, k1); where number i begins. */
static inline int block_begin(int k0, int k1, int i)
{
  return k0 + piece_begin(k1 - k0, pieces(k1 - k0, K_BLOCK), i);
}

/* Does C go past the caches? One that lies where a residual was just read stays, but of halves, as each core has read all
 * of that. */
static inline bool streams(const gemm *g, bool apart)
{
  const bool stays = g->epilogue.residual && !g->by_halves;
  return vec_streams((size_t)g->m * (size_t)g->n, STREAMED_SUMS, apart && !stays) && g->ldc % 16 == 0 &&
         (uintptr_t)g->c % 64 == 0;
}

/* Where a task's rows begin: those of number i. */
static inline int rows_begin(const gemm *g, const cut *c, int i)
{
  const int unit = g->source ? g->source->unit : 1;
  return at_most(piece_begin(pieces(g->m, unit), c->rows, i) * unit, g->m);
}

#endif
