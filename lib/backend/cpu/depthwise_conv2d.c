/*
 * A depthwise convolution; or a separable one, where a 1x1 convolution of the same group multiplies its result: then a
 * task makes the depthwise sums of some pixels where the product reads them, in its worker's scratch memory.
 */
#include "backend/cpu/depthwise.h"
#include "backend/cpu/packed.h"
#include "backend/cpu/strassen.h"
#include "backend/separable.h"

/* Of the 1x1 convolution. */
typedef struct state {
  size_t packed_floats; /* 0: the weights are read as they lie */
  packed_weights packed;
} state;

static depthwise sums_of(const slim_cpu_step *step)
{
  const slim_shape *weights = &step->in[1].shape;
  slim_shape y = step->out[0].shape;
  if (slim_separable_node(&step->group)) {
    y.dim[3] = weights->dim[2] * weights->dim[3];
  }
  return depthwise_of(step->attr, &step->in[0].shape, weights, &y);
}

/* Floats that halves become in every run: they are few. */
static size_t weights_floats(const slim_cpu_step *step)
{
  return halves_of(&step->in[1]) ? whole_lines(elements_of(&step->in[1])) : 0;
}

/* Of the workspace: scratch of the workers, weights and images as the sums take them. */
static size_t sums_floats(const slim_cpu_step *step, const depthwise *d)
{
  const size_t images = depthwise_x_floats(d) + depthwise_y_floats(d);
  return CPU_OP(depthwise_scratch)(step, d) + images + weights_floats(step);
}

/* --- separable ---------------------------------------------------------------------------------------------------- */

typedef struct separable {
  gemm_source source;
  const depthwise *d;
  depthwise_operands operands;
} separable;

static void make(const gemm_source *source, int m, int rows, int k, int depth, float *to, size_t step, int worker)
{
  const separable *s = (const separable *)source;
  const depthwise_piece piece = { m, rows, k, depth, to, step };
  CPU_OP(depthwise_make)(s->d, &s->operands, &piece, worker);
}

/* Rows of the images, but for those that the pixels before have read. */
static const float *reads(const gemm_source *source, int m, int rows, size_t *floats)
{
  const separable *s = (const separable *)source;
  const conv2d *g = &s->d->g;
  const int first = m / g->y.w, last = (m + rows - 1) / g->y.w;
  const int begin = first / g->y.h * g->x.h + first % g->y.h * g->stride.h;
  const int end = last / g->y.h * g->x.h + (last % g->y.h + 1) * g->stride.h;
  *floats = (size_t)(end - begin) * g->x.row;
  return s->operands.in + (size_t)begin * g->x.row;
}

static separable separable_of(const depthwise *d, const depthwise_operands *operands)
{
  return (separable){ .source = { make, reads, CPU_OP(depthwise_unit)(d, GEMM_UNIT) }, .d = d, .operands = *operands };
}

static bool packs_once(const slim_cpu_step *step)
{
  const slim_group *group = &step->group;
  return packed_owned(group->nodes[slim_separable_node(group)], &step->in[slim_separable_input(group)]);
}

/* The 1x1 convolution, with the weights as they lie. */
static gemm product_of(const slim_cpu_step *step, const separable *s)
{
  const int input = slim_separable_input(&step->group);
  const slim_view *weights = &step->in[input];
  const image *y = &s->d->g.y;
  gemm p = { .m = y->n * y->h * y->w, .n = weights->shape.dim[3], .k = y->c, .source = &s->source };
  p.b = weights->host;
  p.b_half = halves_of(weights);
  p.c = step->out[0].host;
  p.ldb = p.ldc = (size_t)p.n;
  p.epilogue = epilogue_between(step, slim_separable_node(&step->group) + 1, step->group.count, input + 1);
  p.by_halves = packs_once(step) && CPU_OP(strassen_fits)(step, &p);
  return p;
}

static size_t packed_floats(const slim_cpu_step *step, const gemm *product)
{
  return packs_once(step) ? CPU_OP(gemm_packed)(product) : 0;
}

/* The product with nothing to make yet: what its size alone decides. */
static gemm product_planned(const slim_cpu_step *step, const depthwise *d, separable *s)
{
  *s = separable_of(d, &(depthwise_operands){ 0 });
  return product_of(step, s);
}

/* Of the workspace, behind what the sums need. */
static size_t product_floats(const slim_cpu_step *step, const gemm *product)
{
  return whole_lines(CPU_OP(gemm_workspace)(step, product) / sizeof(float));
}

static void run_separable(slim_cpu_step *step, const depthwise *d, const depthwise_operands *operands)
{
  state *packing = step->state;
  const separable s = separable_of(d, operands);
  gemm product = product_of(step, &s);
  if (packing->packed_floats > 0) {
    if (packed_stale(&packing->packed, &step->in[slim_separable_input(&step->group)])) {
      CPU_OP(gemm_pack)(step, &product, packing->packed.data);
    }
    product.b_packed = packing->packed.data;
  }
  CPU_OP(gemm_run)(step, &product, (float *)step->workspace + sums_floats(step, d));
}

/* --- the step ----------------------------------------------------------------------------------------------------- */

static size_t workspace(const slim_cpu_step *step)
{
  const depthwise d = sums_of(step);
  size_t floats = sums_floats(step, &d);
  if (slim_separable_node(&step->group)) {
    separable s;
    const gemm product = product_planned(step, &d, &s);
    const slim_view *weights = &step->in[slim_separable_input(&step->group)];
    floats += product_floats(step, &product) + packed_workspace(weights, packed_floats(step, &product));
  }
  return floats * sizeof(float);
}

static double flops(const slim_cpu_step *step)
{
  const depthwise d = sums_of(step);
  const double products = 2.0 * (double)elements_of(&step->out[0]) * d.g.y.c;
  return depthwise_flops(&d) + (slim_separable_node(&step->group) ? products : 0.0);
}

static bool prepare(slim_cpu_step *step)
{
  state *p = step->state;
  if (!slim_separable_node(&step->group)) {
    return true;
  }
  step->base.kernel = "separable_conv2d";
  const depthwise d = sums_of(step);
  separable s;
  const gemm product = product_planned(step, &d, &s);
  const slim_view *weights = &step->in[slim_separable_input(&step->group)];
  const size_t before = sums_floats(step, &d) + product_floats(step, &product);
  p->packed_floats = packed_floats(step, &product);
  return p->packed_floats == 0 || packed_alloc(step, &p->packed, weights, p->packed_floats, before);
}

static void release(slim_cpu_step *step)
{
  state *p = step->state;
  packed_free(&p->packed);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const depthwise d = sums_of(step);
  const int pointwise = slim_separable_node(&step->group);
  float *own = (float *)step->workspace + CPU_OP(depthwise_scratch)(step, &d), *y = step->out[0].host;
  float *spread = own + weights_floats(step);
  depthwise_operands o = { .in = step->in[0].host, .weights = step->in[1].host, .scratch = step->workspace };
  o.epilogue = epilogue_between(step, 1, pointwise ? pointwise : step->group.count, 2);
  (void)run_info;
  if (weights_floats(step) > 0) {
    slim_halves_to_floats(own, halves_of(&step->in[1]), elements_of(&step->in[1]));
    o.weights = own;
  }
  if (depthwise_x_floats(&d) > 0) {
    CPU_OP(depthwise_spread)(step, &d.x, d.multiplier, o.in, spread);
    o.in = spread;
  }
  if (pointwise) {
    run_separable(step, &d, &o);
    return;
  }
  if (depthwise_y_floats(&d) > 0) {
    y = spread + depthwise_x_floats(&d);
  }
  CPU_OP(depthwise_run)(step, &d, &o, y);
  if (y != step->out[0].host) {
    CPU_OP(depthwise_gather)(step, &d.y, 1, y, step->out[0].host);
  }
}

static int packs(const slim_cpu_step *step)
{
  if (!slim_separable_node(&step->group)) {
    return 0;
  }
  const depthwise d = sums_of(step);
  separable s;
  const gemm product = product_planned(step, &d, &s);
  return packed_floats(step, &product) > 0 ? slim_separable_input(&step->group) : 0;
}

/* --- groups ------------------------------------------------------------------------------------------------------- */

static bool can_fuse(const slim_group *group, const slim_node *node)
{
  const bool clamps =
      node->op != &slim_op_activation || ((const slim_activation_attr *)node->attr)->kind <= SLIM_ACTIVATION_RELU6;
  const bool multiplied = slim_separable_node(group) > 0;
  if (((const slim_conv2d_attr *)group->nodes[0]->attr)->nchw) {
    return false;
  }
  if (node->op == &slim_op_conv2d) {
    return slim_separable_fits(group, node);
  }
  return (clamps || multiplied) && epilogue_fits(group, node);
}

const slim_cpu_op CPU_OP(depthwise_conv2d) = {
  .state_bytes = sizeof(state),
  .halves = 1u << 1 | 1u << 2 | 1u << 3, /* the weights; those of a 1x1 convolution, perhaps behind a bias */
  .can_fuse = can_fuse, .packs = packs, .flops = flops, .workspace = workspace, .prepare = prepare, .run = run,
  .release = release
};
