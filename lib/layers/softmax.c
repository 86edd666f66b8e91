#include "layers/layer.h"

const slim_layer_info slim_layer_softmax = { slim_softmax, "softmax", SLIM_LAYER_PLAIN };

slim_tensor *(slim_softmax)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_softmax, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "softmax");
  const slim_shape *in = &call.args.input->shape;
  if (in->rank < 2) {
    char text[128];
    return slim_fail(&call, SLIM_ERR_SHAPE, "input %s has rank %d, must have rank 2 or more",
                     slim_shape_format(in, text, sizeof text), in->rank);
  }
  return slim_call_close(&call, slim_op_add(&call.args.input, 1, &slim_op_softmax, "Softmax", NULL));
}
