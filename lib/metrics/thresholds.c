/* Counts and ratios at thresholds. */
#include "metrics/counts.h"
#include "slim/ops.h"

#define EPSILON 1e-7f /* keeps quotients finite */

/* A value per element of x, as a column. */
static slim_tensor *column(slim_tensor *x)
{
  return slim_op_reshape_add(x, (slim_shape){ 2, { -1, 1 } });
}

bool slim_counts_at_thresholds(slim_metric_call *call, slim_thresholds thresholds, unsigned kinds,
                               slim_metric counts[SLIM_COUNT_KINDS])
{
  if (!thresholds.at || thresholds.count < 1 || thresholds.count > INT32_MAX) {
    (void)slim_metric_fail(call, SLIM_ERR_ARG, "there are no thresholds");
    return false;
  }
  const slim_shape shape = { 1, { (int)thresholds.count } };
  slim_tensor *levels = slim_constant_tensor(call->graph, SLIM_FLOAT32, shape, thresholds.at, "thresholds");
  slim_tensor *predictions = slim_op_cast_add(call->args.predictions, SLIM_FLOAT32);
  slim_tensor *weights = slim_metric_weights(call, predictions);
  weights = weights && weights->shape.rank > 0 && !slim_is_poison(weights) ? column(weights) : weights;
  slim_tensor *positives = slim_op_binary_add(column(predictions), levels, SLIM_BINARY_GREATER); /* [n, T] */
  slim_tensor *yes = column(slim_metric_mask(call->args.labels));
  for (int kind = 0; kind < SLIM_COUNT_KINDS; kind++) {
    if (kinds & 1u << kind) {
      slim_tensor *hits = slim_count_hits((enum slim_count_kind)kind, positives, yes);
      hits = weights ? slim_op_binary_add(hits, weights, SLIM_BINARY_MUL) : hits;
      hits = slim_is_poison(hits) ? hits : slim_op_reduce_add(hits, SLIM_REDUCE_SUM, 1, 0);
      counts[kind] = slim_metric_sum(hits, slim_count_names[kind]);
    }
  }
  return true;
}

/* The count has a scope only with a name, as in the original. */
static slim_metric count_at(const char *metric, enum slim_count_kind kind, const slim_metric_args *args)
{
  slim_metric_call call;
  slim_metric counts[SLIM_COUNT_KINDS];
  if (!slim_metric_open(&call, metric, NULL, "predictions", "labels", args) || !slim_metric_pair(&call) ||
      !slim_counts_at_thresholds(&call, call.args.thresholds, 1u << kind, counts)) {
    return slim_metric_refuse(&call);
  }
  return slim_metric_close(&call, counts[kind]);
}

slim_metric(slim_streaming_true_positives_at_thresholds)(const slim_metric_args *args)
{
  return count_at("streaming_true_positives_at_thresholds", SLIM_TP, args);
}

slim_metric(slim_streaming_true_negatives_at_thresholds)(const slim_metric_args *args)
{
  return count_at("streaming_true_negatives_at_thresholds", SLIM_TN, args);
}

slim_metric(slim_streaming_false_positives_at_thresholds)(const slim_metric_args *args)
{
  return count_at("streaming_false_positives_at_thresholds", SLIM_FP, args);
}

slim_metric(slim_streaming_false_negatives_at_thresholds)(const slim_metric_args *args)
{
  return count_at("streaming_false_negatives_at_thresholds", SLIM_FN, args);
}

/* --- ratios ------------------------------------------------------------------------------------------------------- */

static slim_tensor *share(slim_tensor *a, slim_tensor *b, const char *name)
{
  slim_tensor *sum = slim_op_binary_add(slim_scale(a, 1.0f, EPSILON), b, SLIM_BINARY_ADD);
  return slim_metric_named(a, sum, SLIM_BINARY_DIV, name);
}

static slim_metric ratio_at(const slim_count_ratio *r, const slim_metric_args *args)
{
  slim_metric_call call;
  slim_metric counts[SLIM_COUNT_KINDS];
  if (!slim_metric_open(&call, r->metric, r->scope, "predictions", "labels", args) || !slim_metric_pair(&call) ||
      !slim_counts_at_thresholds(&call, call.args.thresholds, 1u << r->a | 1u << r->b, counts)) {
    return slim_metric_refuse(&call);
  }
  const slim_metric a = counts[r->a], b = counts[r->b];
  return slim_metric_close(&call,
                           (slim_metric){ share(a.value, b.value, "value"), share(a.update, b.update, "update_op") });
}

slim_metric(slim_streaming_precision_at_thresholds)(const slim_metric_args *args)
{
  return ratio_at(
      &(slim_count_ratio){ "streaming_precision_at_thresholds", "precision_at_thresholds", SLIM_TP, SLIM_FP }, args);
}

slim_metric(slim_streaming_recall_at_thresholds)(const slim_metric_args *args)
{
  return ratio_at(&(slim_count_ratio){ "streaming_recall_at_thresholds", "recall_at_thresholds", SLIM_TP, SLIM_FN },
                  args);
}

slim_metric(slim_streaming_false_positive_rate_at_thresholds)(const slim_metric_args *args)
{
  return ratio_at(&(slim_count_ratio){ "streaming_false_positive_rate_at_thresholds",
                                       "false_positive_rate_at_thresholds", SLIM_FP, SLIM_TN },
                  args);
}

slim_metric(slim_streaming_false_negative_rate_at_thresholds)(const slim_metric_args *args)
{
  return ratio_at(&(slim_count_ratio){ "streaming_false_negative_rate_at_thresholds",
                                       "false_negative_rate_at_thresholds", SLIM_FN, SLIM_TP },
                  args);
}
