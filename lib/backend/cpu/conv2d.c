#include "backend/cpu/epilogue.h"
#include "backend/cpu/layout.h"
#include "backend/cpu/packed.h"
#include "backend/cpu/pool2d.h"
#include "backend/cpu/strassen.h"
#include "backend/cpu/taps.h"
#include "backend/cpu/winograd.h"
#include "backend/cpu/winograd_line.h"

/* A third input, of a plan's, is a factor of each output channel's weights.
 * Workspace: scratch of the workers; with nchw also x and y with channels last; y before it is pooled, where Winograd's
 * tiles do not pool; weights that are packed in every run. */
typedef struct state {
  conv2d g;
  taps taps;
  winograd winograd;
  winograd_line line;
  bool by_product, by_winograd, by_line;
  bool by_halves; /* of the product */
  size_t packed_floats; /* 0: the weights are read as they lie */
  packed_weights packed;
} state;

static bool is_nchw(const slim_cpu_step *step)
{
  return ((const slim_conv2d_attr *)step->attr)->nchw != 0;
}

/* How many inputs the convolution itself has. */
static int inputs_of(const slim_cpu_step *step)
{
  return step->group.nodes[0]->num_inputs;
}

static const float *factor_of(const slim_cpu_step *step)
{
  return inputs_of(step) > 2 ? step->in[2].host : NULL;
}

/* The 2x2 maximum that ends the group, NULL if none does. */
static const slim_pool2d_attr *pool_of(const slim_cpu_step *step)
{
  const slim_node *last = step->group.nodes[step->group.count - 1];
  return last->op == &slim_op_max_pool2d ? last->attr : NULL;
}

/* The convolution's own result, which a maximum may follow. */
static slim_shape result_shape(const slim_cpu_step *step)
{
  if (!pool_of(step)) {
    return step->out[0].shape;
  }
  slim_shape y = step->group.nodes[0]->outputs[0].shape;
  y.dim[0] = step->in[0].shape.dim[0];
  return y;
}

static conv2d geometry_of(const slim_cpu_step *step)
{
  const slim_shape y = result_shape(step);
  return conv2d_of(step->attr, &step->in[0].shape, &step->in[1].shape, &y);
}

static slim_taps axis_of(int kernel, int rate, int before)
{
  return (slim_taps){ .count = kernel, .first = 0, .step = 1, .begin = -before, .distance = rate };
}

/* y = x * weights. */
static gemm product_of(const slim_cpu_step *step, const state *s, const float *x, float *y)
{
  const conv2d *g = &s->g;
  gemm p = { .m = product_rows(g), .n = g->y.c, .k = product_depth(g), .a = x, .b = step->in[1].host, .c = y };
  p.lda = (size_t)p.k;
  p.ldb = p.ldc = (size_t)p.n;
  p.b_half = halves_of(&step->in[1]);
  p.b_packed = s->packed.data;
  p.by_halves = s->by_halves;
  p.epilogue = epilogue_of(step, inputs_of(step));
  return p;
}

/* Are weights, once packed, not kept a second time? */
static bool packs_once(const slim_cpu_step *step)
{
  return packed_owned(step->group.nodes[0], &step->in[1]);
}

/* Products and Winograd's two axes pack only weights that are then not kept a second time, 16-bit floats not; of one image,
 * which gains most, all that stay for Winograd. Its one axis packs none. */
static size_t packed_floats(const slim_cpu_step *step, const state *s)
{
  const gemm product = product_of(step, s, NULL, NULL);
  if (s->by_product || s->by_winograd) {
    const bool stay = step->in[1].version && s->by_winograd && s->winograd.n == 1;
    if (!packs_once(step) && (product.b_half || !stay)) {
      return 0;
    }
    return s->by_product ? CPU_OP(gemm_packed)(&product) : CPU_OP(winograd_packed)(&s->winograd);
  }
  return s->by_line ? 0 : CPU_OP(taps_packed)(&s->taps);
}

static void set_up(state *s, const slim_cpu_step *step)
{
  s->g = geometry_of(step);
  const conv2d *g = &s->g;
  const image y = channels_last(g->y);
  const tile_epilogue epilogue = epilogue_of(step, inputs_of(step));
  s->taps = (taps){ .n = g->x.n, .h = g->x.h, .w = g->x.w, .c = g->x.c, .oh = y.h, .ow = y.w, .oc = y.c,
                    .out_image = y.image, .out_row = y.row, .out_pixel = y.pixel, .stride = g->stride,
                    .kernel_w = g->kw };
  s->taps.rows = axis_of(g->kh, g->rate.h, g->before_h);
  s->taps.columns = axis_of(g->kw, g->rate.w, g->before_w);
  CPU_OP(taps_plan)(&s->taps);
  s->winograd = winograd_of(g);
  if (pool_of(step)) {
    s->winograd.ph = step->out[0].shape.dim[1];
    s->winograd.pw = step->out[0].shape.dim[2];
  }
  s->by_product = conv2d_is_product(g);
  const gemm product = product_of(step, s, NULL, NULL);
  s->by_halves = s->by_product && packs_once(step) && CPU_OP(strassen_fits)(step, &product);
  s->by_winograd = !s->by_product && CPU_OP(winograd_plan)(&s->winograd, step, &step->in[1], &epilogue);
  s->line = winograd_line_of(g);
  s->by_line = !s->by_product && CPU_OP(winograd_line_plan)(&s->line, step, &epilogue);
  s->packed_floats = packed_floats(step, s);
}

static size_t scratch_floats(const slim_cpu_step *step, const state *s)
{
  if (s->by_product) {
    const gemm p = product_of(step, s, NULL, NULL);
    return whole_lines(CPU_OP(gemm_workspace)(step, &p) / sizeof(float));
  }
  if (s->by_line) {
    return whole_lines(CPU_OP(winograd_line_workspace)(&s->line, step));
  }
  return s->by_winograd ? whole_lines(CPU_OP(winograd_workspace)(&s->winograd, step))
                        : (size_t)slim_threads_count(step->device->threads) * CPU_OP(taps_scratch)(&s->taps);
}

static void pack(const slim_cpu_step *step, const state *s)
{
  if (s->by_product) {
    const gemm p = product_of(step, s, NULL, NULL);
    CPU_OP(gemm_pack)(step, &p, s->packed.data);
  } else if (s->by_winograd) {
    CPU_OP(winograd_pack)(step, &s->winograd, &step->in[1], s->packed.data);
  } else {
    CPU_OP(taps_pack)(step, &s->taps, &step->in[1], s->packed.data);
  }
}

static void convolve(const slim_cpu_step *step, const state *s, const float *x, float *y)
{
  const tile_epilogue epilogue = epilogue_of(step, inputs_of(step));
  if (s->by_product) {
    const gemm p = product_of(step, s, x, y);
    CPU_OP(gemm_run)(step, &p, step->workspace);
  } else if (s->by_winograd) {
    CPU_OP(winograd_run)(step, &s->winograd, x, &step->in[1], s->packed.data, y, &epilogue, step->workspace);
  } else if (s->by_line) {
    CPU_OP(winograd_line_run)(step, &s->line, x, &step->in[1], factor_of(step), y, &epilogue, step->workspace);
  } else {
    CPU_OP(taps_run)(step, &s->taps, x, s->packed.data, y, &epilogue, step->workspace);
  }
}

/* Is y made in the workspace, and then pooled? */
static bool pools_apart(const slim_cpu_step *step, const state *s)
{
  return pool_of(step) && !(s->by_winograd && s->winograd.pools);
}

/* Of the workspace, but for packed weights. */
static size_t plain_floats(const slim_cpu_step *step, const state *s)
{
  const size_t x = is_nchw(step) ? whole_lines(image_floats(&s->g.x)) : 0;
  const size_t y = is_nchw(step) || pools_apart(step, s) ? whole_lines(image_floats(&s->g.y)) : 0;
  return x + y + whole_lines(scratch_floats(step, s));
}

static size_t workspace(const slim_cpu_step *step)
{
  state s = { 0 };
  set_up(&s, step);
  return (plain_floats(step, &s) + packed_workspace(&step->in[1], s.packed_floats)) * sizeof(float);
}

static double flops(const slim_cpu_step *step)
{
  const conv2d g = geometry_of(step);
  return conv2d_flops(&g);
}

static bool prepare(slim_cpu_step *step)
{
  state *s = step->state;
  set_up(s, step);
  step->base.kernel = s->by_product    ? "conv2d_product"
                      : s->by_winograd ? "conv2d_winograd"
                      : s->by_line     ? "conv2d_winograd_line"
                                       : "conv2d_taps";
  return s->packed_floats == 0 || packed_alloc(step, &s->packed, &step->in[1], s->packed_floats, plain_floats(step, s));
}

static void release(slim_cpu_step *step)
{
  state *s = step->state;
  packed_free(&s->packed);
}

/* y lies behind the workers' scratch. */
static void run_pooled(slim_cpu_step *step, const state *s)
{
  float *y = (float *)step->workspace + scratch_floats(step, s);
  const slim_shape shape = result_shape(step);
  pool_job pool = pool_job_between(pool_of(step), &shape, &step->out[0].shape);
  pool.in = y;
  pool.out = step->out[0].host;
  convolve(step, s, step->in[0].host, y);
  CPU_OP(max_pool2d_forward)(step, &pool);
}

static void run_turned(slim_cpu_step *step, const state *s)
{
  const conv2d *g = &s->g;
  float *x = (float *)step->workspace + scratch_floats(step, s), *y = x + whole_lines(image_floats(&g->x));
  turn_all(step, (size_t)g->x.n, (turn){ step->in[0].host, x, (size_t)g->x.c, (size_t)g->x.h * (size_t)g->x.w });
  convolve(step, s, x, y);
  turn_all(step, (size_t)g->y.n, (turn){ y, step->out[0].host, (size_t)g->y.h * (size_t)g->y.w, (size_t)g->y.c });
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  state *s = step->state;
  (void)run_info;
  if (s->packed_floats > 0 && packed_stale(&s->packed, &step->in[1])) {
    pack(step, s);
  }
  if (is_nchw(step)) {
    run_turned(step, s);
  } else if (pools_apart(step, s)) {
    run_pooled(step, s);
  } else {
    convolve(step, s, step->in[0].host, step->out[0].host);
  }
}

static int packs(const slim_cpu_step *step)
{
  state s = { 0 };
  set_up(&s, step);
  return s.packed_floats > 0 ? 1 : 0;
}

/* Winograd's one axis transforms the weights in every run, and scales them on the way. */
static bool scales(const slim_cpu_step *step)
{
  state s = { 0 };
  set_up(&s, step);
  return s.by_line;
}

static int overwrites(const slim_cpu_step *step)
{
  state s = { 0 };
  set_up(&s, step);
  const gemm product = product_of(step, &s, NULL, NULL);
  return s.by_product && !is_nchw(step) && !pool_of(step) && CPU_OP(gemm_writes_once)(step, &product)
             ? slim_epilogue_residual(&step->group, inputs_of(step))
             : 0;
}

/* A 2x2 maximum may end a convolution that Winograd's transforms probably serve: their tiles are of whole windows. */
static bool pool_fits(const slim_group *group, const slim_node *node)
{
  const slim_conv2d_attr *a = group->nodes[0]->attr;
  const slim_pool2d_attr *p = node->attr;
  const slim_shape *weights = &group->nodes[0]->inputs[1]->shape;
  return node->op == &slim_op_max_pool2d && !p->nchw && weights->dim[0] == 3 && weights->dim[1] == 3 &&
         a->stride.h == 1 && a->stride.w == 1 && p->kernel.h == 2 && p->kernel.w == 2 && p->stride.h == 2 &&
         p->stride.w == 2;
}

/* What scales stays with Winograd, whatever is fused: it knows few activations. */
static bool can_fuse(const slim_group *group, const slim_node *node)
{
  const slim_node *first = group->nodes[0], *last = group->nodes[group->count - 1];
  const bool other = node->op == &slim_op_activation &&
                     ((const slim_activation_attr *)node->attr)->kind > SLIM_ACTIVATION_RELU6;
  return !((const slim_conv2d_attr *)first->attr)->nchw && last->op != &slim_op_max_pool2d &&
         (epilogue_fits(group, node) || pool_fits(group, node)) && !(other && first->num_inputs > 2);
}

const slim_cpu_op CPU_OP(conv2d) = {
  .state_bytes = sizeof(state), .halves = 1u << 1, .can_fuse = can_fuse, .packs = packs, .scales = scales,
  .overwrites = overwrites, .flops = flops, .workspace = workspace, .prepare = prepare, .run = run, .release = release
};
