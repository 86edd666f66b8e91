#include "layers/layer.h"

const slim_layer_info slim_layer_one_hot_encoding = {
  slim_one_hot_encoding, "one_hot_encoding", { SLIM_LAYER_PLAIN, SLIM_OPTION(on_value), SLIM_OPTION(off_value) }
};

slim_tensor *(slim_one_hot_encoding)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_one_hot_encoding, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter_name(&call, "OneHotEncoding");
  if (call.args.num_outputs < 1) {
    return slim_fail(&call, SLIM_ERR_ARG, "num_classes is %d, must be at least 1", call.args.num_outputs);
  }
  const slim_one_hot_attr attr = { call.args.num_outputs, slim_option_float(call.args.on_value, 1.0f),
                                   slim_option_float(call.args.off_value, 0.0f) };
  return slim_call_close(&call, slim_op_add(&call.args.input, 1, &slim_op_one_hot, "one_hot", &attr));
}
