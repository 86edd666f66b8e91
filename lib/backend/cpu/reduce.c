#include "backend/cpu/vec.h"

#include <math.h>

#define CHUNK ((size_t)4096) /* elements summed in float32 lanes before they go into a double */
#define TILE ((size_t)64)    /* neighbouring outputs summed together */

/* x as [outer][reduced 0][middle][reduced 1][inner]: every mask whose axes form at most two runs. Others (three runs)
 * do not occur below rank 5 and are not supported. */
typedef struct plan {
  slim_reduce_kind kind;
  size_t outer, r0, middle, r1, inner;
  double scale;
  const float *x;
  float *y;
  double *partial;
} plan;

/* Sizes of the runs, kept and reduced in turn, beginning with a kept one (1 if the first axis is reduced). */
static int runs_of(const slim_cpu_step *step, size_t size[SLIM_MAX_RANK + 2])
{
  const slim_shape *x = &step->in[0].shape;
  const unsigned axes = ((const slim_reduce_attr *)step->attr)->axes;
  int runs = 1;
  for (int i = 0; i < SLIM_MAX_RANK + 2; i++) {
    size[i] = 1;
  }
  for (int i = 0; i < x->rank; i++) {
    const bool reduced = axes >> i & 1u;
    if (x->dim[i] == 1) {
      continue;
    }
    if (reduced != (runs % 2 == 0)) {
      runs++;
    }
    size[runs - 1] *= (size_t)x->dim[i];
  }
  return runs;
}

static void make_plan(plan *p, const slim_cpu_step *step)
{
  size_t size[SLIM_MAX_RANK + 2];
  const int runs = runs_of(step, size);
  *p = (plan){ .kind = ((const slim_reduce_attr *)step->attr)->kind, .x = step->in[0].host, .y = step->out[0].host };
  p->outer = size[0];
  p->r0 = runs > 3 ? size[1] : 1;
  p->middle = runs > 3 ? size[2] : 1;
  p->r1 = runs > 3 ? size[3] : size[1];
  p->inner = runs > 3 ? size[4] : size[2];
  p->scale = p->kind == SLIM_REDUCE_MEAN           ? 1.0 / (double)(p->r0 * p->r1)
             : p->kind == SLIM_REDUCE_HALF_SQUARES ? 0.5
                                                   : 1.0;
  p->partial = step->workspace;
}

static bool supports(const slim_cpu_step *step)
{
  size_t size[SLIM_MAX_RANK + 2];
  return step->in[0].dtype == SLIM_FLOAT32 && runs_of(step, size) <= 5;
}

static double largest(const float *x, size_t n)
{
  float best = -INFINITY;
  for (size_t i = 0; i < n; i++) {
    best = x[i] > best || x[i] != x[i] ? x[i] : best;
  }
  return (double)best;
}

CPU_INLINE double sum_of(const float *x, size_t n, bool squares)
{
  vec lane = { 0 };
  double total = 0.0;
  size_t i = 0;
  for (; i + VL <= n; i += VL) {
    const vec v = vec_load(x + i);
    if (squares) {
      lane += v * v;
    } else {
      lane += v;
    }
  }
  for (int k = 0; k < VL; k++) {
    total += (double)lane[k];
  }
  for (; i < n; i++) {
    total += squares ? (double)x[i] * (double)x[i] : (double)x[i];
  }
  return total;
}

/* The sum, the sum of squares or the largest of n neighbours. */
static double along(slim_reduce_kind kind, const float *x, size_t n)
{
  return kind == SLIM_REDUCE_MAX            ? largest(x, n)
         : kind == SLIM_REDUCE_HALF_SQUARES ? sum_of(x, n, true)
                                            : sum_of(x, n, false);
}

static double merge(slim_reduce_kind kind, double a, double b)
{
  return kind == SLIM_REDUCE_MAX ? (b > a || b != b ? b : a) : a + b;
}

static double start_of(slim_reduce_kind kind)
{
  return kind == SLIM_REDUCE_MAX ? (double)-INFINITY : 0.0;
}

static double row(const plan *p, const float *x, size_t n)
{
  double total = start_of(p->kind);
  for (size_t i = 0; i < n; i += CHUNK) {
    total = merge(p->kind, total, along(p->kind, x + i, size_min(CHUNK, n - i)));
  }
  return total;
}

/* Outputs [first, first + n) of inner of one (outer, middle) cell. */
static void tile(const plan *p, size_t o, size_t m, size_t first, size_t n, float *y)
{
  double total[TILE];
  for (size_t i = 0; i < n; i++) {
    total[i] = start_of(p->kind);
  }
  for (size_t a = 0; a < p->r0; a++) {
    const float *x = p->x + ((o * p->r0 + a) * p->middle + m) * p->r1 * p->inner + first;
    if (p->inner == 1) {
      total[0] = merge(p->kind, total[0], row(p, x, p->r1));
      continue;
    }
    for (size_t b = 0; b < p->r1; b++) {
      for (size_t i = 0; i < n; i++) {
        const double v = (double)x[b * p->inner + i];
        total[i] = merge(p->kind, total[i], p->kind == SLIM_REDUCE_HALF_SQUARES ? v * v : v);
      }
    }
  }
  for (size_t i = 0; i < n; i++) {
    y[i] = (float)(total[i] * p->scale);
  }
}

static void tiles(void *user, size_t begin, size_t end, int worker)
{
  const plan *p = user;
  const size_t across = (p->inner + TILE - 1) / TILE;
  (void)worker;
  for (size_t t = begin; t < end; t++) {
    const size_t cell = t / across, first = t % across * TILE;
    tile(p, cell / p->middle, cell % p->middle, first, size_min(TILE, p->inner - first),
         p->y + cell * p->inner + first);
  }
}

static void chunk(void *user, size_t begin, size_t end, int worker)
{
  const plan *p = user;
  (void)worker;
  for (size_t c = begin; c < end; c++) {
    const size_t first = c * CHUNK;
    p->partial[c] = along(p->kind, p->x + first, size_min(CHUNK, p->r1 - first));
  }
}

/* All elements into one: chunks in parallel, then in order. */
static bool is_total(const plan *p)
{
  return p->outer * p->r0 * p->middle * p->inner == 1;
}

static size_t workspace(const slim_cpu_step *step)
{
  plan p;
  make_plan(&p, step);
  return is_total(&p) ? (p.r1 / CHUNK + 1) * sizeof(double) : 0;
}

static void run_total(slim_cpu_step *step, plan *p)
{
  const size_t chunks = (p->r1 + CHUNK - 1) / CHUNK;
  double total = start_of(p->kind);
  slim_cpu_for(step, chunks, 16, chunk, p);
  for (size_t c = 0; c < chunks; c++) {
    total = merge(p->kind, total, p->partial[c]);
  }
  p->y[0] = (float)(total * p->scale);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  plan p;
  (void)run_info;
  make_plan(&p, step);
  if (is_total(&p)) {
    run_total(step, &p);
    return;
  }
  const size_t across = (p.inner + TILE - 1) / TILE, work = p.r0 * p.r1 * size_min(TILE, p.inner);
  slim_cpu_for(step, p.outer * p.middle * across, 1 + CPU_GRAIN / (1 + work), tiles, &p);
}

const slim_cpu_op CPU_OP(reduce) = { .supports = supports, .workspace = workspace, .run = run };
