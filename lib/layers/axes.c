/* Inputs of one or three axes beside batch and channels, as images and back. */
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

slim_tensor *slim_layer_volume(slim_call *call)
{
  slim_tensor *x = call->args.input;
  return slim_layer_nchw(call) ? slim_transpose(x, (const int[]){ 0, 2, 3, 4, 1 }, 5) : x;
}

slim_tensor *slim_layer_volume_back(slim_call *call, slim_tensor *net)
{
  return slim_layer_nchw(call) ? slim_transpose(net, (const int[]){ 0, 4, 1, 2, 3 }, 5) : net;
}
