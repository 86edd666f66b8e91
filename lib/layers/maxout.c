#include "layers/layer.h"

const slim_layer_info slim_layer_maxout = { slim_maxout, "maxout", { SLIM_LAYER_PLAIN } };

slim_tensor *(slim_maxout)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_maxout, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "MaxOut");
  const slim_shape *in = &call.args.input->shape;
  const int units = call.args.num_outputs, given = call.args.axis ? call.args.axis : -1;
  const int axis = given < 0 ? given + in->rank : given;
  char text[128];
  if (axis < 1 || axis >= in->rank || in->rank >= SLIM_MAX_RANK) {
    return slim_fail(&call, SLIM_ERR_ARG, "axis %d must be one of the input %s behind its batch", given,
                     slim_shape_format(in, text, sizeof text));
  }
  if (units < 1 || in->dim[axis] % units != 0) {
    return slim_fail(&call, SLIM_ERR_ARG, "%d features are not a multiple of %d units", in->dim[axis], units);
  }
  slim_shape shape = *in;
  shape.dim[0] = 0;
  shape.dim[axis] = units;
  shape.dim[shape.rank++] = in->dim[axis] / units;
  slim_tensor *pieces = slim_reshape(call.args.input, shape);
  return slim_call_close(&call, slim_op_reduce_add(pieces, SLIM_REDUCE_MAX, SLIM_AXIS(shape.rank - 1), 0));
}
