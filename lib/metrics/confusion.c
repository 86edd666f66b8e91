/* Metrics over the matrix of labels against predictions. */
#include "metrics/metric.h"
#include "slim/ops.h"

/* --- the matrix --------------------------------------------------------------------------------------------------- */

/* A row of classes per element of x. */
static slim_tensor *rows_of(slim_tensor *x, int classes)
{
  const slim_one_hot_attr attr = { classes, 1.0f, 0.0f };
  slim_tensor *flat = slim_op_reshape_add(slim_op_cast_add(x, SLIM_INT64), (slim_shape){ 1, { -1 } });
  return slim_op_add(&flat, 1, &slim_op_one_hot, "OneHot", &attr);
}

/* Of one batch, [classes, classes]: how often label i met prediction j, weighed. Other numbers count nowhere. */
static slim_tensor *matrix(slim_metric_call *call)
{
  const int classes = call->args.num_classes;
  slim_tensor *like = slim_op_cast_add(call->args.predictions, SLIM_FLOAT32);
  slim_tensor *labels = rows_of(call->args.labels, classes), *weights = slim_metric_weights(call, like);
  if (weights && !slim_is_poison(weights)) {
    weights = weights->shape.rank ? slim_op_reshape_add(weights, (slim_shape){ 2, { -1, 1 } }) : weights;
    labels = slim_mul(labels, weights);
  }
  const slim_matmul_attr attr = { .transpose_a = 1 };
  slim_tensor *inputs[] = { labels, rows_of(call->args.predictions, classes) };
  return slim_op_add(inputs, 2, &slim_op_matmul, "confusion_matrix", &attr);
}

/* 1 where both axes of [classes, classes] are equal. */
static slim_tensor *identity(slim_metric_call *call)
{
  const size_t n = (size_t)call->args.num_classes;
  float *values = slim_arena_array(call->graph->arena, n * n, sizeof *values); /* zeros */
  if (!values) {
    return slim_metric_fail(call, SLIM_ERR_MEMORY, "out of memory");
  }
  for (size_t i = 0; i < n; i++) {
    values[i * n + i] = 1.0f;
  }
  const slim_shape shape = { 2, { (int)n, (int)n } };
  return slim_constant_tensor(call->graph, SLIM_FLOAT32, shape, values, "identity");
}

static bool open_matrix(slim_metric_call *call, const char *metric, const char *scope, int least,
                        const slim_metric_args *args)
{
  const int most = 4096; /* so that the matrix has few megabytes */
  if (!slim_metric_open(call, metric, scope, "predictions", "labels", args) || !slim_metric_pair(call)) {
    return false;
  }
  if (call->args.num_classes < least || call->args.num_classes > most) {
    (void)slim_metric_fail(call, SLIM_ERR_ARG, "num_classes is %d, must be from %d to %d", call->args.num_classes,
                           least, most);
    return false;
  }
  return true;
}

/* --- mean intersection over union --------------------------------------------------------------------------------- */

static slim_tensor *mean_iou(slim_tensor *counts, slim_tensor *diagonal_of)
{
  slim_tensor *hits = slim_reduce_sum(slim_mul(counts, diagonal_of), 1, false);
  slim_tensor *all = slim_sub(slim_add(slim_reduce_sum(counts, 1, false), slim_reduce_sum(counts, 2, false)), hits);
  slim_tensor *shares = slim_op_binary_add(hits, all, SLIM_BINARY_DIV_NO_NAN);
  slim_tensor *seen = slim_op_unary_add(all, SLIM_UNARY_NOT_ZERO, 0.0f, 0.0f);
  return slim_metric_named(slim_reduce_sum(shares, 1, false), slim_reduce_sum(seen, 1, false),
                           SLIM_BINARY_DIV_NO_NAN, "value");
}

slim_metric(slim_streaming_mean_iou)(const slim_metric_args *args)
{
  slim_metric_call call;
  if (!open_matrix(&call, "streaming_mean_iou", "mean_iou", 1, args)) {
    return slim_metric_refuse(&call);
  }
  const slim_metric counts = slim_metric_sum(matrix(&call), "total_confusion_matrix");
  return slim_metric_close(&call, (slim_metric){ mean_iou(counts.value, identity(&call)), counts.update });
}

/* --- Cohen's kappa ------------------------------------------------------------------------------------------------ */

/* (agreed - expected) / (all - expected), of the diagonal and the sums of the matrix. */
static slim_tensor *kappa(slim_tensor *agreed, slim_tensor *columns, slim_tensor *rows, const char *name)
{
  slim_tensor *all = slim_reduce_sum(columns, 1, false);
  slim_tensor *expected = slim_reduce_sum(slim_div_no_nan(slim_mul(columns, rows), all), 1, false);
  return slim_metric_named(slim_sub(slim_reduce_sum(agreed, 1, false), expected), slim_sub(all, expected),
                           SLIM_BINARY_DIV_NO_NAN, name);
}

slim_metric(slim_cohen_kappa)(const slim_metric_args *args)
{
  slim_metric_call call;
  if (!open_matrix(&call, "cohen_kappa", "cohen_kappa", 2, args)) {
    return slim_metric_refuse(&call);
  }
  slim_tensor *counts = matrix(&call);
  const slim_metric agreed = slim_metric_sum(slim_reduce_sum(slim_mul(counts, identity(&call)), 1, false), "po");
  /* as the original calls them */
  const slim_metric columns = slim_metric_sum(slim_reduce_sum(counts, 1, false), "pe_row");
  const slim_metric rows = slim_metric_sum(slim_reduce_sum(counts, 2, false), "pe_col");
  return slim_metric_close(&call, (slim_metric){ kappa(agreed.value, columns.value, rows.value, "value"),
                                                 kappa(agreed.update, columns.update, rows.update, "update_op") });
}
