/* Batch normalisation with a weight per sample. */
#include "layers/batch_norm.h"

/* A vector of channels, as it broadcasts to the input. */
static slim_tensor *over(const slim_call *call, slim_tensor *vector)
{
  return slim_layer_nchw(call) ? slim_reshape(vector, SLIM_SHAPE(1, vector->shape.dim[0], 1, 1)) : vector;
}

bool slim_layer_batch_weights(slim_call *call)
{
  const slim_tensor *weights = call->args.batch_weights;
  const int n = call->args.input->shape.dim[0];
  const int given = weights && weights->shape.rank == 1 ? weights->shape.dim[0] : 0;
  if (weights && given != n && (given == 0 || (given > 0 && n > 0))) {
    char text[128], input[128];
    (void)slim_fail(call, SLIM_ERR_SHAPE, "batch_weights %s must be one for each sample of the input %s",
                    slim_shape_format(&weights->shape, text, sizeof text),
                    slim_shape_format(&call->args.input->shape, input, sizeof input));
    return false;
  }
  return true;
}

slim_moments slim_layer_weighted_moments(const slim_call *call)
{
  slim_tensor *x = call->args.input;
  const int rank = x->shape.rank, channels = slim_layer_nchw(call) ? 1 : rank - 1;
  const unsigned axes = ((1u << rank) - 1u) & ~SLIM_AXIS(channels);
  slim_shape column = { rank, { -1, 1, 1, 1, 1, 1 } };
  slim_tensor *weights = slim_reshape(call->args.batch_weights, column);
  slim_tensor *all = slim_reduce_mean(weights, SLIM_ALL_AXES, false);
  slim_tensor *mean = slim_div(slim_reduce_mean(slim_mul(x, weights), axes, false), all);
  slim_tensor *squares = slim_square(slim_sub(x, over(call, mean)));
  return (slim_moments){ mean, slim_div(slim_reduce_mean(slim_mul(squares, weights), axes, false), all) };
}

slim_tensor *slim_layer_normalize_by(const slim_call *call, slim_tensor *const *input, slim_moments moments,
                                     float epsilon)
{
  slim_tensor *gain = slim_mul(slim_rsqrt(slim_scale(moments.variance, 1.0f, epsilon)), input[SLIM_NORM_GAMMA]);
  slim_tensor *centred = slim_sub(input[SLIM_NORM_INPUT], over(call, moments.mean));
  return slim_add(slim_mul(centred, over(call, gain)), over(call, input[SLIM_NORM_BETA]));
}
