/* A product whose depth is cut into slices: each has a C of its own, and these are added in order. */
#ifndef SLIM_CPU_GEMM_SLICES_H
#define SLIM_CPU_GEMM_SLICES_H

#include "backend/cpu/gemm_cut.h"

typedef struct gemm_slices {
  const gemm *g;
  const float *sums; /* of each slice a C without gaps */
  int count;
  bool turned; /* they lie as C's transpose */
} gemm_slices;

/* The product whose slices are made: g, or the one of C's transpose. */
gemm CPU_OP(gemm_sliced_product)(const gemm *g, const slim_cpu_step *step);

/* C of all slices, and its epilogue. */
void CPU_OP(gemm_add_slices)(const slim_cpu_step *step, const gemm_slices *s);

/* The epilogue at a tile's end. */
static inline void set_epilogue(const gemm *g, tile *tl)
{
  tl->bias = g->epilogue.bias;
  tl->add_residual = g->epilogue.residual != NULL;
  tl->to_residual = tl->add_residual ? g->epilogue.residual - g->c : 0;
  tl->activation = g->epilogue.activation;
}

/* rows of C, the panel from n on. */
static inline void run_tile(const gemm *g, int rows, int n, tile *tl)
{
  tl->column = (size_t)n;
  const int wide = panel_width(tl->columns) == VL ? 0 : 1;
  (g->a_transposed ? CPU_OP(tile_columns) : CPU_OP(tile_even_rows))[wide][rows - 1](tl);
}

#endif
