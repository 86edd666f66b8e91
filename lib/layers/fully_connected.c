#include "layers/layer.h"

const slim_layer_info slim_layer_fully_connected = { slim_fully_connected, "fully_connected", SLIM_LAYER_LINEAR };

slim_tensor *(slim_fully_connected)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_fully_connected, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "fully_connected");
  const slim_args *a = &call.args;
  const slim_shape *in = &a->input->shape;
  if (a->num_outputs < 1) {
    return slim_fail(&call, SLIM_ERR_ARG, "num_outputs is %d, must be at least 1", a->num_outputs);
  }
  if (in->rank < 2) {
    char text[128];
    return slim_fail(&call, SLIM_ERR_SHAPE, "input %s has rank %d, must have rank 2 or more",
                     slim_shape_format(in, text, sizeof text), in->rank);
  }
  const slim_shape shape = { 2, { in->dim[in->rank - 1], a->num_outputs } };
  slim_tensor *weights =
      slim_layer_variable_add(&call, "weights", shape, slim_option_initializer(a->weights_initializer, SLIM_XAVIER),
                              a->weights_regularizer, true);
  slim_tensor *inputs[] = { a->input, weights };
  const slim_matmul_attr attr = { 0, 0 };
  return slim_layer_finish(&call, slim_op_add(inputs, 2, &slim_op_matmul, "MatMul", &attr), slim_relu);
}
