/* The first form of fully connected, whose variables TF-Slim keeps for old checkpoints. */
#include "layers/layer.h"

const slim_layer_info slim_layer_legacy_fully_connected = {
  slim_legacy_fully_connected,
  "legacy_fully_connected",
  { SLIM_LAYER_COMMON, SLIM_OPTION(activation), SLIM_OPTION(weights_initializer), SLIM_OPTION(biases_initializer),
    SLIM_OPTION(weights_regularizer), SLIM_OPTION(biases_regularizer) }
};

slim_tensor *(slim_legacy_fully_connected)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_legacy_fully_connected, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "fully_connected");
  slim_args *a = &call.args;
  if (!slim_layer_outputs(&call) || !slim_layer_rank(&call, 2)) {
    return slim_layer_refuse(&call);
  }
  a->outputs_collections = a->outputs_collections ? a->outputs_collections : SLIM_ACTIVATIONS;
  const slim_shape *in = &a->input->shape;
  const slim_shape shape = { 2, { in->dim[in->rank - 1], a->num_outputs } };
  slim_tensor *weights = slim_layer_legacy_variable_add(&call, "weights", "weights", shape,
                                                        slim_layer_initializer(&call), a->weights_regularizer);
  slim_tensor *inputs[] = { a->input, weights };
  slim_tensor *net = slim_op_add(inputs, 2, &slim_op_matmul, "MatMul", &(slim_matmul_attr){ 0, 0 });
  if (a->biases_initializer.kind != SLIM_INIT_NONE) {
    const slim_initializer initializer = slim_option_initializer(a->biases_initializer, SLIM_ZEROS);
    slim_tensor *bias = slim_layer_legacy_variable_add(&call, "bias", "biases", SLIM_SHAPE(a->num_outputs), initializer,
                                                       a->biases_regularizer);
    slim_tensor *sum[] = { net, bias };
    net = slim_op_add(sum, 2, &slim_op_bias_add, "BiasAdd", &(slim_bias_attr){ 0 });
  }
  return slim_layer_activate(&call, net, NULL);
}
