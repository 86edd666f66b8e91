#include "layers/layer.h"

const slim_layer_info slim_layer_separable_conv2d = { slim_separable_conv2d,
                                                      "separable_conv2d",
                                                      { SLIM_LAYER_LINEAR, SLIM_LAYER_KERNEL, SLIM_OPTION(rate),
                                                        SLIM_OPTION(data_format), SLIM_OPTION(depth_multiplier),
                                                        SLIM_OPTION(pointwise_initializer) } };

/* Checks what the shape rule of the ops cannot name as well. */
static bool numbers_usable(slim_call *call)
{
  const slim_args *args = &call->args;
  if (args->num_outputs < 0) {
    (void)slim_fail(call, SLIM_ERR_ARG, "num_outputs is %d, must be at least 1, or 0 for no pointwise part",
                    args->num_outputs);
    return false;
  }
  if (args->depth_multiplier < 0) {
    (void)slim_fail(call, SLIM_ERR_ARG, "depth_multiplier is %d, must be at least 1", args->depth_multiplier);
    return false;
  }
  return slim_layer_kernel(call);
}

static slim_tensor *depthwise(slim_call *call, slim_initializer initializer, const char *name)
{
  const slim_args *a = &call->args;
  const slim_conv2d_attr attr = slim_layer_convolution(call);
  const int multiplier = a->depth_multiplier ? a->depth_multiplier : 1;
  const slim_shape shape = { 4, { a->kernel.h, a->kernel.w, slim_layer_channels(call, a->input), multiplier } };
  slim_tensor *inputs[] = { a->input, slim_layer_weights_add(call, "depthwise_weights", shape, initializer) };
  return slim_op_add(inputs, 2, &slim_op_depthwise_conv2d, name, &attr);
}

static slim_tensor *pointwise(slim_call *call, slim_initializer initializer, slim_tensor *net)
{
  const slim_conv2d_attr attr = {
    .stride = { 1, 1 }, .rate = { 1, 1 }, .padding = SLIM_VALID, .nchw = slim_layer_nchw(call)
  };
  if (slim_is_poison(net)) {
    return net;
  }
  const slim_shape shape = { 4, { 1, 1, slim_layer_channels(call, net), call->args.num_outputs } };
  slim_tensor *inputs[] = { net, slim_layer_weights_add(call, "pointwise_weights", shape, initializer) };
  return slim_op_add(inputs, 2, &slim_op_conv2d, "separable_conv2d", &attr);
}

slim_tensor *(slim_separable_conv2d)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_separable_conv2d, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "SeparableConv2d");
  if (!slim_layer_image(&call) || !numbers_usable(&call)) {
    return slim_layer_refuse(&call);
  }
  const bool both = call.args.num_outputs > 0;
  const slim_initializer initializer = slim_layer_initializer(&call);
  slim_tensor *net = depthwise(&call, initializer, both ? "separable_conv2d/depthwise" : "depthwise");
  if (both) {
    net = pointwise(&call, slim_option_initializer(call.args.pointwise_initializer, initializer), net);
  }
  return slim_layer_finish(&call, net, slim_relu);
}
