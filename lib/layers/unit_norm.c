#include "layers/layer.h"

const slim_layer_info slim_layer_unit_norm = { slim_unit_norm,
                                               "unit_norm",
                                               { SLIM_LAYER_PLAIN, SLIM_OPTION(epsilon) } };

slim_tensor *(slim_unit_norm)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_unit_norm, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "UnitNorm");
  slim_tensor *x = call.args.input;
  const int dim = call.args.axis;
  if (dim < 0 || dim >= x->shape.rank) {
    char text[128];
    return slim_fail(&call, SLIM_ERR_ARG, "dim %d must be an axis of the input %s", dim,
                     slim_shape_format(&x->shape, text, sizeof text));
  }
  slim_tensor *squares = slim_op_reduce_add(slim_square(x), SLIM_REDUCE_SUM, SLIM_AXIS(dim), 1);
  slim_tensor *lengths = slim_sqrt(slim_scale(squares, 1.0f, slim_option_float(call.args.epsilon, 1e-7f)));
  return slim_call_close(&call, slim_div(x, lengths));
}
