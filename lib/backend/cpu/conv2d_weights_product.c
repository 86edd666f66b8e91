/* Matrices that lie as the product needs them are read there. Where one tap has a stride, the few pixels of a row that it
 * meets are gathered. */
#include "backend/cpu/conv2d_weights_product.h"

#include "backend/cpu/gemm.h"

#include <string.h>

#define SHORT_ROW 16 /* pixels of an output's row, at most, that are too short a segment for the direct sums */

/* One tap whose pixels lie apart, few of a row together and none outside of x? They are gathered for a product. */
static bool is_gathered(const conv2d *g)
{
  const bool inside = g->before_h == 0 && g->before_w == 0 && (g->y.h - 1) * g->stride.h < g->x.h &&
                      (g->y.w - 1) * g->stride.w < g->x.w;
  return g->kh == 1 && g->kw == 1 && !conv2d_is_product(g) && g->y.w <= SHORT_ROW && inside;
}

bool CPU_OP(conv2d_weights_product_fits)(const conv2d *g)
{
  return conv2d_is_product(g) || is_gathered(g);
}

static size_t gathered_floats(const conv2d *g)
{
  return is_gathered(g) ? whole_lines((size_t)product_rows(g) * (size_t)product_depth(g)) : 0;
}

typedef struct gather_job {
  image x, y;
  slim_hw stride;
  const float *from;
  float *to;
} gather_job;

/* Of each of y's rows the pixels of x. */
static void gather_rows(void *user, size_t begin, size_t end, int worker)
{
  const gather_job *j = user;
  const size_t pixel = j->x.pixel, h = (size_t)j->y.h, w = (size_t)j->y.w;
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    const float *from = j->from + i / h * j->x.image + i % h * (size_t)j->stride.h * j->x.row;
    for (size_t c = 0; c < w; c++) {
      memcpy(j->to + (i * w + c) * pixel, from + c * (size_t)j->stride.w * pixel, pixel * sizeof *from);
    }
  }
}

static gemm product_of(const conv2d *g, const float *x, const float *dy, float *dw)
{
  gemm p = { .m = product_depth(g), .n = g->y.c, .k = product_rows(g), .a = x, .b = dy, .c = dw };
  p.lda = (size_t)p.m;
  p.ldb = p.ldc = (size_t)p.n;
  p.a_transposed = true;
  return p;
}

size_t CPU_OP(conv2d_weights_product_workspace)(const slim_cpu_step *step, const conv2d *g)
{
  const gemm product = product_of(g, NULL, NULL, NULL);
  return gathered_floats(g) + whole_lines(CPU_OP(gemm_workspace)(step, &product) / sizeof(float));
}

/* Scratch: the gathered pixels, the product's. */
void CPU_OP(conv2d_weights_product_run)(const slim_cpu_step *step, const conv2d *g, const float *x, const float *dy,
                                        float *dw, float *scratch)
{
  gemm product = product_of(g, x, dy, dw);
  if (is_gathered(g)) {
    gather_job j = { channels_last(g->x), channels_last(g->y), g->stride, x, scratch };
    slim_cpu_for(step, (size_t)(j.y.n * j.y.h), 1 + CPU_GRAIN / ((size_t)j.y.w * j.x.pixel), gather_rows, &j);
    product.a = scratch;
  }
  CPU_OP(gemm_run)(step, &product, scratch + gathered_floats(g));
}
