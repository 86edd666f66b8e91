#include "backend/cpu/gemm_slices.h"

/* Of a wide A and a narrow B that are both read by rows of the depth it is that of C's transpose: the narrow one is
 * copied then, and the wide one's rows, in place, are vectors. */
gemm CPU_OP(gemm_sliced_product)(const gemm *g, const slim_cpu_step *step)
{
  gemm turned = *g;
  turned.m = g->n;
  turned.n = g->m;
  turned.a = g->b;
  turned.b = g->a;
  turned.lda = g->ldb;
  turned.ldb = g->lda;
  const bool by_depth = g->a_transposed && !g->b_transposed && !g->b_packed && !g->b_half && !g->source;
  const bool wide = g->m % VL == 0 && g->m >= 2 * g->n && g->n >= 2 * TILE_ROWS;
  return by_depth && wide && cut_of(&turned, step).slices > 1 ? turned : *g;
}

static void add_turned_rows(const gemm_slices *s, size_t begin, size_t end)
{
  const gemm *g = s->g;
  const size_t m = (size_t)g->m, slice = m * (size_t)g->n;
  for (int i = 0; i < g->n; i++) {
    const float *part = s->sums + (size_t)i * m;
    for (size_t r = begin; r < end; r++) {
      float sum = part[r];
      for (int k = 1; k < s->count; k++) {
        sum += part[(size_t)k * slice + r];
      }
      g->c[r * g->ldc + (size_t)i] = sum;
    }
  }
}

static void add_rows(void *user, size_t begin, size_t end, int worker)
{
  const gemm_slices *s = user;
  const gemm *g = s->g;
  (void)worker;
  if (s->turned) {
    add_turned_rows(s, begin, end);
    return;
  }
  for (size_t r = begin; r < end; r++) {
    float *c = g->c + r * g->ldc;
    for (int k = 0; k < s->count; k++) {
      const float *part = s->sums + ((size_t)k * (size_t)g->m + r) * (size_t)g->n;
      for (int i = 0; i < g->n; i++) {
        c[i] = (k ? c[i] : 0.0f) + part[i];
      }
    }
  }
}

/* The epilogue over a C that has its sums: one tile of depth 0 after another. */
static void finish_rows(void *user, size_t begin, size_t end, int worker)
{
  const gemm_slices *s = user;
  const gemm *g = s->g;
  (void)worker;
  for (size_t r = begin; r < end; r++) {
    for (int n = 0; n < g->n; n += TILE_COLUMNS) {
      float *c = g->c + r * g->ldc;
      tile tl = { .c = &c, .columns = at_most(TILE_COLUMNS, g->n - n), .b = g->b, .accumulate = true };
      set_epilogue(g, &tl);
      run_tile(g, 1, n, &tl);
    }
  }
}

static bool has_epilogue(const gemm *g)
{
  return g->epilogue.bias || g->epilogue.residual || g->epilogue.activation != SLIM_ACTIVATION_NONE;
}

void CPU_OP(gemm_add_slices)(const slim_cpu_step *step, const gemm_slices *s)
{
  const size_t rows = (size_t)s->g->m, grain = 1 + CPU_GRAIN / (1 + (size_t)s->g->n);
  slim_cpu_for(step, rows, grain, add_rows, (void *)s);
  if (has_epilogue(s->g)) {
    slim_cpu_for(step, rows, grain, finish_rows, (void *)s);
  }
}
