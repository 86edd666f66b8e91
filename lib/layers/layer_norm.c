#include "layers/layer.h"

const slim_layer_info slim_layer_layer_norm = { slim_layer_norm,
                                                "layer_norm",
                                                { SLIM_LAYER_COMMON, SLIM_OPTION(activation), SLIM_OPTION(center),
                                                  SLIM_OPTION(scale), SLIM_OPTION(begin_norm_axis),
                                                  SLIM_OPTION(begin_params_axis) } };

#define EPSILON 1e-12f /* TF-Slim's for float32 */

/* An axis counted from the end as one from the start; 0 is unset. */
static int axis_of(int axis, int otherwise, int rank)
{
  axis = axis ? axis : otherwise;
  return axis < 0 ? axis + rank : axis;
}

slim_tensor *(slim_layer_norm)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_layer_norm, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "LayerNorm");
  if (!slim_layer_rank(&call, 2)) {
    return slim_layer_refuse(&call);
  }
  const slim_shape *in = &call.args.input->shape;
  const int norm = axis_of(call.args.begin_norm_axis, 1, in->rank);
  const int params = axis_of(call.args.begin_params_axis, -1, in->rank);
  if (norm < 1 || norm >= in->rank || params < 1 || params >= in->rank) {
    char text[128];
    return slim_fail(&call, SLIM_ERR_ARG,
                     "begin_norm_axis %d and begin_params_axis %d must be axes of the input %s "
                     "behind its batch",
                     norm, params, slim_shape_format(in, text, sizeof text));
  }
  slim_parameters parameters = { .shape = { .rank = in->rank - params } };
  for (int i = params; i < in->rank; i++) {
    parameters.shape.dim[i - params] = in->dim[i];
  }
  parameters.broadcast = parameters.shape;
  const unsigned axes = (1u << in->rank) - (1u << norm);
  slim_tensor *net = slim_layer_normalize(&call, call.args.input, axes, EPSILON, &parameters);
  return slim_layer_activate(&call, net, NULL);
}
