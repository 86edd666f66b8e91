/* Metrics that are means of something, and the number of values. */
#include "metrics/metric.h"
#include "slim/ops.h"

#include <stdio.h>

/* --- values of two tensors ---------------------------------------------------------------------------------------- */

typedef slim_tensor *(*values_fn)(slim_metric_call *call);

static slim_tensor *difference(slim_metric_call *call)
{
  return slim_op_binary_add(slim_op_cast_add(call->args.predictions, SLIM_FLOAT32),
                            slim_op_cast_add(call->args.labels, SLIM_FLOAT32), SLIM_BINARY_SUB);
}

static slim_tensor *absolute_error(slim_metric_call *call)
{
  return slim_op_unary_add(difference(call), SLIM_UNARY_ABS, 0.0f, 0.0f);
}

static slim_tensor *squared_error(slim_metric_call *call)
{
  return slim_square(difference(call));
}

static slim_tensor *relative_error(slim_metric_call *call)
{
  if (!call->args.normalizer) {
    return slim_metric_fail(call, SLIM_ERR_ARG, "the normalizer is missing");
  }
  slim_tensor *normalizer = slim_metric_squeeze(call->args.normalizer, call->args.predictions->shape.rank);
  return slim_op_binary_add(absolute_error(call), slim_op_cast_add(normalizer, SLIM_FLOAT32), SLIM_BINARY_DIV_NO_NAN);
}

static slim_tensor *cosine(slim_metric_call *call)
{
  slim_tensor *x = call->args.predictions;
  const int rank = x->shape.rank, axis = call->args.axis < 0 ? call->args.axis + rank : call->args.axis;
  if (axis < 0 || axis >= rank) {
    char text[128];
    return slim_metric_fail(call, SLIM_ERR_ARG, "predictions %s have no axis %d",
                            slim_shape_format(&x->shape, text, sizeof text), call->args.axis);
  }
  slim_tensor *products = slim_op_binary_add(x, call->args.labels, SLIM_BINARY_MUL);
  return slim_op_reduce_add(products, SLIM_REDUCE_SUM, 1u << axis, 1);
}

static bool is_integer(const slim_tensor *x)
{
  return x->dtype != SLIM_FLOAT32 && x->dtype != SLIM_FLOAT64;
}

/* 1 where predictions equal labels, else 0. */
static slim_tensor *equality(slim_metric_call *call)
{
  slim_tensor *a = call->args.predictions, *b = call->args.labels;
  if (is_integer(a) && is_integer(b)) {
    const slim_dtype wide = a->dtype == SLIM_INT64 || b->dtype == SLIM_INT64 ? SLIM_INT64 : SLIM_INT32;
    a = slim_op_cast_add(a, wide);
    b = slim_op_cast_add(b, wide);
  }
  return slim_op_binary_add(a, b, SLIM_BINARY_EQUAL);
}

/* The mean of what values gives of predictions and labels of one shape. */
static bool pair_mean(slim_metric_call *call, const char *metric, const char *scope, values_fn values,
                      const slim_metric_args *args, slim_metric *mean)
{
  const bool open = slim_metric_open(call, metric, scope, "predictions", "labels", args);
  const bool good = open && slim_metric_pair(call);
  *mean = good ? slim_metric_mean(call, values(call)) : slim_metric_refuse(call);
  return good;
}

static slim_metric mean_of_pairs(const char *metric, const char *scope, values_fn values, const slim_metric_args *args)
{
  slim_metric_call call;
  slim_metric mean;
  return pair_mean(&call, metric, scope, values, args, &mean) ? slim_metric_close(&call, mean) : mean;
}

slim_metric(slim_streaming_accuracy)(const slim_metric_args *args)
{
  return mean_of_pairs("streaming_accuracy", "accuracy", equality, args);
}

slim_metric(slim_streaming_mean_absolute_error)(const slim_metric_args *args)
{
  return mean_of_pairs("streaming_mean_absolute_error", "mean_absolute_error", absolute_error, args);
}

slim_metric(slim_streaming_mean_squared_error)(const slim_metric_args *args)
{
  return mean_of_pairs("streaming_mean_squared_error", "mean_squared_error", squared_error, args);
}

slim_metric(slim_streaming_mean_relative_error)(const slim_metric_args *args)
{
  return mean_of_pairs("streaming_mean_relative_error", "mean_relative_error", relative_error, args);
}

/* --- functions of means ------------------------------------------------------------------------------------------- */

slim_metric(slim_streaming_root_mean_squared_error)(const slim_metric_args *args)
{
  slim_metric_call call;
  slim_metric mean;
  if (!pair_mean(&call, "streaming_root_mean_squared_error", "root_mean_squared_error", squared_error, args, &mean)) {
    return mean;
  }
  return slim_metric_close(&call, (slim_metric){ slim_op_unary_add(mean.value, SLIM_UNARY_SQRT, 0.0f, 0.0f),
                                                 slim_op_unary_add(mean.update, SLIM_UNARY_SQRT, 0.0f, 0.0f) });
}

slim_metric(slim_streaming_mean_cosine_distance)(const slim_metric_args *args)
{
  slim_metric_call call;
  slim_metric mean;
  if (!pair_mean(&call, "streaming_mean_cosine_distance", "mean_cosine_distance", cosine, args, &mean)) {
    return mean;
  }
  return slim_metric_close(&call, (slim_metric){ slim_scale(mean.value, -1.0f, 1.0f),
                                                 slim_scale(mean.update, -1.0f, 1.0f) });
}

/* --- values of one tensor ----------------------------------------------------------------------------------------- */

slim_metric(slim_streaming_mean)(const slim_metric_args *args)
{
  slim_metric_call call;
  if (!slim_metric_open(&call, "streaming_mean", "mean", "values", NULL, args)) {
    return slim_metric_refuse(&call);
  }
  return slim_metric_close(&call, slim_metric_mean(&call, call.args.predictions));
}

slim_metric(slim_streaming_percentage_less)(const slim_metric_args *args)
{
  slim_metric_call call;
  if (!slim_metric_open(&call, "streaming_percentage_less", "percentage_below_threshold", "values", NULL, args)) {
    return slim_metric_refuse(&call);
  }
  slim_tensor *threshold = slim_constant(call.graph, call.args.threshold, "threshold");
  slim_tensor *values = slim_op_cast_add(call.args.predictions, SLIM_FLOAT32);
  return slim_metric_close(&call, slim_metric_mean(&call, slim_op_binary_add(threshold, values, SLIM_BINARY_GREATER)));
}

slim_metric(slim_streaming_recall_at_k)(const slim_metric_args *args)
{
  slim_metric_call call;
  char scope[40];
  (void)snprintf(scope, sizeof scope, "recall_at_%d", args ? args->k : 0);
  if (!slim_metric_open(&call, "streaming_recall_at_k", scope, "predictions", "labels", args)) {
    return slim_metric_refuse(&call);
  }
  const slim_in_top_k_attr attr = { call.args.k };
  slim_tensor *inputs[] = { call.args.predictions, slim_metric_squeeze(call.args.labels, 1) };
  slim_tensor *hits = slim_op_add(inputs, 2, &slim_op_in_top_k, "in_top_k", &attr);
  return slim_metric_close(&call, slim_metric_mean(&call, hits));
}

/* A weight for each element of like. */
static slim_tensor *weights_like(slim_metric_call *call, slim_tensor *like)
{
  slim_tensor *weights = slim_metric_weights(call, like);
  weights = weights ? weights : slim_constant(call->graph, 1.0f, "one");
  const bool scalar = !slim_is_poison(weights) && weights->shape.rank == 0 && like->shape.rank > 0;
  return scalar ? slim_op_broadcast_like_add(weights, like, (1u << like->shape.rank) - 1u, 0) : weights;
}

slim_metric(slim_count)(const slim_metric_args *args)
{
  slim_metric_call call;
  if (!slim_metric_open(&call, "count", "count", "values", NULL, args)) {
    return slim_metric_refuse(&call);
  }
  return slim_metric_close(&call,
                           slim_metric_sum(slim_metric_total(weights_like(&call, call.args.predictions)), "count"));
}

slim_metric(slim_streaming_mean_tensor)(const slim_metric_args *args)
{
  slim_metric_call call;
  if (!slim_metric_open(&call, "streaming_mean_tensor", "mean", "values", NULL, args)) {
    return slim_metric_refuse(&call);
  }
  slim_tensor *values = slim_op_cast_add(call.args.predictions, SLIM_FLOAT32);
  if (slim_shape_elements(&values->shape) == 0 || (values->shape.rank > 0 && values->shape.dim[0] == -1)) {
    char text[128];
    (void)slim_metric_fail(&call, SLIM_ERR_SHAPE, "values %s must have a known batch; slim_reshape gives it one",
                           slim_shape_format(&values->shape, text, sizeof text));
    return slim_metric_refuse(&call);
  }
  slim_tensor *weights = weights_like(&call, values);
  const slim_metric total = slim_metric_sum(slim_op_binary_add(values, weights, SLIM_BINARY_MUL), "total_tensor");
  const slim_metric count = slim_metric_sum(weights, "count_tensor");
  return slim_metric_close(
      &call, (slim_metric){ slim_metric_named(total.value, count.value, SLIM_BINARY_DIV_NO_NAN, "value"),
                            slim_metric_named(total.update, count.update, SLIM_BINARY_DIV_NO_NAN, "update_op") });
}

slim_tensor *(slim_accuracy)(const slim_metric_args *args)
{
  slim_metric_call call;
  if (!slim_metric_open(&call, "accuracy", "accuracy", "predictions", "labels", args) || !slim_metric_pair(&call)) {
    return slim_metric_refuse(&call).value;
  }
  slim_tensor *hits = equality(&call), *weights = slim_is_poison(hits) ? hits : weights_like(&call, hits);
  slim_tensor *sum = slim_metric_total(slim_op_binary_add(hits, weights, SLIM_BINARY_MUL));
  slim_tensor *mean = slim_metric_named(sum, slim_metric_total(weights), SLIM_BINARY_DIV_NO_NAN, "value");
  slim_scope_end(&call.scope);
  return mean;
}
