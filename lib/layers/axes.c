/* Inputs of one axis beside batch and channels, as images and back; channels as the last axis and back. */
#include "layers/layer.h"

slim_tensor *slim_layer_row_image(slim_call *call)
{
  const int *dim = call->args.input->shape.dim;
  return slim_op_reshape_add(call->args.input, slim_layer_nchw(call) ? SLIM_SHAPE(0, dim[1], 1, dim[2])
                                                                     : SLIM_SHAPE(0, 1, dim[1], dim[2]));
}

slim_tensor *slim_layer_image_row(slim_call *call, slim_tensor *net)
{
  const int *dim = net->shape.dim;
  return slim_is_poison(net) ? net
                             : slim_op_reshape_add(net, SLIM_SHAPE(0, dim[slim_layer_nchw(call) ? 1 : 2], dim[3]));
}

slim_tensor *slim_layer_channels_last(slim_call *call)
{
  slim_tensor *x = call->args.input;
  const int rank = x->shape.rank;
  int axis[SLIM_MAX_RANK] = { 0 };
  for (int i = 1; i < rank; i++) {
    axis[i] = i + 1 < rank ? i + 1 : 1;
  }
  return slim_layer_nchw(call) ? slim_transpose(x, axis, rank) : x;
}

slim_tensor *slim_layer_channels_back(slim_call *call, slim_tensor *net)
{
  const int rank = net->shape.rank;
  int axis[SLIM_MAX_RANK] = { 0 };
  for (int i = 1; i < rank; i++) {
    axis[i] = i > 1 ? i - 1 : rank - 1;
  }
  return slim_layer_nchw(call) ? slim_transpose(net, axis, rank) : net;
}
