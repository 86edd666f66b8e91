/* Normalisation by mean and variance over axes of the input: what layer, group and instance norm are. */
#include "layers/layer.h"

static slim_tensor *mean_of(slim_tensor *x, unsigned axes)
{
  return slim_op_reduce_add(x, SLIM_REDUCE_MEAN, axes, 1);
}

/* A variable over the parameters' shape, as it broadcasts to the input. */
static slim_tensor *parameter(slim_call *call, const char *kind, const slim_parameters *p, slim_initializer initializer)
{
  slim_tensor *value = slim_layer_variable_add(call, kind, p->shape, initializer, SLIM_NO_REG, true);
  return slim_shape_equal(&p->shape, &p->broadcast) ? value : slim_op_reshape_add(value, p->broadcast);
}

slim_tensor *slim_layer_normalize(slim_call *call, slim_tensor *x, unsigned axes, float epsilon,
                                  const slim_parameters *parameters)
{
  const slim_args *a = &call->args;
  slim_tensor *beta = NULL, *gamma = NULL;
  if (slim_flag_or(a->center, true)) {
    beta = parameter(call, "beta", parameters, slim_option_initializer(a->beta_initializer, SLIM_ZEROS));
  }
  if (slim_flag_or(a->scale, true)) {
    gamma = parameter(call, "gamma", parameters, slim_option_initializer(a->gamma_initializer, SLIM_ONES));
  }
  slim_tensor *mean = mean_of(x, axes), *centred = slim_sub(x, mean), *variance;
  if (slim_flag_or(a->mean_close_to_zero, false)) {
    variance = slim_sub(mean_of(slim_square(x), axes), slim_square(mean));
  } else {
    variance = mean_of(slim_square(centred), axes);
  }
  slim_tensor *gain = slim_rsqrt(slim_scale(variance, 1.0f, epsilon));
  slim_tensor *net = slim_mul(centred, gamma ? slim_mul(gain, gamma) : gain);
  return beta ? slim_add(net, beta) : net;
}
