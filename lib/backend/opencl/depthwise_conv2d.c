#include "backend/depthwise.h"
#include "backend/opencl/epilogue.h"
#include "backend/opencl/ops.h"
#include "backend/opencl/reduction.h"
#include "backend/opencl/separable_conv2d.h"
#include "backend/separable.h"
#include "kernels/activation_params.h"
#include "kernels/depthwise_conv2d_params.h"

/* x, weights and y of the convolution that the op is, or is a gradient of. */
static slim_depthwise_conv2d_params params_of(const slim_group *group, const slim_shape *x, const slim_shape *weights,
                                              const slim_shape *y)
{
  const slim_conv2d_attr *attr = group->nodes[0]->attr;
  const int row = attr->nchw ? 2 : 1;
  slim_depthwise_conv2d_params p = { .n = x->dim[0],
                                     .h = x->dim[row],
                                     .w = x->dim[row + 1],
                                     .c = weights->dim[2],
                                     .oh = y->dim[row],
                                     .ow = y->dim[row + 1],
                                     .multiplier = weights->dim[3],
                                     .kernel_h = weights->dim[0],
                                     .kernel_w = weights->dim[1],
                                     .stride_h = attr->stride.h,
                                     .stride_w = attr->stride.w,
                                     .rate_h = attr->rate.h,
                                     .rate_w = attr->rate.w,
                                     .nchw = attr->nchw };
  p.before_h = slim_window_of(p.h, p.kernel_h, p.stride_h, p.rate_h, attr->padding).before;
  p.before_w = slim_window_of(p.w, p.kernel_w, p.stride_w, p.rate_w, attr->padding).before;
  return p;
}

static void count_flops(slim_cl_build *b, const slim_depthwise_conv2d_params *p)
{
  b->step->base.flops = 2.0 * p->n * p->oh * p->ow * p->c * p->multiplier * p->kernel_h * p->kernel_w;
}

/* May the vector kernels run? */
static bool vectors(const slim_device *device, const slim_depthwise_conv2d_params *p)
{
  return !p->nchw && p->multiplier == 1 && p->c % slim_cl_of(device)->vector_width == 0;
}

/* 3x3 taps on CPU-like devices, which may be read once for several rows? */
static bool by_nine(const slim_device *device, const slim_depthwise_conv2d_params *p)
{
  const bool three = p->kernel_h == 3 && p->kernel_w == 3 && p->rate_h == 1 && p->rate_w == 1;
  return vectors(device, p) && device->info.device_class == SLIM_CLASS_CPU && three;
}

/* And stride 1, as many outputs as inputs? */
static bool same_size(const slim_depthwise_conv2d_params *p)
{
  return p->stride_h == 1 && p->stride_w == 1 && p->before_h == 1 && p->before_w == 1 && p->h == p->oh && p->w == p->ow;
}

/* Or stride 2? */
static bool half_size(const slim_depthwise_conv2d_params *p)
{
  return p->stride_h == 2 && p->stride_w == 2 && slim_depthwise_halves(p->h, p->oh, p->before_h) &&
         slim_depthwise_halves(p->w, p->ow, p->before_w);
}

/* May kernels run that walk through a few rows at a time? */
static bool walks(const slim_device *device, const slim_depthwise_conv2d_params *p, bool turned)
{
  const bool fits = same_size(p) || (!turned && half_size(p));
  return by_nine(device, p) && fits && p->epilogue.activation <= SLIM_ACTIVATION_RELU6;
}

/* A work-item for each few rows of n images. */
static void range_pieces(slim_cl_build *b, int n, int rows)
{
  slim_cl_range_rows(b, (size_t)n * (size_t)slim_cl_ceil_div(rows, SLIM_DEPTHWISE_ROWS));
}

/* turned: the gradient by the input. */
static void launch_walk(slim_cl_build *b, const slim_cl_epilogue *epilogue, const slim_depthwise_conv2d_params *p,
                        int turned)
{
  slim_cl_begin(b, SLIM_CL_READING(&b->in[1], "slim_depthwise_conv2d_walk"));
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, epilogue->bias);
  slim_cl_arg_view(b, epilogue->residual);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, p, sizeof(*p));
  slim_cl_arg(b, &turned, sizeof(turned));
  range_pieces(b, p->n, p->oh);
}

/* On CPU-like devices a work-item takes a row with all its blocks and channels, on others one of each. */
static void range(slim_cl_build *b, int rows, int blocks, int c)
{
  const size_t parts = slim_cl_is_cpu(b) ? 1 : (size_t)blocks * (size_t)(c / b->cl->vector_width);
  if (slim_cl_is_cpu(b)) {
    slim_cl_range_rows(b, (size_t)rows);
  } else {
    slim_cl_range(b, (size_t)rows * parts);
  }
}

/* Blocks of outputs of a row: PIXELS of the kernels. */
static int blocks_of(const slim_cl_build *b, int outputs)
{
  const int pixels = slim_cl_is_cpu(b) ? 7 : 4;
  return (outputs + pixels - 1) / pixels;
}

static void prepare(slim_cl_build *b)
{
  const int pointwise = slim_separable_node(b->group);
  const slim_cl_epilogue epilogue = slim_cl_epilogue_between(b, 1, pointwise > 0 ? pointwise : b->group->count, 2);
  slim_depthwise_conv2d_params p = params_of(b->group, &b->in[0].shape, &b->in[1].shape, &b->out[0].shape);
  const bool fast = vectors(b->device, &p);
  p.epilogue = epilogue.params;
  count_flops(b, &p);
  if (pointwise > 0) {
    slim_cl_separable(b, epilogue.bias, &p);
    return;
  }
  if (walks(b->device, &p, false)) {
    launch_walk(b, &epilogue, &p, 0);
    return;
  }
  slim_cl_begin(b, fast ? SLIM_CL_READING(&b->in[1], "slim_depthwise_conv2d_vector")
                        : SLIM_CL_READING(&b->in[1], "slim_depthwise_conv2d_naive"));
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, epilogue.bias);
  slim_cl_arg_view(b, epilogue.residual);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  if (fast) {
    range(b, p.n * p.oh, blocks_of(b, p.ow), p.c);
  } else {
    slim_cl_range(b, slim_cl_elements(&b->out[0]));
  }
}

/* A kernel reads halves or floats: all weights are either. */
static bool supports(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  const slim_dtype dtype = in[1].dtype;
  bool all = out[0].dtype == SLIM_FLOAT32 && (dtype == SLIM_FLOAT32 || dtype == SLIM_FLOAT16);
  (void)device;
  for (int i = 0; i < group->num_in; i++) {
    const bool weights = i == 1 || (slim_separable_node(group) > 0 && i == slim_separable_input(group));
    all = all && in[i].dtype == (weights ? dtype : SLIM_FLOAT32);
  }
  return all;
}

static void gradient_arguments(slim_cl_build *b, const char *kernel, const slim_view *out,
                               const slim_depthwise_conv2d_params *p)
{
  slim_cl_begin(b, kernel);
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, out);
  slim_cl_arg(b, p, sizeof(*p));
}

/* The gradient by the input of stride 2. */
static void launch_scatter(slim_cl_build *b, const slim_depthwise_conv2d_params *p)
{
  gradient_arguments(b, "slim_depthwise_conv2d_scatter_f32", &b->out[0], p);
  range_pieces(b, p->n, (p->h + p->before_h + 1) / 2);
}

static void prepare_input_gradient(slim_cl_build *b)
{
  const slim_depthwise_conv2d_params p = params_of(b->group, &b->out[0].shape, &b->in[1].shape, &b->in[0].shape);
  const slim_cl_epilogue none = slim_cl_epilogue_of(b, 2);
  count_flops(b, &p);
  if (walks(b->device, &p, true)) {
    launch_walk(b, &none, &p, 1);
  } else if (by_nine(b->device, &p) && half_size(&p)) {
    launch_scatter(b, &p);
  } else if (vectors(b->device, &p)) {
    const int phase = (p.w + p.stride_w - 1) / p.stride_w;
    gradient_arguments(b, "slim_depthwise_conv2d_input_gradient_vector_f32", &b->out[0], &p);
    range(b, p.n * p.h, blocks_of(b, phase) * p.stride_w, p.c);
  } else {
    gradient_arguments(b, "slim_depthwise_conv2d_input_gradient_naive_f32", &b->out[0], &p);
    slim_cl_range(b, slim_cl_elements(&b->out[0]));
  }
}

/* --- the gradient by the weights: slices of rows that are added up ------------------------------------------------ */

#define SLICES 16        /* on CPU-like devices; on others as many as give each unit */
#define ITEMS_A_UNIT 512 /* so many items, but no more */
#define SLICES_MOST 1000 /* than slim_cl_reduce adds up in one launch */
#define PAIR_WIDTH 16    /* of vectors that are many enough for pairs of rows */
#define PAIR_VECTORS 8   /* of channels of a group that takes some: memory is read by runs of them */

static bool sums_pairs(const slim_device *device, const slim_depthwise_conv2d_params *p)
{
  return by_nine(device, p) && same_size(p) && slim_cl_of(device)->vector_width == PAIR_WIDTH;
}

/* Are channels enough to share out, some vectors to a group? Then nothing has to be added up. */
static bool by_channels(const slim_depthwise_conv2d_params *p)
{
  return p->c >= SLICES * PAIR_WIDTH;
}

/* Channels of a group: where it does not take all, so many that each unit has some. */
static int group_channels(const slim_device *device, const slim_depthwise_conv2d_params *p)
{
  const int vectors = p->c / PAIR_WIDTH, share = vectors / device->info.compute_units;
  int count = share > PAIR_VECTORS ? PAIR_VECTORS : share < 1 ? 1 : share;
  while (vectors % count != 0) {
    count--;
  }
  return by_channels(p) ? count * PAIR_WIDTH : p->c;
}

static int slices_most(const slim_device *device, const slim_depthwise_conv2d_params *p)
{
  const int items = device->info.compute_units * ITEMS_A_UNIT, vectors = p->c / slim_cl_of(device)->vector_width;
  const int slices = vectors > 0 ? items / vectors : SLICES;
  return device->info.device_class == SLIM_CLASS_CPU || slices < SLICES ? SLICES
         : slices < SLICES_MOST                                         ? slices
                                                                        : SLICES_MOST;
}

static slim_shape slices_shape(const slim_device *device, const slim_depthwise_conv2d_params *p)
{
  const bool pairs = sums_pairs(device, p);
  const int rows = p->n * (pairs ? (p->oh + 1) / 2 : p->oh);
  const int most = pairs && by_channels(p) ? 1 : slices_most(device, p);
  return (slim_shape){ 2, { rows < most ? rows : most, p->kernel_h * p->kernel_w * p->c * p->multiplier } };
}

static void launch_slices(slim_cl_build *b, const slim_view *parts, const slim_depthwise_conv2d_params *p)
{
  const int slices = parts->shape.dim[0], channels = group_channels(b->device, p);
  const bool pairs = sums_pairs(b->device, p);
  gradient_arguments(b,
                     pairs ? "slim_depthwise_conv2d_weights_gradient_pair_f32"
                           : "slim_depthwise_conv2d_weights_gradient_vector_f32",
                     parts, p);
  slim_cl_arg(b, &slices, sizeof(slices));
  if (pairs) {
    const size_t groups[3] = { (size_t)slices, (size_t)(p->c / channels), 1 };
    slim_cl_arg(b, &channels, sizeof(channels));
    slim_cl_range_3d(b, groups, (const size_t[3]){ 1, 1, 1 });
  } else {
    range(b, slices, (p->kernel_h + 2) / 3 * ((p->kernel_w + 2) / 3), p->c);
  }
}

static size_t weights_gradient_workspace(const slim_device *device, const slim_group *group, const slim_view *in,
                                         const slim_view *out)
{
  const slim_depthwise_conv2d_params p = params_of(group, &in[1].shape, &out[0].shape, &in[0].shape);
  const slim_shape parts = slices_shape(device, &p);
  return vectors(device, &p) && parts.dim[0] > 1 ? slim_shape_elements(&parts) * sizeof(float) : 0;
}

static void prepare_weights_gradient(slim_cl_build *b)
{
  const slim_depthwise_conv2d_params p = params_of(b->group, &b->in[1].shape, &b->out[0].shape, &b->in[0].shape);
  count_flops(b, &p);
  if (!vectors(b->device, &p)) {
    gradient_arguments(b, "slim_depthwise_conv2d_weights_gradient_naive_f32", &b->out[0], &p);
    slim_cl_range(b, slim_cl_elements(&b->out[0]));
    return;
  }
  slim_view parts = { .dtype = SLIM_FLOAT32, .shape = slices_shape(b->device, &p) };
  const int slices = parts.shape.dim[0];
  parts.buffer = slices > 1 ? b->workspace->buffer : b->out[0].buffer;
  parts.offset = slices > 1 ? b->workspace->offset : b->out[0].offset;
  launch_slices(b, &parts, &p);
  if (slices > 1) {
    slim_cl_reduce(b, &parts, &b->out[0], SLIM_REDUCE_SUM, 1u);
  }
}

const slim_cl_op slim_cl_op_depthwise_conv2d = { .prepare = prepare,
                                                 .supports = supports,
                                                 .packs = slim_cl_separable_packs };
const slim_cl_op slim_cl_op_depthwise_conv2d_input_gradient = { .prepare = prepare_input_gradient };
const slim_cl_op slim_cl_op_depthwise_conv2d_weights_gradient = { .prepare = prepare_weights_gradient,
                                                                  .workspace = weights_gradient_workspace };
