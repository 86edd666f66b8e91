/* Convolution along one axis: that of images of one row. */
#include "layers/convolution.h"

const slim_layer_info slim_layer_conv1d = { slim_conv1d, "conv1d", { SLIM_LAYER_CONVOLUTION } };

static bool one_number(slim_call *call, const char *what, slim_hw hw)
{
  if (hw.h != hw.w) {
    (void)slim_fail(call, SLIM_ERR_ARG, "%s [%d,%d] must be one number", what, hw.h, hw.w);
  }
  return hw.h == hw.w;
}

slim_tensor *slim_layer_convolve_row(slim_call *call)
{
  const slim_args *a = &call->args;
  slim_conv2d_attr attr = slim_layer_convolution(call);
  if (!one_number(call, "kernel", a->kernel) || !one_number(call, "stride", attr.stride) ||
      !one_number(call, "rate", attr.rate)) {
    return slim_layer_refuse(call);
  }
  const int width = a->kernel.h, channels = slim_layer_channels(call, a->input);
  const slim_shape shape = { 3, { width, channels, a->num_outputs } };
  slim_tensor *weights = slim_layer_weights_add(call, "weights", shape, slim_layer_initializer(call));
  slim_tensor *inputs[] = { slim_layer_row_image(call),
                            slim_op_reshape_add(weights, SLIM_SHAPE(1, width, channels, a->num_outputs)) };
  attr.stride.h = attr.rate.h = 1;
  return slim_layer_image_row(call, slim_op_add(inputs, 2, &slim_op_conv2d, "Conv2D", &attr));
}

slim_tensor *(slim_conv1d)(const slim_args *args)
{
  return slim_layer_convolve(&slim_layer_conv1d, args, 3);
}
