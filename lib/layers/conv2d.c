#include "layers/layer.h"

const slim_layer_info slim_layer_conv2d = { slim_conv2d, "conv2d",
                                            SLIM_LAYER_LINEAR | SLIM_OPTION(stride) | SLIM_OPTION(rate) |
                                                SLIM_OPTION(padding) | SLIM_OPTION(data_format) };

/* Checks what the shape rule of the op cannot name as well. */
static bool numbers_usable(slim_call *call)
{
  const slim_args *args = &call->args;
  if (args->num_outputs < 1) {
    (void)slim_fail(call, SLIM_ERR_ARG, "num_outputs is %d, must be at least 1", args->num_outputs);
    return false;
  }
  if (args->kernel.h < 1 || args->kernel.w < 1) {
    (void)slim_fail(call, SLIM_ERR_ARG, "kernel [%d,%d] must be at least 1", args->kernel.h, args->kernel.w);
    return false;
  }
  return true;
}

slim_tensor *(slim_conv2d)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_conv2d, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "Conv");
  if (!slim_layer_image(&call) || !numbers_usable(&call)) {
    return slim_layer_refuse(&call);
  }
  const slim_args *a = &call.args;
  const slim_conv2d_attr attr = { .stride = slim_option_hw(a->stride, 1),
                                  .rate = slim_option_hw(a->rate, 1),
                                  .padding = a->padding ? a->padding : SLIM_SAME,
                                  .nchw = slim_layer_nchw(&call) };
  const slim_shape shape = { 4, { a->kernel.h, a->kernel.w, slim_layer_channels(&call, a->input), a->num_outputs } };
  slim_tensor *weights =
      slim_layer_variable_add(&call, "weights", shape, slim_option_initializer(a->weights_initializer, SLIM_XAVIER),
                              a->weights_regularizer, true);
  slim_tensor *inputs[] = { a->input, weights };
  return slim_layer_finish(&call, slim_op_add(inputs, 2, &slim_op_conv2d, "Conv2D", &attr), slim_relu);
}
