#include "layers/layer.h"

const slim_layer_info slim_layer_bias_add = { slim_bias_add, "bias_add",
                                              SLIM_LAYER_COMMON | SLIM_OPTION(activation) |
                                                  SLIM_OPTION(biases_initializer) | SLIM_OPTION(biases_regularizer) |
                                                  SLIM_OPTION(data_format) };

slim_tensor *(slim_bias_add)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_bias_add, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "BiasAdd");
  const slim_shape *in = &call.args.input->shape;
  if (slim_layer_nchw(&call) && !slim_layer_image(&call)) {
    return slim_layer_refuse(&call);
  }
  if (in->rank < 2) {
    char text[128];
    return slim_fail(&call, SLIM_ERR_SHAPE, "input %s has rank %d, must have rank 2 or more",
                     slim_shape_format(in, text, sizeof text), in->rank);
  }
  return slim_layer_activate(&call, slim_layer_biases(&call, call.args.input), NULL);
}
