/* The mean pairwise squared error. */
#include "losses/loss.h"
#include "slim/ops.h"

/* Of x [n, ...], over all but the first axis. */
static slim_tensor *sum_samples(slim_tensor *x)
{
  const unsigned all = (1u << x->shape.rank) - 1u;
  return slim_op_reduce_add(x, SLIM_REDUCE_SUM, all & ~1u, 0);
}

/* sum(d^2) / n - (sum(d) / n)^2 of each sample of d, twice. */
static slim_tensor *spread(slim_tensor *d)
{
  float n = 1.0f;
  for (int i = 1; i < d->shape.rank; i++) {
    n *= (float)d->shape.dim[i];
  }
  n = n > 0.0f ? n : 1.0f;
  slim_tensor *squares = slim_scale(sum_samples(slim_square(d)), 2.0f / n, 0.0f);
  return slim_op_binary_add(squares, slim_scale(slim_square(sum_samples(d)), 2.0f / (n * n), 0.0f), SLIM_BINARY_SUB);
}

slim_tensor *(slim_mean_pairwise_squared_error)(const slim_args *args)
{
  slim_call call;
  const slim_layer_info *info = &slim_layer_mean_pairwise_squared_error;
  if (!slim_loss_open(&call, info, info->name, args) || !slim_loss_pair(&call)) {
    return slim_loss_refuse(&call);
  }
  const slim_shape *x = &call.args.input->shape;
  if (x->rank < 1) {
    return slim_fail(&call, SLIM_ERR_SHAPE, "predictions [] have rank 0, must have rank 1 or more");
  }
  slim_tensor *losses = spread(slim_op_binary_add(call.args.input, call.args.labels, SLIM_BINARY_SUB));
  slim_tensor *weights = slim_is_poison(losses) ? losses : slim_loss_weights(&call, &losses->shape);
  if (weights && slim_is_poison(weights)) {
    return slim_call_close(&call, weights);
  }
  const float weight = slim_option_float(call.args.weight, 1.0f);
  losses = weights ? slim_op_binary_add(losses, weights, SLIM_BINARY_MUL) : slim_scale(losses, weight, 0.0f);
  const slim_reduce_attr sum = { .kind = SLIM_REDUCE_SUM, .axes = 1 };
  return slim_loss_collect(&call, slim_op_add(&losses, 1, &slim_op_reduce, "value", &sum));
}
