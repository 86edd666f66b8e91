#include "layers/layer.h"

const slim_layer_info slim_layer_softmax = { slim_softmax, "softmax", { SLIM_LAYER_PLAIN } };

slim_tensor *(slim_softmax)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_softmax, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "softmax");
  if (!slim_layer_rank(&call, 2)) {
    return slim_layer_refuse(&call);
  }
  return slim_call_close(&call, slim_op_add(&call.args.input, 1, &slim_op_softmax, "Softmax", NULL));
}
