/* Pooling over depth, height and width: over height and width, then along the depth, which gives the same. */
#include "layers/layer.h"

#define ACCEPTED SLIM_LAYER_PLAIN, SLIM_LAYER_KERNEL, SLIM_OPTION(data_format), SLIM_OPTION(depth)

const slim_layer_info slim_layer_max_pool3d = { slim_max_pool3d, "max_pool3d", { ACCEPTED } };
const slim_layer_info slim_layer_avg_pool3d = { slim_avg_pool3d, "avg_pool3d", { ACCEPTED } };

slim_tensor *slim_layer_pool_volume(slim_call *call, const slim_op *op, const char *name, slim_pool2d_attr attr)
{
  const slim_depth *given = &call->args.depth;
  slim_pool2d_attr along = attr;
  along.kernel = (slim_hw){ given->kernel ? given->kernel : attr.kernel.h, 1 };
  along.stride = (slim_hw){ given->stride ? given->stride : attr.stride.h, 1 };
  attr.nchw = along.nchw = 0;
  slim_tensor *net = slim_layer_channels_last(call);
  const slim_shape in = net->shape;
  net = slim_reshape(net, SLIM_SHAPE(-1, in.dim[2], in.dim[3], in.dim[4]));
  net = slim_op_add(&net, 1, op, name, &attr);
  if (slim_is_poison(net)) {
    return net;
  }
  const int h = net->shape.dim[1], w = net->shape.dim[2];
  net = slim_reshape(net, SLIM_SHAPE(-1, in.dim[1], h * w, in.dim[4]));
  net = slim_op_add(&net, 1, op, name, &along);
  if (slim_is_poison(net)) {
    return net;
  }
  return slim_layer_channels_back(call, slim_reshape(net, SLIM_SHAPE(0, net->shape.dim[1], h, w, in.dim[4])));
}

static slim_tensor *pool(const slim_layer_info *info, const slim_op *op, const char *scope, const char *name,
                         const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, info, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter_name(&call, scope);
  if (!slim_layer_rank_is(&call, 5)) {
    return slim_layer_refuse(&call);
  }
  return slim_call_close(&call, slim_layer_pool_volume(&call, op, name, slim_layer_pooling(&call, 2)));
}

slim_tensor *(slim_max_pool3d)(const slim_args *args)
{
  return pool(&slim_layer_max_pool3d, &slim_op_max_pool2d, "MaxPool3D", "MaxPool3D", args);
}

slim_tensor *(slim_avg_pool3d)(const slim_args *args)
{
  return pool(&slim_layer_avg_pool3d, &slim_op_avg_pool2d, "AvgPool3D", "AvgPool3D", args);
}
