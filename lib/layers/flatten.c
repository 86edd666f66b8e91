#include "layers/layer.h"

const slim_layer_info slim_layer_flatten = { slim_flatten, "flatten", { SLIM_LAYER_PLAIN } };

slim_tensor *(slim_flatten)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_flatten, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter_name(&call, "Flatten");
  const slim_shape *in = &call.args.input->shape;
  if (in->rank < 1) {
    return slim_fail(&call, SLIM_ERR_SHAPE, "a scalar cannot be flattened");
  }
  int64_t rest = 1;
  for (int i = 1; i < in->rank; i++) {
    rest *= in->dim[i]; /* the graph holds no tensor whose elements overflow */
  }
  if (rest > INT32_MAX) {
    return slim_fail(&call, SLIM_ERR_SHAPE, "%lld elements a sample are too many", (long long)rest);
  }
  return slim_call_close(&call, slim_op_reshape_add(call.args.input, (slim_shape){ 2, { 0, (int)rest } }));
}
