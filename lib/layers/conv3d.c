/* Convolution over depth, height and width: for each slice of the kernel the convolution of the images that it meets,
 * added up. Channels first is turned to channels last and back. */
#include "layers/convolution.h"

const slim_layer_info slim_layer_conv3d = { slim_conv3d, "conv3d", { SLIM_LAYER_CONVOLUTION, SLIM_OPTION(depth) } };

#define MOST_SLICES 1024 /* of a kernel: each is a convolution of the graph */

/* Along the depth. */
typedef struct depth {
  int kernel, stride, rate, in, out, before;
} depth;

static bool depth_usable(slim_call *call, const depth *d)
{
  if (d->kernel < 1 || d->stride < 1 || d->rate < 1) {
    (void)slim_fail(call, SLIM_ERR_ARG, "depth: kernel %d, stride %d and rate %d must be at least 1", d->kernel,
                    d->stride, d->rate);
    return false;
  }
  if (d->kernel > MOST_SLICES) {
    (void)slim_fail(call, SLIM_ERR_ARG, "depth: kernel %d must be at most %d", d->kernel, MOST_SLICES);
    return false;
  }
  if (d->stride > 1 && d->rate > 1) {
    (void)slim_fail(call, SLIM_ERR_ARG, "depth: stride %d and rate %d cannot both be above 1", d->stride, d->rate);
    return false;
  }
  return true;
}

static depth depth_of(const slim_call *call, const slim_conv2d_attr *attr, int in)
{
  const slim_depth *given = &call->args.depth;
  depth d = { .kernel = slim_option_depth(given->kernel, call->args.kernel.h),
              .stride = slim_option_depth(given->stride, attr->stride.h),
              .rate = slim_option_depth(given->rate, attr->rate.h),
              .in = in };
  return d;
}

/* x with zeros before and behind its depth, as far as every slice of the kernel reads. */
static slim_tensor *padded(slim_tensor *x, const depth *d)
{
  slim_pad_attr pad = { .rank = 5 };
  const int reach = (d->kernel - 1) * d->rate + d->out * d->stride;
  pad.before[1] = d->before;
  pad.after[1] = reach > d->before + d->in ? reach - d->before - d->in : 0;
  return pad.before[1] + pad.after[1] > 0 ? slim_op_add(&x, 1, &slim_op_pad, "Pad", &pad) : x;
}

/* The images that slice k of the kernel meets, [n * out, h, w, c]. */
static slim_tensor *images_met(slim_tensor *x, const depth *d, int k)
{
  const slim_shape in = x->shape;
  x = slim_slice(x, (const int[]){ 0, k * d->rate, 0, 0, 0 }, (const int[]){ -1, d->out * d->stride, -1, -1, -1 });
  if (d->stride > 1) { /* the first of each stride images */
    x = slim_reshape(x, SLIM_SHAPE(0, d->out, d->stride, in.dim[2], in.dim[3], in.dim[4]));
    x = slim_slice(x, (const int[]){ 0, 0, 0, 0, 0, 0 }, (const int[]){ -1, -1, 1, -1, -1, -1 });
  }
  return slim_reshape(x, SLIM_SHAPE(-1, in.dim[2], in.dim[3], in.dim[4]));
}

/* Slice k of weights [kd, kh, kw, a, b]. */
static slim_tensor *weights_slice(slim_tensor *weights, int k)
{
  const int *dim = weights->shape.dim;
  slim_tensor *slice = slim_slice(weights, (const int[]){ k, 0, 0, 0, 0 }, (const int[]){ 1, -1, -1, -1, -1 });
  return slim_reshape(slice, SLIM_SHAPE(dim[1], dim[2], dim[3], dim[4]));
}

static slim_tensor *convolve(slim_call *call, slim_tensor *x, slim_tensor *weights, const slim_conv2d_attr *attr,
                             const depth *d)
{
  slim_tensor **terms = slim_arena_array(call->graph->arena, (size_t)d->kernel, sizeof *terms);
  if (!terms) {
    return slim_graph_fail(call->graph, SLIM_ERR_MEMORY, "%s: out of memory", call->layer);
  }
  x = padded(x, d);
  for (int k = 0; k < d->kernel && !slim_is_poison(x); k++) {
    slim_tensor *inputs[] = { images_met(x, d, k), weights_slice(weights, k) };
    terms[k] = slim_op_add(inputs, 2, &slim_op_conv2d, "Conv3D", attr);
  }
  slim_tensor *sum = slim_is_poison(x) ? x : slim_add_n(terms, (size_t)d->kernel);
  const int *dim = sum->shape.dim;
  return slim_is_poison(sum) ? sum : slim_reshape(sum, SLIM_SHAPE(-1, d->out, dim[1], dim[2], dim[3]));
}

slim_tensor *slim_layer_convolve_volume(slim_call *call)
{
  const slim_args *a = &call->args;
  slim_conv2d_attr attr = slim_layer_convolution(call);
  depth d = depth_of(call, &attr, a->input->shape.dim[slim_layer_nchw(call) ? 2 : 1]);
  if (!depth_usable(call, &d)) {
    return slim_layer_refuse(call);
  }
  const slim_window window = slim_window_of(d.in, d.kernel, d.stride, d.rate, attr.padding);
  d.out = window.out;
  d.before = window.before;
  if (d.out < 1) {
    return slim_fail(call, SLIM_ERR_SHAPE, "a kernel of depth %d with VALID padding does not fit the depth %d",
                     d.kernel, d.in);
  }
  const slim_shape shape = {
    5, { d.kernel, a->kernel.h, a->kernel.w, slim_layer_channels(call, a->input), a->num_outputs }
  };
  slim_tensor *weights = slim_layer_weights_add(call, "weights", shape, slim_layer_initializer(call));
  if (slim_is_poison(weights)) {
    return weights;
  }
  attr.nchw = 0;
  return slim_layer_channels_back(call, convolve(call, slim_layer_channels_last(call), weights, &attr, &d));
}

slim_tensor *(slim_conv3d)(const slim_args *args)
{
  return slim_layer_convolve(&slim_layer_conv3d, args, 5);
}

/* --- transposed --------------------------------------------------------------------------------------------------- */

const slim_layer_info slim_layer_conv3d_transpose = { slim_conv3d_transpose,
                                                      "conv3d_transpose",
                                                      { SLIM_LAYER_LINEAR, SLIM_LAYER_KERNEL, SLIM_OPTION(data_format),
                                                        SLIM_OPTION(depth) } };

/* What slice k of the kernel adds, [n, in * stride + kernel - 1, h, w, c]: image i lies at i * stride + k. */
static slim_tensor *spread(slim_tensor *images, const depth *d, int k)
{
  const int *dim = images->shape.dim;
  const int h = dim[1], w = dim[2], c = dim[3];
  slim_pad_attr gaps = { .rank = 6 }, shift = { .rank = 5 };
  images = slim_reshape(images, SLIM_SHAPE(-1, d->in, 1, h, w, c));
  gaps.after[2] = d->stride - 1;
  images = d->stride > 1 ? slim_op_add(&images, 1, &slim_op_pad, "Pad", &gaps) : images;
  images = slim_reshape(images, SLIM_SHAPE(0, d->in * d->stride, h, w, c));
  shift.before[1] = k;
  shift.after[1] = d->kernel - 1 - k;
  return d->kernel > 1 ? slim_op_add(&images, 1, &slim_op_pad, "Pad", &shift) : images;
}

static slim_tensor *transpose(slim_call *call, slim_tensor *x, slim_tensor *weights, const slim_conv2d_attr *attr,
                              const depth *d)
{
  slim_tensor **terms = slim_arena_array(call->graph->arena, (size_t)d->kernel, sizeof *terms);
  if (!terms) {
    return slim_graph_fail(call->graph, SLIM_ERR_MEMORY, "%s: out of memory", call->layer);
  }
  const int *dim = x->shape.dim;
  x = slim_reshape(x, SLIM_SHAPE(-1, dim[2], dim[3], dim[4]));
  for (int k = 0; k < d->kernel; k++) {
    slim_tensor *inputs[] = { x, weights_slice(weights, k) };
    slim_tensor *images = slim_op_add(inputs, 2, &slim_op_conv2d_input_gradient, "conv3d_transpose", attr);
    if (slim_is_poison(images)) {
      return images;
    }
    terms[k] = spread(images, d, k);
  }
  return slim_slice(slim_add_n(terms, (size_t)d->kernel), (const int[]){ 0, d->before, 0, 0, 0 },
                    (const int[]){ -1, d->out, -1, -1, -1 });
}

slim_tensor *(slim_conv3d_transpose)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_conv3d_transpose, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "Conv3d_transpose");
  if (!slim_layer_rank_is(&call, 5) || !slim_layer_outputs(&call) || !slim_layer_kernel(&call)) {
    return slim_layer_refuse(&call);
  }
  const slim_args *a = &call.args;
  slim_conv2d_attr attr = slim_layer_convolution(&call);
  depth d = depth_of(&call, &attr, a->input->shape.dim[slim_layer_nchw(&call) ? 2 : 1]);
  if (!depth_usable(&call, &d)) {
    return slim_layer_refuse(&call);
  }
  const int rest = attr.padding == SLIM_VALID && d.kernel > d.stride ? d.kernel - d.stride : 0;
  if ((int64_t)d.in * d.stride + rest + d.kernel > INT32_MAX) {
    return slim_fail(&call, SLIM_ERR_SHAPE, "depth: stride %d gives %d images too many", d.stride, d.in);
  }
  d.out = d.in * d.stride + rest;
  d.before = slim_window_of(d.out, d.kernel, d.stride, 1, attr.padding).before;
  const slim_shape shape = {
    5, { d.kernel, a->kernel.h, a->kernel.w, a->num_outputs, slim_layer_channels(&call, a->input) }
  };
  slim_tensor *weights = slim_layer_weights_add(&call, "weights", shape, slim_layer_initializer(&call));
  attr.nchw = 0;
  slim_tensor *net =
      slim_is_poison(weights) ? weights : transpose(&call, slim_layer_channels_last(&call), weights, &attr, &d);
  return slim_layer_finish(&call, slim_layer_channels_back(&call, net), slim_relu);
}
