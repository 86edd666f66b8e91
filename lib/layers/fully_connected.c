#include "layers/layer.h"

const slim_layer_info slim_layer_fully_connected = { slim_fully_connected, "fully_connected", { SLIM_LAYER_LINEAR } };

slim_tensor *(slim_fully_connected)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_fully_connected, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "fully_connected");
  const slim_args *a = &call.args;
  if (!slim_layer_outputs(&call) || !slim_layer_rank(&call, 2)) {
    return slim_layer_refuse(&call);
  }
  const slim_shape *in = &a->input->shape;
  const slim_shape shape = { 2, { in->dim[in->rank - 1], a->num_outputs } };
  slim_tensor *inputs[] = { a->input, slim_layer_weights_add(&call, "weights", shape, slim_layer_initializer(&call)) };
  const slim_matmul_attr attr = { 0, 0 };
  return slim_layer_finish(&call, slim_op_add(inputs, 2, &slim_op_matmul, "MatMul", &attr), slim_relu);
}
