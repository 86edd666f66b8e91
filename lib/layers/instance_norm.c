#include "layers/layer.h"

const slim_layer_info slim_layer_instance_norm = {
  slim_instance_norm,
  "instance_norm",
  { SLIM_LAYER_COMMON, SLIM_OPTION(activation), SLIM_OPTION(center), SLIM_OPTION(scale), SLIM_OPTION(epsilon),
    SLIM_OPTION(beta_initializer), SLIM_OPTION(gamma_initializer), SLIM_OPTION(data_format) }
};

slim_tensor *(slim_instance_norm)(const slim_args *args)
{
  slim_call call;
  if (!slim_layer_open(&call, &slim_layer_instance_norm, args)) {
    return slim_layer_refuse(&call);
  }
  slim_call_enter(&call, "InstanceNorm");
  if (!slim_layer_rank(&call, 3)) {
    return slim_layer_refuse(&call);
  }
  const slim_shape *in = &call.args.input->shape;
  const int channel = slim_layer_nchw(&call) ? 1 : in->rank - 1;
  slim_parameters p = { .shape = { 1, { in->dim[channel] } },
                        .broadcast = { in->rank - channel, { in->dim[channel] } } };
  for (int i = 1; i < p.broadcast.rank; i++) {
    p.broadcast.dim[i] = 1;
  }
  const unsigned axes = ((1u << in->rank) - 1) & ~(SLIM_AXIS(0) | SLIM_AXIS(channel));
  slim_tensor *net =
      slim_layer_normalize(&call, call.args.input, axes, slim_option_float(call.args.epsilon, 1e-6f), &p);
  return slim_layer_activate(&call, net, NULL);
}
