#include "layers/layer.h"

const slim_layer_info slim_layer_bias_add = { slim_bias_add,
                                              "bias_add",
                                              { SLIM_LAYER_COMMON, SLIM_OPTION(activation),
                                                SLIM_OPTION(biases_initializer), SLIM_OPTION(biases_regularizer),
                                                SLIM_OPTION(data_format) } };

slim_tensor *(slim_bias_add)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_bias_add, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "BiasAdd");
  if (!slim_layer_rank(&call, 2) || (slim_layer_nchw(&call) && !slim_layer_image(&call))) {
    return slim_layer_refuse(&call);
  }
  return slim_layer_activate(&call, slim_layer_biases(&call, call.args.input), NULL);
}
