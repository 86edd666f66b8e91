/* Batch renormalisation: the batch's own normalisation, corrected by r and d to what slowly moving statistics would
 * give; r and d count as constants in gradients. */
#include "layers/batch_norm.h"

#include <math.h>

slim_renorm slim_layer_renorm_variables(slim_call *call, slim_shape shape)
{
  const slim_args *a = &call->args;
  const slim_initializer mean = slim_option_initializer(a->moving_mean_initializer, SLIM_ZEROS);
  slim_initializer stddev = slim_option_initializer(a->moving_variance_initializer, SLIM_ONES);
  stddev.a = sqrtf(stddev.a);
  return (slim_renorm){ slim_layer_variable_add(call, "moving_stddev", shape, stddev, SLIM_NO_REG, false),
                        slim_layer_variable_add(call, "renorm_mean", shape, mean, SLIM_NO_REG, false),
                        slim_layer_variable_add(call, "renorm_stddev", shape, stddev, SLIM_NO_REG, false) };
}

static slim_tensor *number(slim_call *call, float value)
{
  return slim_layer_filled(call, SLIM_SHAPE(1), value, "Const");
}

/* x, clipped to [low, high] where they are not 0, without a gradient. */
static slim_tensor *correction(slim_call *call, slim_tensor *x, float low, float high)
{
  x = low != 0.0f ? slim_maximum(x, number(call, low)) : x;
  x = high != 0.0f ? slim_minimum(x, number(call, high)) : x;
  return slim_scale_gradient(x, number(call, 0.0f));
}

/* Two updates, as without renorm: with that of the mean go those that r and d are made of. */
static slim_tensor *add_updates(slim_call *call, slim_tensor *net, slim_tensor *const *input, const slim_renorm *v,
                                slim_tensor *mean, slim_tensor *stddev, float epsilon)
{
  const float decay = slim_option_float(call->args.decay, 0.999f);
  const float renorm_decay = slim_option_float(call->args.renorm_decay, 0.99f);
  slim_tensor *moved = slim_add(slim_scale(v->moving_stddev, decay, 0.0f), slim_scale(stddev, 1.0f - decay, 0.0f));
  slim_tensor *variance = slim_maximum(slim_scale(slim_square(moved), 1.0f, -epsilon), number(call, 0.0f));
  slim_tensor *with_mean[] = { slim_layer_average(call, v->mean, mean, renorm_decay),
                               slim_layer_average(call, v->stddev, stddev, renorm_decay) };
  slim_tensor *with_variance[] = { slim_layer_assign(call, v->moving_stddev, moved) };
  slim_tensor *of_mean = slim_layer_average(call, input[SLIM_NORM_MEAN], mean, decay);
  slim_tensor *of_variance = slim_layer_assign(call, input[SLIM_NORM_VARIANCE], variance);
  slim_tensor *updates[] = { slim_group(of_mean, (slim_tensors){ 2, with_mean }),
                             slim_group(of_variance, (slim_tensors){ 1, with_variance }) };
  return slim_layer_updates(call, net, updates, 2);
}

slim_tensor *slim_layer_renorm(slim_call *call, const slim_batch_norm_attr *attr, slim_tensor *const *input,
                               const slim_renorm *variables)
{
  const slim_clipping *clip = &call->args.renorm_clipping;
  slim_tensor *batch = slim_op_add(input, SLIM_NORM_INPUTS, &slim_op_batch_norm, "moments", attr);
  if (slim_is_poison(batch)) {
    return batch;
  }
  slim_tensor *mean = slim_tensor_output(batch, 1);
  slim_tensor *stddev = slim_sqrt(slim_scale(slim_tensor_output(batch, 2), 1.0f, attr->epsilon));
  slim_tensor *held = slim_maximum(variables->stddev, number(call, sqrtf(attr->epsilon)));
  slim_tensor *r = correction(call, slim_div(stddev, held), clip->rmin, clip->rmax);
  slim_tensor *d = correction(call, slim_div(slim_sub(mean, variables->mean), held), -clip->dmax, clip->dmax);
  slim_tensor *corrected[SLIM_NORM_INPUTS];
  for (int i = 0; i < SLIM_NORM_INPUTS; i++) {
    corrected[i] = input[i];
  }
  corrected[SLIM_NORM_GAMMA] = slim_mul(r, input[SLIM_NORM_GAMMA]);
  corrected[SLIM_NORM_BETA] = slim_add(slim_mul(d, input[SLIM_NORM_GAMMA]), input[SLIM_NORM_BETA]);
  slim_tensor *net = slim_op_add(corrected, SLIM_NORM_INPUTS, &slim_op_batch_norm, "FusedBatchNorm", attr);
  return slim_is_poison(net) ? net : add_updates(call, net, input, variables, mean, stddev, attr->epsilon);
}
