/* Max and average pooling. */
#include "layers/layer.h"

#define ACCEPTED SLIM_LAYER_PLAIN, SLIM_LAYER_KERNEL, SLIM_OPTION(data_format)

const slim_layer_info slim_layer_max_pool2d = { slim_max_pool2d, "max_pool2d", { ACCEPTED } };
const slim_layer_info slim_layer_avg_pool2d = { slim_avg_pool2d, "avg_pool2d", { ACCEPTED } };

static slim_tensor *pool(const slim_layer_info *info, const slim_op *op, const char *scope, const char *name,
                         const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, info, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter_name(&call, scope);
  if (!slim_layer_image(&call)) {
    return slim_layer_refuse(&call);
  }
  const slim_pool2d_attr attr = slim_layer_pooling(&call, 2);
  return slim_call_close(&call, slim_op_add(&call.args.input, 1, op, name, &attr));
}

slim_tensor *(slim_max_pool2d)(const slim_args *args)
{
  return pool(&slim_layer_max_pool2d, &slim_op_max_pool2d, "MaxPool2D", "MaxPool", args);
}

slim_tensor *(slim_avg_pool2d)(const slim_args *args)
{
  return pool(&slim_layer_avg_pool2d, &slim_op_avg_pool2d, "AvgPool2D", "AvgPool", args);
}
