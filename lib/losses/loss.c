/* Weights, reductions and collections of losses. */
#include "losses/loss.h"

bool slim_loss_open(slim_call *call, const slim_layer_info *info, const char *scope, const slim_args *args)
{
  if (!slim_call_open(call, info, args)) {
    return false;
  }
  if (!call->args.input || !call->args.labels) {
    (void)slim_fail(call, SLIM_ERR_ARG, "the %s are missing", call->args.input ? "labels" : "predictions");
    return false;
  }
  slim_call_enter_name(call, scope);
  return true;
}

slim_tensor *slim_loss_refuse(const slim_call *call)
{
  return call->graph ? call->graph->poison : NULL;
}

static bool dims_agree(int a, int b)
{
  return a == b || a == -1 || b == -1;
}

bool slim_loss_pair(slim_call *call)
{
  const slim_shape *x = &call->args.input->shape, *y = &call->args.labels->shape;
  bool fits = x->rank == y->rank;
  for (int i = 0; fits && i < x->rank; i++) {
    fits = dims_agree(x->dim[i], y->dim[i]);
  }
  if (!fits) {
    char a[128], b[128];
    (void)slim_fail(call, SLIM_ERR_SHAPE, "predictions %s and labels %s must have the same shape",
                    slim_shape_format(x, a, sizeof a), slim_shape_format(y, b, sizeof b));
    return false;
  }
  call->args.input = slim_op_cast_add(call->args.input, SLIM_FLOAT32);
  call->args.labels = slim_op_cast_add(call->args.labels, SLIM_FLOAT32);
  if (slim_is_poison(call->args.input) || slim_is_poison(call->args.labels)) {
    (void)slim_call_close(call, call->graph->poison);
    return false;
  }
  return true;
}

/* --- weights ------------------------------------------------------------------------------------------------------ */

slim_tensor *slim_loss_weights(slim_call *call, const slim_shape *full)
{
  const float weight = slim_option_float(call->args.weight, 1.0f);
  if (!call->args.weights) {
    return NULL;
  }
  slim_tensor *w = slim_op_cast_add(call->args.weights, SLIM_FLOAT32);
  slim_shape shape = w->shape;
  while (shape.rank > full->rank && shape.dim[shape.rank - 1] == 1) {
    shape.rank--;
  }
  bool fits = shape.rank <= full->rank;
  for (int i = 0; fits && i < shape.rank; i++) {
    fits = shape.dim[i] == 1 || dims_agree(shape.dim[i], full->dim[i]);
  }
  if (!fits) {
    char a[128], b[128];
    return slim_fail(call, SLIM_ERR_SHAPE, "weights %s do not fit the losses %s",
                     slim_shape_format(&w->shape, a, sizeof a), slim_shape_format(full, b, sizeof b));
  }
  while (w->shape.rank > 0 && shape.rank < full->rank) {
    shape.dim[shape.rank++] = 1;
  }
  w = slim_shape_equal(&shape, &w->shape) ? w : slim_op_reshape_add(w, shape);
  return weight != 1.0f ? slim_op_unary_add(w, SLIM_UNARY_SCALE_ADD, weight, 0.0f) : w;
}

static unsigned all_axes(const slim_tensor *x)
{
  return (1u << x->shape.rank) - 1u;
}

static slim_tensor *sum_of(slim_tensor *x)
{
  return slim_op_reduce_add(x, SLIM_REDUCE_SUM, all_axes(x), 0);
}

/* weights repeated to the shape of losses. */
static slim_tensor *repeat_like(slim_tensor *weights, slim_tensor *losses)
{
  unsigned axes = 0;
  for (int i = 0; i < losses->shape.rank; i++) {
    axes |= weights->shape.rank == 0 || weights->shape.dim[i] == 1 ? 1u << i : 0;
  }
  return axes ? slim_op_broadcast_like_add(weights, losses, axes, 0) : weights;
}

/* --- reductions --------------------------------------------------------------------------------------------------- */

static slim_tensor *scaled(slim_tensor *x, float factor)
{
  const slim_unary_attr attr = { .kind = SLIM_UNARY_SCALE_ADD, .a = factor };
  return slim_op_add(&x, 1, &slim_op_unary, "value", &attr);
}

/* x itself under the name that results have. */
static slim_tensor *named(slim_tensor *x)
{
  return slim_op_add(&x, 1, &slim_op_group, "value", NULL);
}

static slim_tensor *quotient(slim_tensor *a, slim_tensor *b)
{
  const slim_binary_attr attr = { SLIM_BINARY_DIV_NO_NAN };
  slim_tensor *inputs[] = { a, b };
  return slim_op_add(inputs, 2, &slim_op_binary, "value", &attr);
}

/* One weight for all losses. */
static slim_tensor *reduce_plain(slim_reduction reduction, slim_tensor *losses, float weight)
{
  switch (reduction) {
  case SLIM_SUM:
    return scaled(sum_of(losses), weight);
  case SLIM_MEAN: /* weights cancel, unless they are 0 */
    return scaled(slim_op_reduce_add(losses, SLIM_REDUCE_MEAN, all_axes(losses), 0), weight != 0.0f ? 1.0f : 0.0f);
  case SLIM_REDUCTION_NONE:
    return scaled(losses, weight);
  default:
    return scaled(slim_op_reduce_add(losses, SLIM_REDUCE_MEAN, all_axes(losses), 0), weight);
  }
}

static slim_tensor *reduce_weighed(slim_reduction reduction, slim_tensor *losses, slim_tensor *weights)
{
  slim_tensor *weighed = slim_op_binary_add(losses, weights, SLIM_BINARY_MUL);
  switch (reduction) {
  case SLIM_SUM:
    return named(sum_of(weighed));
  case SLIM_MEAN:
    return quotient(sum_of(weighed), sum_of(repeat_like(weights, losses)));
  case SLIM_SUM_OVER_BATCH_SIZE:
    return named(slim_op_reduce_add(weighed, SLIM_REDUCE_MEAN, all_axes(weighed), 0));
  case SLIM_REDUCTION_NONE:
    return named(weighed);
  default:
    return quotient(sum_of(weighed),
                    sum_of(repeat_like(slim_op_unary_add(weights, SLIM_UNARY_NOT_ZERO, 0.0f, 0.0f), losses)));
  }
}

slim_tensor *slim_loss_complement(slim_tensor *x)
{
  return slim_op_unary_add(x, SLIM_UNARY_SCALE_ADD, -1.0f, 1.0f);
}

slim_tensor *slim_loss_collect(slim_call *call, slim_tensor *result)
{
  const char *collection = call->args.loss_collection ? call->args.loss_collection : SLIM_LOSSES;
  if (*collection && !slim_is_poison(result)) {
    (void)slim_add_to_collection(collection, result);
  }
  return slim_call_close(call, result);
}

slim_tensor *slim_loss_finish(slim_call *call, slim_tensor *losses)
{
  if (slim_is_poison(losses)) {
    return slim_call_close(call, losses);
  }
  slim_tensor *weights = slim_loss_weights(call, &losses->shape);
  if (weights && slim_is_poison(weights)) {
    return slim_call_close(call, weights);
  }
  return slim_loss_collect(
      call, weights ? reduce_weighed(call->args.reduction, losses, weights)
                    : reduce_plain(call->args.reduction, losses, slim_option_float(call->args.weight, 1.0f)));
}
