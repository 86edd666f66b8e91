/* Activations as layers. */
#include "layers/layer.h"

#define ACTIVATION_LAYER(name_, kind_, op_)                                                                            \
  const slim_layer_info slim_layer_##name_ = { slim_##name_, #name_, { SLIM_LAYER_PLAIN } };                           \
  slim_tensor *(slim_##name_)(const slim_args *args)                                                                   \
  {                                                                                                                    \
    return activate(&slim_layer_##name_, kind_, op_, args);                                                            \
  }

static slim_tensor *activate(const slim_layer_info *info, slim_activation_kind kind, const char *op,
                             const slim_args *args)
{
  slim_call call;
  const slim_activation_attr attr = { kind };
  if (!slim_layer_open(&call, info, args)) {
    return slim_layer_refuse(&call);
  }
  const char *name = call.args.scope ? call.args.scope : op;
  return slim_call_close(&call, slim_op_add(&call.args.input, 1, &slim_op_activation, name, &attr));
}

ACTIVATION_LAYER(relu, SLIM_ACTIVATION_RELU, "Relu")
ACTIVATION_LAYER(relu6, SLIM_ACTIVATION_RELU6, "Relu6")
ACTIVATION_LAYER(sigmoid, SLIM_ACTIVATION_SIGMOID, "Sigmoid")
ACTIVATION_LAYER(tanh, SLIM_ACTIVATION_TANH, "Tanh")
ACTIVATION_LAYER(elu, SLIM_ACTIVATION_ELU, "Elu")

const slim_layer_info slim_layer_identity = { slim_identity, "identity", { SLIM_LAYER_PLAIN } };

slim_tensor *(slim_identity)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_identity, args)) {
    return slim_layer_refuse(&call);
  }
  return slim_call_close(&call, call.args.input);
}
