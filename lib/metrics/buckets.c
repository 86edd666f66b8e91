/* Metrics of scores that are counted in buckets of one width. */
#include "metrics/metric.h"
#include "slim/ops.h"

#define EPSILON 1e-7f /* keeps quotients finite */

static slim_tensor *column(slim_tensor *x)
{
  return slim_op_reshape_add(x, (slim_shape){ 2, { -1, 1 } });
}

/* Sums from each bucket to the last, without the bucket itself if exclusive. */
static slim_tensor *from_here(slim_tensor *x, int exclusive)
{
  const slim_cumsum_attr attr = { 0, exclusive, 1 };
  return slim_op_add(&x, 1, &slim_op_cumsum, "Cumsum", &attr);
}

/* A count, and one of those among it whose label is not positive. */
typedef struct buckets {
  slim_metric yes, no;
} buckets;

/* [n, number]: 1 in the bucket of each score, which is a number from 0 on. */
static slim_tensor *bucket_of(slim_tensor *scores, int number)
{
  const slim_one_hot_attr attr = { number, 1.0f, 0.0f };
  slim_tensor *places = slim_op_cast_add(scores, SLIM_INT32);
  slim_tensor *flat = slim_op_reshape_add(places, (slim_shape){ 1, { -1 } });
  return slim_op_add(&flat, 1, &slim_op_one_hot, "OneHot", &attr);
}

/* Sums up the weights of hits [n, number] by label, in these variables. */
static buckets count(slim_metric_call *call, slim_tensor *hits, const char *yes, const char *no)
{
  slim_tensor *labels = slim_metric_mask(call->args.labels), *weights = slim_metric_weights(call, labels);
  slim_tensor *others = slim_scale(labels, -1.0f, 1.0f);
  labels = column(weights ? slim_mul(labels, weights) : labels);
  others = column(weights ? slim_mul(others, weights) : others);
  if (slim_is_poison(hits) || slim_is_poison(labels) || slim_is_poison(others)) {
    return (buckets){ slim_metric_refuse(call), slim_metric_refuse(call) };
  }
  return (buckets){ slim_metric_sum(slim_op_reduce_add(slim_mul(hits, labels), SLIM_REDUCE_SUM, 1, 0), yes),
                    slim_metric_sum(slim_op_reduce_add(slim_mul(hits, others), SLIM_REDUCE_SUM, 1, 0), no) };
}

static bool open_buckets(slim_metric_call *call, const char *metric, int number, const char *what,
                         const slim_metric_args *args)
{
  if (!slim_metric_open(call, metric, metric, "predictions", "labels", args) || !slim_metric_pair(call)) {
    return false;
  }
  if (number < 2) {
    (void)slim_metric_fail(call, SLIM_ERR_ARG, "%s is %d, must be at least 2", what, number);
    return false;
  }
  return true;
}

/* --- precision and recall ----------------------------------------------------------------------------------------- */

/* All but what is counted from here on: x[0] - x. */
static slim_tensor *rest(slim_tensor *x)
{
  const slim_slice_attr attr = { .rank = 1, .size = { 1 } };
  return slim_op_binary_add(slim_op_add(&x, 1, &slim_op_slice, "strided_slice", &attr), x, SLIM_BINARY_SUB);
}

static slim_tensor *share(slim_metric_call *call, slim_tensor *a, slim_tensor *b, const char *name)
{
  slim_tensor *least = slim_constant(call->graph, EPSILON, "epsilon");
  return slim_metric_named(a, slim_op_binary_add(slim_add(a, b), least, SLIM_BINARY_MAX), SLIM_BINARY_DIV, name);
}

/* 0 to 1 in steps of one size. */
static slim_tensor *levels(slim_metric_call *call, int number)
{
  float *at = slim_arena_array(call->graph->arena, (size_t)number, sizeof *at);
  if (!at) {
    return slim_metric_fail(call, SLIM_ERR_MEMORY, "out of memory");
  }
  for (int i = 0; i < number; i++) {
    at[i] = (float)((double)i / (double)(number - 1));
  }
  return slim_constant_tensor(call->graph, SLIM_FLOAT32, (slim_shape){ 1, { number } }, at, "thresholds");
}

slim_precision_recall(slim_precision_recall_at_equal_thresholds)(const slim_metric_args *args)
{
  slim_metric_call call;
  const int number = args && args->num_thresholds ? args->num_thresholds : 201;
  if (!open_buckets(&call, "precision_recall_at_equal_thresholds", number, "num_thresholds", args)) {
    slim_tensor *p = slim_metric_refuse(&call).value;
    return (slim_precision_recall){ p, p, p, p, p, p, p, p };
  }
  slim_tensor *scores =
      slim_scale(slim_op_cast_add(call.args.predictions, SLIM_FLOAT32), (float)(number - 1), 0.0f);
  slim_scope scope = slim_name_scope_begin(call.graph, "variables");
  const buckets counts = count(&call, bucket_of(scores, number), "tp_buckets", "fp_buckets");
  slim_scope_end(&scope);
  slim_precision_recall all = { .tp = from_here(counts.yes.value, 0), .fp = from_here(counts.no.value, 0) };
  all.tn = rest(all.fp);
  all.fn = rest(all.tp);
  all.precision = share(&call, all.tp, all.fp, "precision");
  all.recall = share(&call, all.tp, all.fn, "recall");
  all.thresholds = levels(&call, number);
  all.update = slim_metric_named(counts.yes.update, counts.no.update, SLIM_BINARY_ADD, "update_op");
  (void)slim_metric_close(&call, (slim_metric){ all.precision, all.update });
  return all;
}

/* --- area --------------------------------------------------------------------------------------------------------- */

static slim_tensor *shares(slim_tensor *counts)
{
  return slim_op_binary_add(counts, slim_metric_total(counts), SLIM_BINARY_DIV);
}

/* Bouckaert 2006, "Efficient AUC learning curve calculation": trapezoids from the highest bucket down. */
static slim_tensor *area(slim_tensor *yes, slim_tensor *no, const char *name)
{
  slim_tensor *steps = shares(yes), *heights = slim_add(from_here(steps, 0), from_here(steps, 1));
  slim_tensor *pieces = slim_scale(slim_mul(shares(no), heights), 0.5f, 0.0f);
  const slim_reduce_attr attr = { .kind = SLIM_REDUCE_SUM, .axes = 1 };
  return slim_op_add(&pieces, 1, &slim_op_reduce, name, &attr);
}

/* scores as numbers from 0 to number - 1, those outside of the range at its ends. */
static slim_tensor *placed(slim_metric_call *call, int number)
{
  const float low = call->args.low, scale = (float)number / (call->args.high - low);
  slim_tensor *x = slim_scale(slim_op_cast_add(call->args.predictions, SLIM_FLOAT32), 1.0f, -low);
  slim_tensor *first = slim_constant(call->graph, 0.0f, "first");
  slim_tensor *last = slim_constant(call->graph, (float)(number - 1), "last");
  x = slim_op_binary_add(slim_scale(x, scale, 0.0f), first, SLIM_BINARY_MAX);
  return slim_op_binary_add(x, last, SLIM_BINARY_MIN);
}

slim_metric(slim_auc_using_histogram)(const slim_metric_args *args)
{
  slim_metric_call call;
  const int number = args && args->nbins ? args->nbins : 100;
  if (!open_buckets(&call, "auc_using_histogram", number, "nbins", args)) {
    return slim_metric_refuse(&call);
  }
  if (!(call.args.high > call.args.low)) {
    (void)slim_metric_fail(&call, SLIM_ERR_ARG, "scores from %g to %g are none", (double)call.args.low,
                           (double)call.args.high);
    return slim_metric_refuse(&call);
  }
  slim_scope scope = slim_name_scope_begin(call.graph, "hist_accumulate");
  const buckets counts = count(&call, bucket_of(placed(&call, number), number), "hist_true_acc", "hist_false_acc");
  slim_scope_end(&scope);
  return slim_metric_close(&call, (slim_metric){ area(counts.yes.value, counts.no.value, "auc"),
                                                 area(counts.yes.update, counts.no.update, "update_op") });
}
