/* The losses. */
#include "losses/loss.h"

#define LOSS(name_, ...) const slim_layer_info slim_layer_##name_ = { slim_##name_, #name_, { __VA_ARGS__ } }

LOSS(compute_weighted_loss, SLIM_LOSS_COMMON, SLIM_OPTION(reduction));
LOSS(softmax_cross_entropy, SLIM_LOSS_COMMON, SLIM_OPTION(reduction), SLIM_OPTION(label_smoothing));
LOSS(sparse_softmax_cross_entropy, SLIM_LOSS_COMMON, SLIM_OPTION(reduction));
LOSS(sigmoid_cross_entropy, SLIM_LOSS_COMMON, SLIM_OPTION(reduction), SLIM_OPTION(label_smoothing));
LOSS(mean_squared_error, SLIM_LOSS_COMMON, SLIM_OPTION(reduction));
LOSS(absolute_difference, SLIM_LOSS_COMMON, SLIM_OPTION(reduction));
LOSS(log_loss, SLIM_LOSS_COMMON, SLIM_OPTION(reduction), SLIM_OPTION(epsilon));
LOSS(huber_loss, SLIM_LOSS_COMMON, SLIM_OPTION(reduction), SLIM_OPTION(delta));
LOSS(cosine_distance, SLIM_LOSS_COMMON, SLIM_OPTION(reduction));
LOSS(mean_pairwise_squared_error, SLIM_LOSS_COMMON);
LOSS(hinge_loss, SLIM_OPTION(scope));

slim_tensor *(slim_compute_weighted_loss)(const slim_args *args)
{
  slim_call call;
  const slim_layer_info *info = &slim_layer_compute_weighted_loss;
  if (!slim_call_open(&call, info, args)) {
    return slim_loss_refuse(&call);
  }
  if (!call.args.input) {
    return slim_fail(&call, SLIM_ERR_ARG, "the losses are missing");
  }
  slim_call_enter_name(&call, "weighted_loss");
  return slim_loss_finish(&call, slim_op_cast_add(call.args.input, SLIM_FLOAT32));
}

/* --- classes ------------------------------------------------------------------------------------------------------ */

/* Labels pulled towards the middle: y * (1 - s) + s * middle. */
static slim_tensor *smoothed(slim_tensor *labels, float smoothing, float middle)
{
  return smoothing > 0.0f ? slim_op_unary_add(labels, SLIM_UNARY_SCALE_ADD, 1.0f - smoothing, smoothing * middle)
                          : labels;
}

static bool smoothing_usable(slim_call *call)
{
  const float smoothing = call->args.label_smoothing;
  if (!(smoothing >= 0.0f && smoothing <= 1.0f)) {
    (void)slim_fail(call, SLIM_ERR_ARG, "label_smoothing %g must be from 0 to 1", (double)smoothing);
    return false;
  }
  return true;
}

/* All axes but the last as one. */
static slim_tensor *as_rows(slim_tensor *x)
{
  const slim_shape *s = &x->shape;
  return slim_is_poison(x) || s->rank == 2 ? x : slim_op_reshape_add(x, (slim_shape){ 2, { -1, s->dim[s->rank - 1] } });
}

/* A value per row as the shape of x without its last axis. */
static slim_tensor *like_rows(slim_tensor *rows, const slim_tensor *x)
{
  slim_shape shape = x->shape;
  shape.rank--;
  return shape.rank == 1 ? rows : slim_op_reshape_add(rows, shape);
}

static bool logits_usable(slim_call *call)
{
  const slim_shape *x = &call->args.input->shape;
  if (x->rank < 2) {
    char text[128];
    (void)slim_fail(call, SLIM_ERR_SHAPE, "logits %s have rank %d, must have rank 2 or more",
                    slim_shape_format(x, text, sizeof text), x->rank);
    return false;
  }
  return true;
}

slim_tensor *(slim_softmax_cross_entropy)(const slim_args *args)
{
  slim_call call;
  if (!slim_loss_open(&call, &slim_layer_softmax_cross_entropy, "softmax_cross_entropy_loss", args) ||
      !logits_usable(&call) || !smoothing_usable(&call) || !slim_loss_pair(&call)) {
    return slim_loss_refuse(&call);
  }
  slim_tensor *logits = call.args.input;
  const int classes = logits->shape.dim[logits->shape.rank - 1];
  slim_tensor *labels = smoothed(call.args.labels, call.args.label_smoothing, 1.0f / (float)classes);
  slim_tensor *inputs[] = { as_rows(logits), as_rows(labels) };
  slim_tensor *rows = slim_op_add(inputs, 2, &slim_op_softmax_cross_entropy, "xentropy", NULL);
  return slim_loss_finish(&call, slim_is_poison(rows) ? rows : like_rows(rows, logits));
}

slim_tensor *(slim_sparse_softmax_cross_entropy)(const slim_args *args)
{
  slim_call call;
  if (!slim_loss_open(&call, &slim_layer_sparse_softmax_cross_entropy, "sparse_softmax_cross_entropy_loss", args) ||
      !logits_usable(&call)) {
    return slim_loss_refuse(&call);
  }
  slim_tensor *logits = call.args.input, *labels = call.args.labels;
  const slim_shape *y = &labels->shape;
  if (y->rank == logits->shape.rank && y->dim[y->rank - 1] == 1) {
    slim_shape shape = *y;
    shape.rank--;
    labels = slim_op_reshape_add(labels, shape);
  }
  if (logits->shape.rank > 2 && labels->shape.rank != logits->shape.rank - 1) {
    char x_text[128], y_text[128];
    return slim_fail(&call, SLIM_ERR_SHAPE, "labels %s have rank %d, must have rank %d for logits %s",
                     slim_shape_format(y, y_text, sizeof y_text), y->rank, logits->shape.rank - 1,
                     slim_shape_format(&logits->shape, x_text, sizeof x_text));
  }
  if (logits->shape.rank > 2) {
    labels = slim_op_reshape_add(labels, (slim_shape){ 1, { -1 } });
  }
  slim_tensor *inputs[] = { as_rows(logits), labels };
  slim_tensor *rows = slim_op_add(inputs, 2, &slim_op_sparse_softmax_cross_entropy, "xentropy", NULL);
  return slim_loss_finish(&call, slim_is_poison(rows) ? rows : like_rows(rows, logits));
}

slim_tensor *(slim_sigmoid_cross_entropy)(const slim_args *args)
{
  slim_call call;
  if (!slim_loss_open(&call, &slim_layer_sigmoid_cross_entropy, "sigmoid_cross_entropy_loss", args) ||
      !smoothing_usable(&call) || !slim_loss_pair(&call)) {
    return slim_loss_refuse(&call);
  }
  slim_tensor *inputs[] = { call.args.input, smoothed(call.args.labels, call.args.label_smoothing, 0.5f) };
  return slim_loss_finish(&call, slim_op_add(inputs, 2, &slim_op_sigmoid_cross_entropy, "xentropy", NULL));
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

/* f(predictions - labels). */
static slim_tensor *difference(const slim_layer_info *info, slim_unary_kind kind, const slim_args *args)
{
  slim_call call;
  if (!slim_loss_open(&call, info, info->name, args) || !slim_loss_pair(&call)) {
    return slim_loss_refuse(&call);
  }
  slim_tensor *error = slim_op_binary_add(call.args.input, call.args.labels, SLIM_BINARY_SUB);
  return slim_loss_finish(&call, slim_op_unary_add(error, kind, 0.0f, 0.0f));
}

slim_tensor *(slim_mean_squared_error)(const slim_args *args)
{
  return difference(&slim_layer_mean_squared_error, SLIM_UNARY_SQUARE, args);
}

slim_tensor *(slim_absolute_difference)(const slim_args *args)
{
  return difference(&slim_layer_absolute_difference, SLIM_UNARY_ABS, args);
}

/* y * log(p + epsilon). */
static slim_tensor *log_term(slim_tensor *p, slim_tensor *y, float epsilon)
{
  slim_tensor *shifted = slim_op_unary_add(p, SLIM_UNARY_SCALE_ADD, 1.0f, epsilon);
  return slim_op_binary_add(y, slim_op_unary_add(shifted, SLIM_UNARY_LOG, 0.0f, 0.0f), SLIM_BINARY_MUL);
}

slim_tensor *(slim_log_loss)(const slim_args *args)
{
  slim_call call;
  if (!slim_loss_open(&call, &slim_layer_log_loss, "log_loss", args) || !slim_loss_pair(&call)) {
    return slim_loss_refuse(&call);
  }
  slim_tensor *p = call.args.input, *y = call.args.labels;
  const float epsilon = slim_option_float(call.args.epsilon, 1e-7f);
  slim_tensor *sum =
      slim_op_binary_add(log_term(p, y, epsilon),
                         log_term(slim_loss_complement(p), slim_loss_complement(y), epsilon), SLIM_BINARY_ADD);
  return slim_loss_finish(&call, slim_op_unary_add(sum, SLIM_UNARY_NEGATE, 0.0f, 0.0f));
}

/* min(e, delta)^2 / 2 + delta * what e has above it. */
slim_tensor *(slim_huber_loss)(const slim_args *args)
{
  slim_call call;
  if (!slim_loss_open(&call, &slim_layer_huber_loss, "huber_loss", args) || !slim_loss_pair(&call)) {
    return slim_loss_refuse(&call);
  }
  const float delta = slim_option_float(call.args.delta, 1.0f);
  slim_tensor *limit = slim_constant(call.graph, delta, "delta");
  slim_tensor *difference_of = slim_op_binary_add(call.args.input, call.args.labels, SLIM_BINARY_SUB);
  slim_tensor *error = slim_op_unary_add(difference_of, SLIM_UNARY_ABS, 0.0f, 0.0f);
  slim_tensor *near = slim_op_binary_add(error, limit, SLIM_BINARY_MIN);
  slim_tensor *far = slim_op_binary_add(error, near, SLIM_BINARY_SUB);
  slim_tensor *squares = slim_op_unary_add(near, SLIM_UNARY_SQUARE, 0.0f, 0.0f);
  return slim_loss_finish(&call, slim_op_binary_add(slim_op_unary_add(squares, SLIM_UNARY_SCALE_ADD, 0.5f, 0.0f),
                                                    slim_op_unary_add(far, SLIM_UNARY_SCALE_ADD, delta, 0.0f),
                                                    SLIM_BINARY_ADD));
}

slim_tensor *(slim_cosine_distance)(const slim_args *args)
{
  slim_call call;
  if (!slim_loss_open(&call, &slim_layer_cosine_distance, "cosine_distance_loss", args) || !slim_loss_pair(&call)) {
    return slim_loss_refuse(&call);
  }
  const int rank = call.args.input->shape.rank, axis = call.args.axis < 0 ? call.args.axis + rank : call.args.axis;
  if (axis < 0 || axis >= rank) {
    char text[128];
    return slim_fail(&call, SLIM_ERR_ARG, "predictions %s have no axis %d",
                     slim_shape_format(&call.args.input->shape, text, sizeof text), call.args.axis);
  }
  slim_tensor *products = slim_op_binary_add(call.args.input, call.args.labels, SLIM_BINARY_MUL);
  return slim_loss_finish(&call, slim_loss_complement(slim_op_reduce_add(products, SLIM_REDUCE_SUM, 1u << axis, 0)));
}

slim_tensor *(slim_hinge_loss)(const slim_args *args)
{
  slim_call call;
  if (!slim_loss_open(&call, &slim_layer_hinge_loss, "hinge_loss", args) || !slim_loss_pair(&call)) {
    return slim_loss_refuse(&call);
  }
  slim_tensor *signs = slim_op_unary_add(call.args.labels, SLIM_UNARY_SCALE_ADD, 2.0f, -1.0f);
  slim_tensor *margins = slim_op_binary_add(signs, call.args.input, SLIM_BINARY_MUL);
  return slim_call_close(&call, slim_op_activation_add(slim_loss_complement(margins), SLIM_ACTIVATION_RELU));
}
