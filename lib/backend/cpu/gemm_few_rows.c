/* Few rows of A: B is read once, some whole rows at a time, so that memory is asked in the order in which it lies. */
#include "backend/cpu/gemm_cut.h"

#define DEPTH 32            /* rows of B at once: few enough for the nearest caches, enough for a tile to pay */
#define AHEAD 2             /* panels from what is multiplied to what is fetched */
#define ROW_STEP (DEPTH + VL) /* floats from row to row of the copied A: no power of two, or they would share cache sets */

typedef struct rows {
  const gemm *g;
  int k, depth;
  float *a;     /* [m][ROW_STEP] */
  float *panel; /* one that cannot be read as it lies */
  float *c[FEW_ROWS];
} rows;

static void copy_a(rows *r)
{
  const gemm *g = r->g;
  for (int m = 0; m < g->m; m++) {
    memcpy(r->a + m * ROW_STEP, g->a + (size_t)m * g->lda + r->k, (size_t)r->depth * sizeof *r->a);
  }
}

/* Where a panel's rows are: in B, but of halves or behind the last whole vector, which are copied. */
static void find_panel(const rows *r, int n, tile *tl)
{
  const gemm *g = r->g;
  const size_t first = (size_t)r->k * g->ldb + (size_t)n;
  tl->b = r->panel;
  tl->b_gap = 0;
  if (g->b_half) {
    pack_half(g->b_half + first, g->ldb, tl->columns, r->depth, r->panel);
  } else if (tl->columns % VL != 0) {
    pack_panel(g->b + first, g->ldb, g->b + (size_t)(g->k - 1) * g->ldb + g->n, tl->columns, r->depth, r->panel);
  } else {
    tl->b = g->b + first;
    tl->b_gap = g->ldb - (size_t)panel_width(tl->columns);
  }
}

/* What is fetched meanwhile: at each k the same row of a panel ahead; of halves a line has two panels. */
static const float *ahead_of(const rows *r, int n, size_t *step)
{
  const gemm *g = r->g;
  const size_t from = (size_t)r->k * g->ldb + (size_t)n + AHEAD * TILE_COLUMNS;
  *step = g->b_half ? g->ldb / 2 : g->ldb;
  return g->b_half ? (const float *)g->b_half + from / 2 : g->b + from;
}

/* All columns at depths [k, k + depth). */
static void run_depth(rows *r, bool first)
{
  const gemm *g = r->g;
  const ptrdiff_t zero = 0;
  const int tiles = tiles_of(g->m);
  tile tl = { .offset = &zero, .segments = 1, .depth = r->depth, .stride = ROW_STEP, .accumulate = !first };
  copy_a(r);
  for (int n = 0; n < g->n; n += TILE_COLUMNS) {
    tl.column = (size_t)n;
    tl.columns = at_most(TILE_COLUMNS, g->n - n);
    find_panel(r, n, &tl);
    tl.ahead = ahead_of(r, n, &tl.ahead_step);
    for (int i = 0; i < tiles; i++) {
      const int begin = tile_begin(g->m, tiles, i), count = tile_begin(g->m, tiles, i + 1) - begin;
      tl.a = r->a + begin * ROW_STEP;
      tl.c = r->c + begin;
      CPU_OP(tile_even_rows)[panel_width(tl.columns) == VL ? 0 : 1][count - 1](&tl);
      tl.ahead = NULL;
    }
  }
}

void CPU_OP(gemm_few_rows)(const gemm *g, int k0, int k1, float *c)
{
  float a[FEW_ROWS * ROW_STEP], panel[DEPTH * TILE_COLUMNS];
  rows r = { .g = g, .a = a, .panel = panel };
  for (int m = 0; m < g->m; m++) {
    r.c[m] = c + (size_t)m * (size_t)g->n;
  }
  const int blocks = pieces(k1 - k0, DEPTH);
  for (int i = 0; i < blocks; i++) {
    r.k = k0 + piece_begin(k1 - k0, blocks, i);
    r.depth = k0 + piece_begin(k1 - k0, blocks, i + 1) - r.k;
    run_depth(&r, i == 0);
  }
}
