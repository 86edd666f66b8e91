/* B packed in advance: for many runs, or for all tasks of one. */
#include "backend/cpu/gemm_cut.h"
#include "backend/cpu/strassen.h"

typedef struct job {
  gemm g; /* b_packed is written */
  cut cut;
} job;

static void pack_pieces(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const gemm *g = &j->g;
  const int n0 = (int)begin * TILE_COLUMNS, n1 = at_most((int)end * TILE_COLUMNS, g->n);
  (void)worker;
  for (int slice = 0; slice < j->cut.slices; slice++) {
    const int k0 = piece_begin(g->k, j->cut.slices, slice), k1 = piece_begin(g->k, j->cut.slices, slice + 1);
    for (int i = 0; i < pieces(k1 - k0, K_BLOCK); i++) {
      const int k = block_begin(k0, k1, i), depth = block_begin(k0, k1, i + 1) - k;
      pack_panels(g, n0, n1, k, depth, packed_at(g, n0, k, depth));
    }
  }
}

size_t CPU_OP(gemm_packed)(const gemm *g)
{
  if (g->by_halves) {
    return CPU_OP(strassen_packed)(g);
  }
  return are_few_rows(g) ? 0 : (size_t)g->k * panels_width((size_t)g->n);
}

void CPU_OP(gemm_pack)(const slim_cpu_step *step, const gemm *g, float *packed)
{
  if (g->by_halves) {
    CPU_OP(strassen_pack)(step, g, packed);
    return;
  }
  job j = { .g = *g, .cut = cut_of(g, step) };
  j.g.b_packed = packed;
  slim_cpu_for(step, (size_t)pieces(g->n, TILE_COLUMNS), N_BLOCK, pack_pieces, &j);
}
