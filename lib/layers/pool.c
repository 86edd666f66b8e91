/* Pooling over one, two or three axes. */
#include "layers/layer.h"

const slim_layer_info slim_layer_pool_any = { slim_pool,
                                              "pool",
                                              { SLIM_LAYER_PLAIN, SLIM_LAYER_KERNEL, SLIM_OPTION(rate),
                                                SLIM_OPTION(data_format), SLIM_OPTION(depth) } };

static slim_tensor *pool_row(slim_call *call, const slim_op *op, const char *name, slim_pool2d_attr attr)
{
  slim_tensor *net = slim_layer_row_image(call);
  attr.kernel.h = attr.stride.h = 1;
  return slim_layer_image_row(call, slim_op_add(&net, 1, op, name, &attr));
}

static slim_tensor *pool_any(slim_call *call, const slim_op *op, const char *name)
{
  slim_tensor *x = call->args.input;
  const slim_pool2d_attr attr = slim_layer_pooling(call, 1);
  return slim_is_poison(x)    ? x
         : x->shape.rank == 3 ? pool_row(call, op, name, attr)
         : x->shape.rank == 4 ? slim_op_add(&x, 1, op, name, &attr)
                              : slim_layer_pool_volume(call, op, name, attr);
}

/* --- dilation: each residue of the pixels' places by the rate is an image of its own, in the batch ---------------- */

enum { AXES = 3 };

/* One axis of a dilated pooling; zeros behind it fill up its last images. */
typedef struct dilation {
  int rate, out, after;
} dilation;

static dilation dilation_of(int in, int kernel, int rate)
{
  rate = kernel > 1 ? rate : 1; /* one pixel is not dilated by any rate, however large */
  return (dilation){ rate, in - (kernel - 1) * rate, (rate - in % rate) % rate };
}

/* shape as [batch, what lies before axis i, the axis, what lies behind it]. */
static slim_shape around(const slim_shape *shape, int i)
{
  slim_shape four = { 4, { -1, 1, shape->dim[i], 1 } };
  for (int k = 1; k < shape->rank; k++) {
    four.dim[k < i ? 1 : 3] *= k == i ? 1 : shape->dim[k];
  }
  return four;
}

/* Splits axis i of x by the rate, or joins it; the pieces come first in the batch. */
static slim_tensor *split(slim_tensor *x, int i, int rate)
{
  slim_shape shape = x->shape;
  const slim_shape a = around(&shape, i);
  x = slim_reshape(x, SLIM_SHAPE(-1, a.dim[1], a.dim[2] / rate, rate, a.dim[3]));
  x = slim_transpose(x, (const int[]){ 0, 3, 1, 2, 4 }, 5);
  shape.dim[0] = -1;
  shape.dim[i] /= rate;
  return slim_reshape(x, shape);
}

static slim_tensor *join(slim_tensor *x, int i, int rate)
{
  slim_shape shape = x->shape;
  const slim_shape a = around(&shape, i);
  x = slim_reshape(x, SLIM_SHAPE(-1, rate, a.dim[1], a.dim[2], a.dim[3]));
  x = slim_transpose(x, (const int[]){ 0, 2, 3, 1, 4 }, 5);
  shape.dim[0] = -1;
  shape.dim[i] *= rate;
  return slim_reshape(x, shape);
}

/* Reads the call's numbers, axis by axis. @return false with the error recorded. */
static bool read_axes(slim_call *call, const slim_shape *in, dilation *axis)
{
  const slim_args *a = &call->args;
  const slim_hw rate = slim_option_hw(a->rate, 1), stride = slim_option_hw(a->stride, 1);
  const int kernels[AXES] = { a->depth.kernel ? a->depth.kernel : a->kernel.h, a->kernel.h, a->kernel.w };
  const int rates[AXES] = { a->depth.rate ? a->depth.rate : rate.h, rate.h, rate.w };
  const int axes = in->rank - 2;
  if (stride.h > 1 || stride.w > 1 || a->depth.stride > 1) {
    (void)slim_fail(call, SLIM_ERR_ARG, "stride [%d,%d] and rate [%d,%d] cannot both be above 1", stride.h, stride.w,
                    rate.h, rate.w);
    return false;
  }
  if (a->padding == SLIM_SAME) {
    (void)slim_fail(call, SLIM_ERR_UNSUPPORTED, "SAME padding does not go with the rate [%d,%d]", rate.h, rate.w);
    return false;
  }
  for (int i = 0; i < axes; i++) {
    const int kernel = kernels[AXES - axes + i], by = rates[AXES - axes + i], size = in->dim[i + 1];
    const bool fits = kernel > 0 && by > 0 && (int64_t)(kernel - 1) * by < size;
    axis[i] = fits ? dilation_of(size, kernel, by) : (dilation){ 0, 0, 0 };
    if (axis[i].out < 1) {
      char text[128];
      (void)slim_fail(call, SLIM_ERR_SHAPE, "kernel [%d,%d] with rate [%d,%d] does not fit the input %s", a->kernel.h,
                      a->kernel.w, rate.h, rate.w, slim_shape_format(&a->input->shape, text, sizeof text));
      return false;
    }
  }
  return true;
}

static slim_tensor *pool_dilated(slim_call *call, const slim_op *op, const char *name)
{
  dilation axis[AXES];
  slim_tensor *x = slim_layer_channels_last(call);
  const int rank = x->shape.rank;
  if (!read_axes(call, &x->shape, axis)) {
    return slim_layer_refuse(call);
  }
  const int none[SLIM_MAX_RANK] = { 0 };
  int after[SLIM_MAX_RANK] = { 0 }, size[SLIM_MAX_RANK];
  size[0] = size[rank - 1] = -1;
  for (int i = 1; i < rank - 1; i++) {
    after[i] = axis[i - 1].after;
    size[i] = axis[i - 1].out;
  }
  x = slim_pad(x, none, after);
  for (int i = 1; i < rank - 1; i++) {
    x = slim_is_poison(x) ? x : split(x, i, axis[i - 1].rate);
  }
  slim_call inner = *call;
  inner.args.input = x;
  inner.args.data_format = SLIM_NHWC;
  slim_tensor *net = pool_any(&inner, op, name);
  for (int i = rank - 2; i >= 1; i--) {
    net = slim_is_poison(net) ? net : join(net, i, axis[i - 1].rate);
  }
  return slim_layer_channels_back(call, slim_slice(net, none, size));
}

slim_tensor *(slim_pool)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_pool_any, args)) {
    return slim_layer_refuse(&call);
  }
  const slim_args *a = &call.args;
  const bool max = a->pooling_type == SLIM_MAX_POOLING;
  slim_call_enter_name(&call, max ? "max_pool" : "avg_pool");
  if (!max && a->pooling_type != SLIM_AVG_POOLING) {
    return slim_fail(&call, SLIM_ERR_ARG, "the pooling type is missing: SLIM_MAX_POOLING or SLIM_AVG_POOLING");
  }
  if (!slim_layer_spatial(&call)) {
    return slim_layer_refuse(&call);
  }
  const slim_op *op = max ? &slim_op_max_pool2d : &slim_op_avg_pool2d;
  const char *name = max ? "MaxPool" : "AvgPool";
  const bool dilated = a->rate.h > 1 || a->rate.w > 1 || a->depth.rate > 1;
  return slim_call_close(&call, dilated ? pool_dilated(&call, op, name) : pool_any(&call, op, name));
}
