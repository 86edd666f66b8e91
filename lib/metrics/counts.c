/* True and false positives and negatives, and their ratios. */
#include "metrics/counts.h"
#include "slim/ops.h"

const char *const slim_count_names[] = { "true_positives", "false_negatives", "true_negatives", "false_positives" };

slim_tensor *slim_count_hits(enum slim_count_kind kind, slim_tensor *positives, slim_tensor *yes)
{
  const bool positive = kind == SLIM_TP || kind == SLIM_FP, right = kind == SLIM_TP || kind == SLIM_FN;
  return slim_op_binary_add(positive ? positives : slim_scale(positives, -1.0f, 1.0f),
                            right ? yes : slim_scale(yes, -1.0f, 1.0f), SLIM_BINARY_MUL);
}

/* The count of a kind in the variable "count" of the name scope in force. */
static slim_metric count_of(slim_metric_call *call, enum slim_count_kind kind)
{
  slim_tensor *hits =
      slim_count_hits(kind, slim_metric_mask(call->args.predictions), slim_metric_mask(call->args.labels));
  slim_tensor *weights = slim_metric_weights(call, hits);
  return slim_metric_sum(slim_metric_total(weights ? slim_op_binary_add(hits, weights, SLIM_BINARY_MUL) : hits),
                         "count");
}

static slim_metric count(const char *metric, enum slim_count_kind kind, const slim_metric_args *args)
{
  slim_metric_call call;
  if (!slim_metric_open(&call, metric, slim_count_names[kind], "predictions", "labels", args) ||
      !slim_metric_pair(&call)) {
    return slim_metric_refuse(&call);
  }
  return slim_metric_close(&call, count_of(&call, kind));
}

slim_metric(slim_streaming_true_positives)(const slim_metric_args *args)
{
  return count("streaming_true_positives", SLIM_TP, args);
}

slim_metric(slim_streaming_true_negatives)(const slim_metric_args *args)
{
  return count("streaming_true_negatives", SLIM_TN, args);
}

slim_metric(slim_streaming_false_positives)(const slim_metric_args *args)
{
  return count("streaming_false_positives", SLIM_FP, args);
}

slim_metric(slim_streaming_false_negatives)(const slim_metric_args *args)
{
  return count("streaming_false_negatives", SLIM_FN, args);
}

/* --- ratios ------------------------------------------------------------------------------------------------------- */

/* The count of a kind in a name scope of its own. */
static slim_metric scoped_count(slim_metric_call *call, enum slim_count_kind kind)
{
  slim_scope scope = slim_name_scope_begin(call->graph, slim_count_names[kind]);
  const slim_metric counted = count_of(call, kind);
  slim_scope_end(&scope);
  return counted;
}

static slim_tensor *share(slim_tensor *a, slim_tensor *b, const char *name)
{
  return slim_metric_named(a, slim_op_binary_add(a, b, SLIM_BINARY_ADD), SLIM_BINARY_DIV_NO_NAN, name);
}

static slim_metric ratio(const slim_count_ratio *r, const slim_metric_args *args)
{
  slim_metric_call call;
  if (!slim_metric_open(&call, r->metric, r->scope, "predictions", "labels", args) || !slim_metric_pair(&call)) {
    return slim_metric_refuse(&call);
  }
  const slim_metric a = scoped_count(&call, r->a), b = scoped_count(&call, r->b);
  return slim_metric_close(&call,
                           (slim_metric){ share(a.value, b.value, "value"), share(a.update, b.update, "update_op") });
}

slim_metric(slim_streaming_precision)(const slim_metric_args *args)
{
  return ratio(&(slim_count_ratio){ "streaming_precision", "precision", SLIM_TP, SLIM_FP }, args);
}

slim_metric(slim_streaming_recall)(const slim_metric_args *args)
{
  return ratio(&(slim_count_ratio){ "streaming_recall", "recall", SLIM_TP, SLIM_FN }, args);
}

slim_metric(slim_streaming_false_positive_rate)(const slim_metric_args *args)
{
  return ratio(&(slim_count_ratio){ "streaming_false_positive_rate", "false_positive_rate", SLIM_FP, SLIM_TN }, args);
}

slim_metric(slim_streaming_false_negative_rate)(const slim_metric_args *args)
{
  return ratio(&(slim_count_ratio){ "streaming_false_negative_rate", "false_negative_rate", SLIM_FN, SLIM_TP }, args);
}
