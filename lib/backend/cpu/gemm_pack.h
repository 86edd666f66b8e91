/* Blocks of a product's matrices as the tiles read them. */
#ifndef SLIM_CPU_GEMM_PACK_H
#define SLIM_CPU_GEMM_PACK_H

#include "backend/cpu/gemm.h"
#include "backend/cpu/pack.h"

#define K_BLOCK 512        /* depth of a packed block */
#define LDA (K_BLOCK + VL) /* of the copied rows of A; not a power of two, or the rows would share cache sets */
#define N_BLOCK 4          /* panels of B that are packed at once */
#define PREFETCH 6         /* rows ahead of the one that is packed */
/* Floats from tile to tile of a packed A; the gap keeps them in cache sets of their own. */
#define A_STEP ((size_t)TILE_STRIDE * K_BLOCK + 16)

/* Floats from row to row of a copied or made A. */
static inline size_t copied_step(const gemm *g, int depth)
{
  return g->source ? ((size_t)depth + VL - 1) / VL * VL + VL : LDA;
}

/* rows x depth of A as it lies, into rows of LDA. */
static inline void copy_rows(const gemm *g, int m0, int rows, int k0, int depth, float *to)
{
  for (int r = 0; r < rows; r++) {
    memcpy(to + (size_t)r * LDA, g->a + (size_t)(m0 + r) * g->lda + k0, (size_t)depth * sizeof *to);
  }
}

/* A transposed, row by row as it lies: rows of each tile side by side, [tile][k][TILE_STRIDE], tiles A_STEP apart. The
 * last k is copied exactly; before it whole vectors may be read, for they end before the last k does. */
static inline void copy_columns(const gemm *g, int m0, int rows, int k0, int depth, float *to)
{
  const float *from = g->a + (size_t)k0 * g->lda + m0;
  const int safe = g->lda >= TILE_STRIDE ? depth - 1 : 0, tiles = tiles_of(rows);
  int begins[GEMM_UNIT / TILE_ROWS + 1];
  for (int i = 0; i <= tiles; i++) {
    begins[i] = tile_begin(rows, tiles, i);
  }
  for (int k = 0; k < depth; k++, from += g->lda, to += TILE_STRIDE) {
    const float *ahead = from + (k + PREFETCH < depth ? PREFETCH * g->lda : 0);
    for (int i = 0; i < rows; i += 16) {
      __builtin_prefetch(ahead + i);
    }
    for (int i = 0; i < tiles; i++) {
      const int begin = begins[i];
      float *packed = to + (size_t)i * A_STEP;
      if (k >= safe) {
        memcpy(packed, from + begin, (size_t)(begins[i + 1] - begin) * sizeof *to);
        continue;
      }
      CPU_UNROLL
      for (int v = 0; v < TILE_STRIDE; v += VL) {
        vec_store(packed + v, vec_load(from + begin + v));
      }
    }
  }
}

/* Panels [n0, n1) of B, row by row of B as it lies. */
static inline void pack_b(const gemm *g, int n0, int n1, int k0, int depth, float *to)
{
  const int whole = (n1 - n0) / TILE_COLUMNS, rest = (n1 - n0) % TILE_COLUMNS;
  const size_t panel = (size_t)depth * TILE_COLUMNS;
  const float *from = g->b + (size_t)k0 * g->ldb + n0;
  for (int k = 0; whole && k < depth; k++) {
    const float *row = from + (size_t)k * g->ldb, *ahead = row + (k + PREFETCH < depth ? PREFETCH * g->ldb : 0);
    for (int p = 0; p < whole; p++) {
      float *packed = to + (size_t)p * panel + (size_t)k * TILE_COLUMNS;
      for (int i = 0; i < TILE_COLUMNS; i += 16) {
        __builtin_prefetch(ahead + p * TILE_COLUMNS + i);
      }
      vec_store(packed, vec_load(row + p * TILE_COLUMNS));
      vec_store(packed + VL, vec_load(row + p * TILE_COLUMNS + VL));
    }
  }
  if (rest) {
    const float *end = g->b + (size_t)(g->k - 1) * g->ldb + g->n;
    pack_panel(from + whole * TILE_COLUMNS, g->ldb, end, rest, depth, to + (size_t)whole * panel);
  }
}

/* The same of a B that lies transposed. */
static inline void pack_b_transposed(const gemm *g, int n0, int n1, int k0, int depth, float *to)
{
  for (int n = n0; n < n1; n += TILE_COLUMNS) {
    const int columns = n1 - n < TILE_COLUMNS ? n1 - n : TILE_COLUMNS;
    pack_panel_transposed(g->b + (size_t)n * g->ldb + k0, g->ldb, columns, depth, to);
    to += (size_t)panel_width(columns) * (size_t)depth;
  }
}

/* Panels [n0, n1) at depth k, as the tiles read them. */
static inline void pack_panels(const gemm *g, int n0, int n1, int k, int depth, float *to)
{
  if (g->b_half) {
    pack_half(g->b_half + (size_t)k * g->ldb + n0, g->ldb, n1 - n0, depth, to);
    return;
  }
  (g->b_transposed ? pack_b_transposed : pack_b)(g, n0, n1, k, depth, to);
}

/* Where the panel from n on lies in a B that was packed in advance, block after block of the depth. */
static inline float *packed_at(const gemm *g, int n, int k, int depth)
{
  return (float *)g->b_packed + (size_t)k * panels_width((size_t)g->n) + (size_t)n * (size_t)depth;
}

#endif
