#include "layers/layer.h"

const slim_layer_info slim_layer_conv2d_in_plane = { slim_conv2d_in_plane,
                                                     "conv2d_in_plane",
                                                     { SLIM_LAYER_LINEAR, SLIM_LAYER_KERNEL } };

slim_tensor *(slim_conv2d_in_plane)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_conv2d_in_plane, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "ConvInPlane");
  if (!slim_layer_image(&call) || !slim_layer_kernel(&call)) {
    return slim_layer_refuse(&call);
  }
  const slim_args *a = &call.args;
  const slim_conv2d_attr attr = slim_layer_convolution(&call);
  const slim_shape shape = { 4, { a->kernel.h, a->kernel.w, 1, 1 } };
  slim_tensor *weights = slim_layer_weights_add(&call, "weights", shape, slim_layer_initializer(&call));
  slim_tensor *ones = slim_layer_filled(&call, SLIM_SHAPE(slim_layer_channels(&call, a->input), 1), 1.0f, "ones");
  slim_tensor *inputs[] = { a->input, slim_op_binary_add(weights, ones, SLIM_BINARY_MUL) };
  return slim_layer_finish(&call, slim_op_add(inputs, 2, &slim_op_depthwise_conv2d, "depthwise", &attr), slim_relu);
}
