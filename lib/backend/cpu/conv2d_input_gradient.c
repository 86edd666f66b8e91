/* A pixel of dx takes from dy at whole strides only, so dx falls into stride.h * stride.w phases; each is a convolution
 * of dy, of stride 1, with the taps that meet it. */
#include "backend/cpu/layout.h"
#include "backend/cpu/packed.h"
#include "backend/cpu/strassen.h"
#include "backend/cpu/taps.h"
#include "backend/cpu/winograd.h"
#include "backend/cpu/winograd_line.h"

#include <stdlib.h>

typedef struct phase {
  taps taps;
  size_t out_offset, packed_offset; /* floats */
} phase;

typedef struct state {
  conv2d g;
  int count;
  phase *phases;
  winograd winograd; /* these two instead of the one phase of stride 1 */
  winograd_line line;
  bool by_product, by_winograd, by_line;
  packed_weights packed;
} state;

static bool is_nchw(const slim_cpu_step *step)
{
  return ((const slim_conv2d_attr *)step->attr)->nchw != 0;
}

static conv2d geometry(const slim_cpu_step *step)
{
  return conv2d_of(step->attr, &step->out[0].shape, &step->in[1].shape, &step->in[0].shape);
}

static phase phase_of(const conv2d *g, int number)
{
  const image x = channels_last(g->x);
  phase p = { 0 };
  taps *t = &p.taps;
  const slim_phase rows = slim_phase_of(number / g->stride.w, g->kh, g->stride.h, g->rate.h, g->before_h, x.h);
  const slim_phase columns = slim_phase_of(number % g->stride.w, g->kw, g->stride.w, g->rate.w, g->before_w, x.w);
  *t = (taps){ .n = g->y.n, .h = g->y.h, .w = g->y.w, .c = g->y.c, .oh = rows.count, .ow = columns.count, .oc = x.c,
               .stride = { 1, 1 }, .rows = rows.taps, .columns = columns.taps, .kernel_w = g->kw, .transposed = true };
  if (t->rows.count == 0 || t->columns.count == 0) {
    t->rows = t->columns = (slim_taps){ .distance = 1 };
  }
  t->out_image = x.image;
  t->out_row = x.row * (size_t)g->stride.h;
  t->out_pixel = x.pixel * (size_t)g->stride.w;
  p.out_offset = (size_t)rows.first * x.row + (size_t)columns.first * x.pixel;
  CPU_OP(taps_plan)(t);
  return p;
}

static int phases_of(const conv2d *g)
{
  return g->stride.h * g->stride.w;
}

/* dx = dy * weights^T, read as they lie. */
static gemm product_of(const slim_cpu_step *step, const conv2d *g, const float *dy, float *dx)
{
  gemm p = { .m = product_rows(g), .n = product_depth(g), .k = g->y.c, .a = dy, .b = step->in[1].host, .c = dx };
  p.lda = p.ldb = (size_t)p.k;
  p.ldc = (size_t)p.n;
  p.b_transposed = true;
  p.by_halves = CPU_OP(strassen_fits)(step, &p);
  return p;
}

static bool plan_winograd(const slim_cpu_step *step, const conv2d *g, winograd *w)
{
  const tile_epilogue none = { 0 };
  *w = winograd_of_input_gradient(g);
  return CPU_OP(winograd_plan)(w, step, NULL, &none);
}

static bool plan_line(const slim_cpu_step *step, const conv2d *g, winograd_line *l)
{
  const tile_epilogue none = { 0 };
  *l = winograd_line_of_input_gradient(g);
  return CPU_OP(winograd_line_plan)(l, step, &none);
}

static size_t scratch_floats(const slim_cpu_step *step, const conv2d *g)
{
  winograd w;
  winograd_line l;
  size_t most = 0;
  if (conv2d_is_product(g)) {
    const gemm p = product_of(step, g, NULL, NULL);
    return whole_lines(CPU_OP(gemm_workspace)(step, &p) / sizeof(float));
  }
  if (plan_winograd(step, g, &w)) {
    return whole_lines(CPU_OP(winograd_workspace)(&w, step));
  }
  if (plan_line(step, g, &l)) {
    return whole_lines(CPU_OP(winograd_line_workspace)(&l, step));
  }
  for (int i = 0; i < phases_of(g); i++) {
    const phase p = phase_of(g, i);
    const size_t floats = CPU_OP(taps_scratch)(&p.taps);
    most = floats > most ? floats : most;
  }
  return most * (size_t)slim_threads_count(step->device->threads);
}

/* Of the workspace, but for packed weights. */
static size_t plain_floats(const slim_cpu_step *step, const conv2d *g)
{
  const size_t turned = is_nchw(step) ? whole_lines(image_floats(&g->x)) + whole_lines(image_floats(&g->y)) : 0;
  return turned + whole_lines(scratch_floats(step, g));
}

static size_t packed_floats(const slim_cpu_step *step, const conv2d *g)
{
  winograd w;
  winograd_line l;
  size_t floats = 0;
  if (conv2d_is_product(g) || plan_winograd(step, g, &w) || plan_line(step, g, &l)) {
    return 0;
  }
  for (int i = 0; i < phases_of(g); i++) {
    const phase p = phase_of(g, i);
    floats += CPU_OP(taps_packed)(&p.taps);
  }
  return floats;
}

static size_t workspace(const slim_cpu_step *step)
{
  const conv2d g = geometry(step);
  return (plain_floats(step, &g) + packed_workspace(&step->in[1], packed_floats(step, &g))) * sizeof(float);
}

static double flops(const slim_cpu_step *step)
{
  const conv2d g = geometry(step);
  return conv2d_flops(&g);
}

static bool prepare(slim_cpu_step *step)
{
  state *s = step->state;
  size_t packed = 0;
  s->g = geometry(step);
  s->by_product = conv2d_is_product(&s->g);
  if (s->by_product) {
    step->base.kernel = "conv2d_product";
    return true;
  }
  s->by_winograd = plan_winograd(step, &s->g, &s->winograd);
  if (s->by_winograd) {
    step->base.kernel = "conv2d_winograd";
    return true;
  }
  s->by_line = plan_line(step, &s->g, &s->line);
  if (s->by_line) {
    step->base.kernel = "conv2d_winograd_line";
    return true;
  }
  s->count = phases_of(&s->g);
  s->phases = calloc((size_t)s->count, sizeof *s->phases);
  for (int i = 0; s->phases && i < s->count; i++) {
    s->phases[i] = phase_of(&s->g, i);
    s->phases[i].packed_offset = packed;
    packed += CPU_OP(taps_packed)(&s->phases[i].taps);
  }
  return s->phases && packed_alloc(step, &s->packed, &step->in[1], packed, plain_floats(step, &s->g));
}

static void release(slim_cpu_step *step)
{
  state *s = step->state;
  free(s->phases);
  packed_free(&s->packed);
}

static void run_phases(slim_cpu_step *step, const float *dy, float *dx)
{
  const state *s = step->state;
  const tile_epilogue none = { 0 };
  if (s->by_product) {
    const gemm p = product_of(step, &s->g, dy, dx);
    CPU_OP(gemm_run)(step, &p, step->workspace);
    return;
  }
  if (s->by_winograd) {
    CPU_OP(winograd_run)(step, &s->winograd, dy, &step->in[1], NULL, dx, &none, step->workspace);
    return;
  }
  if (s->by_line) {
    CPU_OP(winograd_line_run)(step, &s->line, dy, &step->in[1], NULL, dx, &none, step->workspace);
    return;
  }
  for (int i = 0; i < s->count; i++) {
    const phase *p = &s->phases[i];
    if (p->taps.oh > 0 && p->taps.ow > 0) {
      CPU_OP(taps_run)(step, &p->taps, dy, s->packed.data + p->packed_offset, dx + p->out_offset, &none,
                       step->workspace);
    }
  }
}

static void pack(const slim_cpu_step *step, const state *s)
{
  for (int i = 0; i < s->count; i++) {
    CPU_OP(taps_pack)(step, &s->phases[i].taps, &step->in[1], s->packed.data + s->phases[i].packed_offset);
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  state *s = step->state;
  const conv2d *g = &s->g;
  (void)run_info;
  if (s->count && packed_stale(&s->packed, &step->in[1])) {
    pack(step, s);
  }
  if (!is_nchw(step)) {
    run_phases(step, step->in[0].host, step->out[0].host);
    return;
  }
  float *dy = (float *)step->workspace + scratch_floats(step, g), *dx = dy + whole_lines(image_floats(&g->y));
  turn_all(step, (size_t)g->y.n, (turn){ step->in[0].host, dy, (size_t)g->y.c, (size_t)g->y.h * (size_t)g->y.w });
  run_phases(step, dy, dx);
  turn_all(step, (size_t)g->x.n, (turn){ dx, step->out[0].host, (size_t)g->x.h * (size_t)g->x.w, (size_t)g->x.c });
}

const slim_cpu_op CPU_OP(conv2d_input_gradient) = {
  .kernel = "conv2d_taps", .state_bytes = sizeof(state), .flops = flops, .workspace = workspace, .prepare = prepare,
  .run = run, .release = release
};
