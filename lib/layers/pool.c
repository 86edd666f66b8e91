/* Pooling over one, two or three axes. */
#include "layers/layer.h"

const slim_layer_info slim_layer_pool_any = { slim_pool,
                                              "pool",
                                              { SLIM_LAYER_PLAIN, SLIM_OPTION(stride), SLIM_OPTION(padding),
                                                SLIM_OPTION(data_format), SLIM_OPTION(depth) } };

static slim_tensor *pool_row(slim_call *call, const slim_op *op, const char *name, slim_pool2d_attr attr)
{
  slim_tensor *net = slim_layer_row_image(call);
  attr.kernel.h = attr.stride.h = 1;
  return slim_layer_image_row(call, slim_op_add(&net, 1, op, name, &attr));
}

slim_tensor *(slim_pool)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_pool_any, args)) {
    return slim_layer_refuse(&call);
  }
  const bool max = call.args.pooling_type == SLIM_MAX_POOLING;
  slim_call_enter_name(&call, max ? "max_pool" : "avg_pool");
  slim_tensor *x = call.args.input;
  if (!max && call.args.pooling_type != SLIM_AVG_POOLING) {
    return slim_fail(&call, SLIM_ERR_ARG, "the pooling type is missing: SLIM_MAX_POOLING or SLIM_AVG_POOLING");
  }
  if (!slim_layer_spatial(&call)) {
    return slim_layer_refuse(&call);
  }
  const slim_op *op = max ? &slim_op_max_pool2d : &slim_op_avg_pool2d;
  const char *name = max ? "MaxPool" : "AvgPool";
  const slim_pool2d_attr attr = slim_layer_pooling(&call, 1);
  slim_tensor *net = x->shape.rank == 3   ? pool_row(&call, op, name, attr)
                     : x->shape.rank == 4 ? slim_op_add(&x, 1, op, name, &attr)
                                          : slim_layer_pool_volume(&call, op, name, attr);
  return slim_call_close(&call, net);
}
