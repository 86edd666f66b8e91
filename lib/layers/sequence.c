/* Images as sequences of their columns, and back. */
#include "layers/layer.h"

const slim_layer_info slim_layer_images_to_sequence = { slim_images_to_sequence,
                                                        "images_to_sequence",
                                                        { SLIM_LAYER_PLAIN, SLIM_OPTION(data_format) } };
const slim_layer_info slim_layer_sequence_to_images = { slim_sequence_to_images,
                                                        "sequence_to_images",
                                                        { SLIM_LAYER_PLAIN, SLIM_OPTION(data_format) } };

/* The first dimension moves, and only the first may be open. */
static bool size_known(slim_call *call)
{
  const slim_shape *in = &call->args.input->shape;
  char text[128];
  if (in->dim[0] < 0) {
    (void)slim_fail(call, SLIM_ERR_SHAPE, "the first dimension of the input %s must be known",
                    slim_shape_format(in, text, sizeof text));
  }
  return in->dim[0] >= 0;
}

slim_tensor *(slim_images_to_sequence)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_images_to_sequence, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter_name(&call, "ImagesToSequence");
  if (!slim_layer_image(&call) || !size_known(&call)) {
    return slim_layer_refuse(&call);
  }
  static const int by_format[2][4] = { { 2, 0, 1, 3 }, { 3, 0, 2, 1 } };
  slim_tensor *columns = slim_transpose(call.args.input, by_format[slim_layer_nchw(&call)], 4);
  const int *dim = columns->shape.dim;
  return slim_call_close(&call, slim_reshape(columns, SLIM_SHAPE(dim[0], dim[1] * dim[2], dim[3])));
}

slim_tensor *(slim_sequence_to_images)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_sequence_to_images, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter_name(&call, "SequenceToImages");
  if (!slim_layer_rank_is(&call, 3) || !size_known(&call)) {
    return slim_layer_refuse(&call);
  }
  const int *dim = call.args.input->shape.dim;
  const int height = call.args.num_outputs;
  if (height < 1 || dim[1] % height != 0) {
    return slim_fail(&call, SLIM_ERR_ARG, "height %d does not divide %d rows of images", height, dim[1]);
  }
  static const int by_format[2][4] = { { 1, 2, 0, 3 }, { 1, 3, 2, 0 } };
  slim_tensor *columns = slim_reshape(call.args.input, SLIM_SHAPE(dim[0], dim[1] / height, height, dim[2]));
  return slim_call_close(&call, slim_transpose(columns, by_format[slim_layer_nchw(&call)], 4));
}
