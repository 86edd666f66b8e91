#include "layers/layer.h"

const slim_layer_info slim_layer_conv2d_transpose = {
  slim_conv2d_transpose, "conv2d_transpose", { SLIM_LAYER_LINEAR, SLIM_LAYER_KERNEL, SLIM_OPTION(data_format) }
};

slim_tensor *(slim_conv2d_transpose)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_conv2d_transpose, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "Conv2d_transpose");
  if (!slim_layer_image(&call) || !slim_layer_outputs(&call) || !slim_layer_kernel(&call)) {
    return slim_layer_refuse(&call);
  }
  const slim_args *a = &call.args;
  const slim_conv2d_attr attr = slim_layer_convolution(&call);
  const slim_shape shape = { 4, { a->kernel.h, a->kernel.w, a->num_outputs, slim_layer_channels(&call, a->input) } };
  slim_tensor *inputs[] = { a->input, slim_layer_weights_add(&call, "weights", shape, slim_layer_initializer(&call)) };
  slim_tensor *net = slim_op_add(inputs, 2, &slim_op_conv2d_input_gradient, "conv2d_transpose", &attr);
  return slim_layer_finish(&call, net, slim_relu);
}
