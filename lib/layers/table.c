/* Every layer of the library that arg scopes can name, one row each. */
#include "layers/layer.h"
#include "layers/variable.h"

const slim_layer_info *const slim_layer_table[] = {
  &slim_layer_variable,
  &slim_layer_model_variable,
  &slim_layer_conv2d,
  &slim_layer_fully_connected,
  &slim_layer_bias_add,
  &slim_layer_max_pool2d,
  &slim_layer_avg_pool2d,
  &slim_layer_batch_norm,
  &slim_layer_flatten,
  &slim_layer_dropout,
  &slim_layer_softmax,
  &slim_layer_one_hot_encoding,
  &slim_layer_relu,
  &slim_layer_relu6,
  &slim_layer_sigmoid,
  &slim_layer_tanh,
  &slim_layer_identity,
  NULL,
};
