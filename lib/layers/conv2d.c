#include "layers/convolution.h"

const slim_layer_info slim_layer_conv2d = { slim_conv2d, "conv2d", { SLIM_LAYER_CONVOLUTION } };

slim_tensor *slim_layer_convolve_image(slim_call *call)
{
  const slim_args *a = &call->args;
  const slim_conv2d_attr attr = slim_layer_convolution(call);
  const slim_shape shape = { 4, { a->kernel.h, a->kernel.w, slim_layer_channels(call, a->input), a->num_outputs } };
  slim_tensor *inputs[] = { a->input, slim_layer_weights_add(call, "weights", shape, slim_layer_initializer(call)) };
  return slim_op_add(inputs, 2, &slim_op_conv2d, "Conv2D", &attr);
}

slim_tensor *(slim_conv2d)(const slim_args *args)
{
  return slim_layer_convolve(&slim_layer_conv2d, args, 4);
}
