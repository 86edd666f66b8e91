#include "backend/epilogue.h"
#include "backend/opencl/conv2d.h"
#include "backend/opencl/conv2d_tile.h"
#include "backend/opencl/epilogue.h"
#include "backend/opencl/gemm.h"
#include "backend/opencl/matmul.h"
#include "backend/opencl/ops.h"
#include "backend/opencl/reduction.h"
#include "backend/opencl/strassen.h"
#include "backend/opencl/tile.h"
#include "backend/opencl/winograd.h"

/* x, weights and y of the convolution that the op is, or is a gradient of. */
static slim_conv2d_params params_of(const slim_group *group, const slim_shape *x, const slim_shape *weights,
                                    const slim_shape *y)
{
  const slim_conv2d_attr *attr = group->nodes[0]->attr;
  const int row = attr->nchw ? 2 : 1;
  slim_conv2d_params p = { .n = x->dim[0],
                           .h = x->dim[row],
                           .w = x->dim[row + 1],
                           .c = weights->dim[2],
                           .oh = y->dim[row],
                           .ow = y->dim[row + 1],
                           .o = weights->dim[3],
                           .kernel_h = weights->dim[0],
                           .kernel_w = weights->dim[1],
                           .stride_h = attr->stride.h,
                           .stride_w = attr->stride.w,
                           .rate_h = attr->rate.h,
                           .rate_w = attr->rate.w,
                           .dilate_h = 1,
                           .dilate_w = 1,
                           .nchw = attr->nchw };
  p.before_h = slim_window_of(p.h, p.kernel_h, p.stride_h, p.rate_h, attr->padding).before + attr->before.h;
  p.before_w = slim_window_of(p.w, p.kernel_w, p.stride_w, p.rate_w, attr->padding).before + attr->before.w;
  return p;
}

/* The same, ending with maxima of shape y. */
static slim_conv2d_params pooled(const slim_conv2d_params *p, const slim_shape *y)
{
  slim_conv2d_params to = *p;
  to.epilogue.pooled_h = y->dim[1];
  to.epilogue.pooled_w = y->dim[2];
  return to;
}

bool slim_cl_conv2d_pools(const slim_device *device, const slim_group *group, const slim_node *pool)
{
  const slim_node *conv = group->nodes[0];
  const slim_pool2d_attr *attr = pool->attr;
  const bool halves = !attr->nchw && attr->kernel.h == 2 && attr->kernel.w == 2 && attr->stride.h == 2 &&
                      attr->stride.w == 2;
  if (conv->op != &slim_op_conv2d || !halves ||
      slim_epilogue_between(group, 1, group->count, 2).activation > SLIM_ACTIVATION_RELU6) {
    return false;
  }
  const slim_conv2d_params p =
    params_of(group, &conv->inputs[0]->shape, &conv->inputs[1]->shape, &conv->outputs[0].shape);
  const slim_conv2d_params to = pooled(&p, &pool->outputs[0].shape);
  return slim_cl_winograd_pools(device, &to);
}

static void count_flops(slim_cl_build *b, const slim_conv2d_params *p)
{
  b->step->base.flops = 2.0 * p->n * p->oh * p->ow * p->o * p->kernel_h * p->kernel_w * p->c;
}

static bool is_empty(const slim_conv2d_params *p)
{
  return slim_cl_conv2d_window(p) == 0 || slim_cl_conv2d_pixels(p) == 0 || p->o == 0;
}

/* By the device: blocked products on CPU-like ones, tiled ones on others; naive where neither can run. */
enum method { NAIVE, BLOCKS, TILES };

static enum method method_of(const slim_device *device, const slim_conv2d_params *p)
{
  if (is_empty(p)) {
    return NAIVE;
  }
  if (slim_cl_tile_usable(device)) {
    return TILES;
  }
  return !p->nchw && slim_cl_gemm_usable(device) ? BLOCKS : NAIVE;
}

/* Is it a plain product of matrices on a CPU-like device: one tap, pixel by pixel, or one window that is the image? */
static bool is_product(const slim_device *device, const slim_conv2d_params *p)
{
  const bool pixels = p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 && p->stride_w == 1;
  const bool window = p->oh == 1 && p->ow == 1 && p->kernel_h == p->h && p->kernel_w == p->w && p->before_h == 0 &&
                      p->before_w == 0 && (p->rate_h == 1 || p->kernel_h == 1) && (p->rate_w == 1 || p->kernel_w == 1);
  return method_of(device, p) == BLOCKS && (pixels || window);
}

/* Of such a convolution: y [pixels, o] = x [pixels, window] by weights [window, o], dx = dy by the weights transposed,
 * dw = x transposed by dy. */
static slim_matmul_params forward_product(const slim_conv2d_params *p)
{
  return (slim_matmul_params){
    .m = slim_cl_conv2d_pixels(p), .n = p->o, .k = slim_cl_conv2d_window(p), .a_row = slim_cl_conv2d_window(p), .a_k = 1, .b_k = p->o, .b_column = 1
  };
}

static slim_matmul_params input_product(const slim_conv2d_params *p)
{
  return (slim_matmul_params){
    .m = slim_cl_conv2d_pixels(p), .n = slim_cl_conv2d_window(p), .k = p->o, .a_row = p->o, .a_k = 1, .b_k = 1, .b_column = p->o
  };
}

static slim_matmul_params weights_product(const slim_conv2d_params *p)
{
  return (slim_matmul_params){
    .m = slim_cl_conv2d_window(p), .n = p->o, .k = slim_cl_conv2d_pixels(p), .a_row = 1, .a_k = slim_cl_conv2d_window(p), .b_k = p->o, .b_column = 1
  };
}

static void arguments(slim_cl_build *b, const char *kernel, const slim_view *x, const slim_view *weights,
                      const slim_cl_epilogue *epilogue, const slim_view *y, const slim_conv2d_params *p)
{
  slim_cl_begin(b, kernel);
  slim_cl_arg_view(b, x);
  slim_cl_arg_view(b, weights);
  slim_cl_arg_view(b, epilogue->bias);
  slim_cl_arg_view(b, epilogue->residual);
  slim_cl_arg_view(b, y);
  slim_cl_arg(b, p, sizeof(*p));
}

static void launch_blocks(slim_cl_build *b, const slim_cl_epilogue *epilogue, const slim_conv2d_params *p)
{
  const slim_gemm_params g = slim_cl_gemm_blocks(b->device, slim_cl_conv2d_pixels(p), p->o, slim_cl_conv2d_window(p));
  arguments(b, SLIM_CL_READING(&b->in[1], "slim_conv2d_cpu"), &b->in[0], &b->in[1], epilogue, &b->out[0], p);
  slim_cl_arg(b, &g, sizeof(g));
  slim_cl_gemm_range(b, &g, slim_cl_conv2d_pixels(p), p->o);
}

/* May the weights be packed, to be read in that form while their version stays? */
static bool may_keep(const slim_view *weights)
{
  return weights->version != NULL && weights->dtype == SLIM_FLOAT32;
}

bool slim_cl_conv2d_owns(const slim_node *node, const slim_view *weights)
{
  slim_tensor *const *inputs = node->inputs; /* NULL: a step of no plan */
  return may_keep(weights) &&
         (inputs == NULL || (inputs[1]->node != NULL && inputs[1]->node->op == &slim_op_batch_norm_fold));
}

/* Is it done by Winograd's transforms? */
static bool by_winograd(const slim_device *device, const slim_group *group, const slim_view *weights,
                        const slim_conv2d_params *p, slim_cl_winograd *w)
{
  return !is_product(device, p) && slim_cl_winograd_plan(device, p, false, may_keep(weights),
                                                         slim_cl_conv2d_owns(group->nodes[0], weights), w);
}

/* Are the weights packed when they change? Those of plain products, and, of more than one image, of Winograd's transforms
 * in two directions, only where they are then not kept a second time. */
static bool keeps(const slim_device *device, const slim_group *group, const slim_view *weights,
                  const slim_conv2d_params *p)
{
  const slim_matmul_params product = forward_product(p);
  slim_conv2d_image_params g;
  slim_cl_winograd w;
  if (!may_keep(weights)) {
    return false;
  }
  if (is_product(device, p)) {
    return slim_cl_conv2d_owns(group->nodes[0], weights) &&
           slim_cl_matmul_is_blocked(device, &product, slim_epilogue_residual(group, 2) != 0);
  }
  return by_winograd(device, group, weights, p, &w)
             ? w.kept
             : method_of(device, p) == BLOCKS && !slim_cl_conv2d_bands(device, p, &g);
}

/* How they are packed. */
static slim_gemm_params packed_blocks(const slim_device *device, const slim_conv2d_params *p)
{
  const int pixels = slim_cl_conv2d_pixels(p), window = slim_cl_conv2d_window(p);
  return is_product(device, p) && slim_cl_strassen_fits(device, p) ? slim_cl_gemm_halves(device, pixels, p->o, window)
                                                                   : slim_cl_gemm_packed(device, pixels, p->o, window);
}

cl_mem slim_cl_conv2d_pack(slim_cl_build *b, const slim_view *weights, const slim_conv2d_params *p,
                           const slim_gemm_params *g)
{
  const int panel = slim_cl_gemm_columns(b->device), rows = slim_cl_conv2d_window(p);
  if (g->slice == SLIM_GEMM_HALVES) {
    return slim_cl_strassen_pack(b, weights, rows, p->o, g->block_k);
  }
  cl_mem packed = slim_cl_kept(b, (size_t)rows * (size_t)((p->o + panel - 1) / panel * panel) * sizeof(float));
  slim_cl_begin(b, "slim_conv2d_pack_f32");
  slim_cl_arg_view(b, weights);
  slim_cl_arg_memory(b, packed);
  slim_cl_arg(b, p, sizeof(*p));
  slim_cl_arg(b, g, sizeof(*g));
  slim_cl_range_rows(b, (size_t)rows);
  slim_cl_once(b, weights);
  return packed;
}

static void launch_packed(slim_cl_build *b, const slim_cl_epilogue *epilogue, const slim_conv2d_params *p)
{
  const slim_gemm_params g = packed_blocks(b->device, p);
  const slim_conv2d_params rows = { .kernel_h = 1, .kernel_w = 1, .c = slim_cl_conv2d_window(p), .o = p->o };
  cl_mem packed = slim_cl_conv2d_pack(b, &b->in[1], &rows, &g);
  slim_cl_begin(b, "slim_conv2d_packed_f32");
  slim_cl_arg_placed(b, &b->in[0]);
  slim_cl_arg_memory(b, packed);
  slim_cl_arg_placed(b, epilogue->bias);
  slim_cl_arg_placed(b, epilogue->residual);
  slim_cl_arg_placed(b, &b->out[0]);
  slim_cl_arg_places(b);
  slim_cl_arg(b, p, sizeof(*p));
  slim_cl_arg(b, &g, sizeof(g));
  slim_cl_gemm_range_packed(b, &g, slim_cl_conv2d_pixels(p), p->o);
}

static void launch_image(slim_cl_build *b, const slim_cl_epilogue *epilogue, const slim_conv2d_params *p,
                         const slim_conv2d_image_params *g)
{
  arguments(b, SLIM_CL_READING(&b->in[1], "slim_conv2d_image"), &b->in[0], &b->in[1], epilogue, &b->out[0], p);
  slim_cl_arg(b, g, sizeof(*g));
  slim_cl_conv2d_image_range(b, p, g, p->n * ((p->oh + g->band - 1) / g->band), slim_cl_conv2d_window(p));
}

/* A maximum that ends the group has taken the place of the convolution's own result. */
static slim_conv2d_params forward_params(const slim_group *group, const slim_view *in, const slim_view *out)
{
  const slim_node *first = group->nodes[0], *last = group->nodes[group->count - 1];
  const bool pools = last->op == &slim_op_max_pool2d;
  const slim_shape *y = pools ? &first->outputs[0].shape : &out[0].shape;
  const slim_conv2d_params p = params_of(group, &in[0].shape, &in[1].shape, y);
  return pools ? pooled(&p, &out[0].shape) : p;
}

static size_t workspace(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  const slim_conv2d_params p = forward_params(group, in, out);
  const slim_matmul_params product = forward_product(&p);
  slim_cl_winograd w;
  if (is_product(device, &p)) {
    const bool kept = keeps(device, group, &in[1], &p), half = in[1].dtype == SLIM_FLOAT16;
    return kept ? 0 : slim_cl_matmul_workspace(device, &product, slim_epilogue_residual(group, 2) != 0, half);
  }
  if (by_winograd(device, group, &in[1], &p, &w)) {
    return slim_cl_winograd_workspace(device, &w);
  }
  return method_of(device, &p) == TILES ? slim_cl_conv2d_tile_workspace(device, &p, 0) : 0;
}

static int packs(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  const slim_conv2d_params p = forward_params(group, in, out);
  return keeps(device, group, &in[1], &p) ? 1 : 0;
}

/* Packed products of one block of the depth read the residual where they write, once. */
static int overwrites(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  const slim_conv2d_params p = forward_params(group, in, out);
  const bool once = is_product(device, &p) && keeps(device, group, &in[1], &p) &&
                    packed_blocks(device, &p).block_k >= slim_cl_conv2d_window(&p);
  return once ? slim_epilogue_residual(group, 2) : 0;
}

static void prepare(slim_cl_build *b)
{
  slim_conv2d_params p = forward_params(b->group, b->in, b->out);
  slim_cl_epilogue epilogue = slim_cl_epilogue_of(b, 2);
  epilogue.params.pooled_h = p.epilogue.pooled_h;
  epilogue.params.pooled_w = p.epilogue.pooled_w;
  p.epilogue = epilogue.params;
  count_flops(b, &p);
  const enum method method = method_of(b->device, &p);
  const slim_matmul_params product = forward_product(&p);
  slim_conv2d_image_params g;
  slim_cl_winograd w;
  if (by_winograd(b->device, b->group, &b->in[1], &p, &w)) {
    slim_cl_winograd_launch(b, &w, &b->in[0], &b->in[1], &epilogue);
  } else if (keeps(b->device, b->group, &b->in[1], &p)) {
    launch_packed(b, &epilogue, &p);
  } else if (is_product(b->device, &p)) {
    slim_cl_matmul(b, &b->in[0], &b->in[1], &b->out[0], &epilogue, &product);
  } else if (method == BLOCKS && slim_cl_conv2d_bands(b->device, &p, &g)) {
    launch_image(b, &epilogue, &p, &g);
  } else if (method == BLOCKS) {
    launch_blocks(b, &epilogue, &p);
  } else if (method == TILES) {
    slim_cl_conv2d_tile(b, &b->in[0], &b->in[1], 0, &epilogue, &b->out[0], &p, 0);
  } else {
    arguments(b, SLIM_CL_READING(&b->in[1], "slim_conv2d_naive"), &b->in[0], &b->in[1], &epilogue, &b->out[0], &p);
    slim_cl_range(b, slim_cl_elements(&b->out[0]));
  }
}

static void prepare_naive_gradient(slim_cl_build *b, const char *kernel, const slim_conv2d_params *p)
{
  slim_cl_begin(b, kernel);
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, p, sizeof(*p));
  slim_cl_range(b, slim_cl_elements(&b->out[0]));
}

/* --- the gradient by the input: convolutions of dy with weights that are turned around ---------------------------- */

static slim_conv2d_params input_params(const slim_group *group, const slim_view *in, const slim_view *out)
{
  return params_of(group, &out[0].shape, &in[1].shape, &in[0].shape);
}

/* As one convolution, of dy dilated by the stride. */
static slim_conv2d_params turned(const slim_conv2d_params *p)
{
  slim_conv2d_params t = *p;
  t.h = p->oh;
  t.w = p->ow;
  t.c = p->o;
  t.oh = p->h;
  t.ow = p->w;
  t.o = p->c;
  t.stride_h = t.stride_w = 1;
  t.dilate_h = p->stride_h;
  t.dilate_w = p->stride_w;
  t.before_h = (p->kernel_h - 1) * p->rate_h - p->before_h;
  t.before_w = (p->kernel_w - 1) * p->rate_w - p->before_w;
  return t;
}

enum input_method { INPUT_NAIVE, INPUT_PRODUCT, INPUT_WINOGRAD, INPUT_PHASES };

/* By one product with the weights as they lie, by Winograd's transforms as *w plans, else phase by phase. Where blocks
 * are made of a product by one tap, its weights are packed before, for all tasks, as the only phase's of a stride of 1.
 * Turned weights may be larger than those they are of, and than a buffer may be: then the naive kernel serves. */
static enum input_method input_method_of(const slim_device *device, const slim_conv2d_params *p, slim_cl_winograd *w)
{
  const slim_matmul_params product = input_product(p);
  const slim_conv2d_params t = turned(p);
  const bool one_tap = p->kernel_h == 1 && p->kernel_w == 1;
  if (is_product(device, p) && !(one_tap && slim_cl_matmul_is_blocked(device, &product, false))) {
    return INPUT_PRODUCT;
  }
  if (slim_cl_winograd_plan(device, &t, true, false, false, w)) {
    return INPUT_WINOGRAD;
  }
  const bool fits = method_of(device, p) != NAIVE &&
                    slim_cl_conv2d_phases_workspace(device, p) <= device->info.max_allocation;
  return fits ? INPUT_PHASES : INPUT_NAIVE;
}

static size_t input_gradient_workspace(const slim_device *device, const slim_group *group, const slim_view *in,
                                       const slim_view *out)
{
  const slim_conv2d_params p = input_params(group, in, out);
  const slim_matmul_params product = input_product(&p);
  slim_cl_winograd w;
  switch (input_method_of(device, &p, &w)) {
  case INPUT_PRODUCT:
    return slim_cl_matmul_workspace(device, &product, false, false);
  case INPUT_WINOGRAD:
    return slim_cl_winograd_workspace(device, &w);
  case INPUT_PHASES:
    return slim_cl_conv2d_phases_workspace(device, &p);
  default:
    return 0;
  }
}

static void prepare_input_gradient(slim_cl_build *b)
{
  const slim_cl_epilogue none = slim_cl_epilogue_of(b, 2);
  const slim_conv2d_params p = input_params(b->group, b->in, b->out);
  const slim_matmul_params product = input_product(&p);
  slim_cl_winograd w;
  count_flops(b, &p);
  switch (input_method_of(b->device, &p, &w)) {
  case INPUT_PRODUCT:
    slim_cl_matmul(b, &b->in[0], &b->in[1], &b->out[0], &none, &product);
    break;
  case INPUT_WINOGRAD:
    slim_cl_winograd_launch(b, &w, &b->in[0], &b->in[1], &none);
    break;
  case INPUT_PHASES:
    slim_cl_conv2d_phases(b, &p);
    break;
  default:
    prepare_naive_gradient(b, "slim_conv2d_input_gradient_naive_f32", &p);
  }
}

/* --- the gradient by the weights: windows transposed by dy, in slices of pixels that are added up ----------------- */

static slim_conv2d_params weights_params(const slim_group *group, const slim_view *in, const slim_view *out)
{
  return params_of(group, &in[1].shape, &out[0].shape, &in[0].shape);
}

/* Parts of the result, [slices, weights]. */
static slim_shape slices_shape(const slim_conv2d_params *p, int slices)
{
  return (slim_shape){ 2, { slices, slim_cl_conv2d_window(p) * p->o } };
}

/* How blocks' sum is cut: by bands of images, else by pixels. */
typedef struct weights_cut {
  bool bands;
  slim_conv2d_image_params image;
  slim_gemm_params blocks;
  int slices;
} weights_cut;

static weights_cut cut_of(const slim_device *device, const slim_conv2d_params *p)
{
  weights_cut cut = { .bands = false };
  cut.bands = slim_cl_conv2d_bands_gradient(device, p, &cut.image);
  if (cut.bands) {
    cut.slices = slim_cl_ceil_div(p->n * slim_cl_ceil_div(p->oh, cut.image.band), cut.image.bands);
  } else {
    cut.blocks = slim_cl_gemm_sliced(device, slim_cl_conv2d_window(p), p->o, slim_cl_conv2d_pixels(p), false);
    cut.slices = slim_cl_gemm_slices(&cut.blocks, slim_cl_conv2d_pixels(p));
  }
  return cut;
}

static size_t weights_gradient_workspace(const slim_device *device, const slim_group *group, const slim_view *in,
                                         const slim_view *out)
{
  const slim_conv2d_params p = weights_params(group, in, out);
  const slim_matmul_params product = weights_product(&p);
  slim_cl_winograd_gradient w;
  if (is_product(device, &p)) {
    return slim_cl_matmul_workspace(device, &product, false, false);
  }
  if (slim_cl_winograd_gradient_plan(device, &p, &w)) {
    return slim_cl_winograd_gradient_workspace(device, &w);
  }
  const enum method method = method_of(device, &p);
  if (method != BLOCKS) {
    return method == TILES ? slim_cl_conv2d_tile_weights_gradient_workspace(device, &p) : 0;
  }
  const weights_cut cut = cut_of(device, &p);
  const slim_shape parts = slices_shape(&p, cut.slices);
  return cut.slices == 1 ? 0 : slim_shape_elements(&parts) * sizeof(float);
}

static void launch_slices(slim_cl_build *b, const slim_view *parts, const slim_conv2d_params *p, const weights_cut *cut)
{
  slim_cl_begin(b, cut->bands ? "slim_conv2d_weights_gradient_image_f32" : "slim_conv2d_weights_gradient_cpu_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, parts);
  slim_cl_arg(b, p, sizeof(*p));
  if (cut->bands) {
    slim_cl_arg(b, &cut->image, sizeof(cut->image));
    slim_cl_conv2d_image_range(b, p, &cut->image, cut->slices, cut->image.band * p->ow);
  } else {
    slim_cl_arg(b, &cut->blocks, sizeof(cut->blocks));
    slim_cl_gemm_range_sliced(b, &cut->blocks, slim_cl_conv2d_window(p), p->o, slim_cl_conv2d_pixels(p));
  }
}

static void prepare_weights_gradient(slim_cl_build *b)
{
  const slim_conv2d_params p = weights_params(b->group, b->in, b->out);
  const slim_cl_epilogue none = slim_cl_epilogue_of(b, 2);
  const slim_matmul_params product = weights_product(&p);
  count_flops(b, &p);
  slim_cl_winograd_gradient w;
  if (is_product(b->device, &p)) {
    slim_cl_matmul(b, &b->in[1], &b->in[0], &b->out[0], &none, &product);
    return;
  }
  if (slim_cl_winograd_gradient_plan(b->device, &p, &w)) {
    slim_cl_winograd_gradient_launch(b, &w);
    return;
  }
  const enum method method = method_of(b->device, &p);
  if (method == TILES) {
    slim_cl_conv2d_tile_weights_gradient(b, &p);
    return;
  }
  if (method == NAIVE) {
    prepare_naive_gradient(b, "slim_conv2d_weights_gradient_naive_f32", &p);
    return;
  }
  const weights_cut cut = cut_of(b->device, &p);
  const bool sliced = cut.slices > 1;
  slim_view parts = { .dtype = SLIM_FLOAT32, .shape = slices_shape(&p, cut.slices) };
  parts.buffer = sliced ? b->workspace->buffer : b->out[0].buffer;
  parts.offset = sliced ? b->workspace->offset : b->out[0].offset;
  launch_slices(b, &parts, &p, &cut);
  if (sliced) {
    slim_cl_reduce(b, &parts, &b->out[0], SLIM_REDUCE_SUM, 1u);
  }
}

const slim_cl_op slim_cl_op_conv2d = {
  .prepare = prepare, .workspace = workspace, .packs = packs, .overwrites = overwrites, .halves = 1u << 1
};
const slim_cl_op slim_cl_op_conv2d_input_gradient = { .prepare = prepare_input_gradient,
                                                      .workspace = input_gradient_workspace };
const slim_cl_op slim_cl_op_conv2d_weights_gradient = { .prepare = prepare_weights_gradient,
                                                        .workspace = weights_gradient_workspace };
