/* Metrics over sets: the k best predictions of a sample against its labels. Numbers that stand twice in a set count
 * once. */
#include "metrics/metric.h"
#include "slim/ops.h"

#include <stdio.h>

static slim_tensor *complement(slim_tensor *x)
{
  return slim_scale(x, -1.0f, 1.0f);
}

static slim_tensor *reduce_last(slim_tensor *x, slim_reduce_kind kind)
{
  return slim_is_poison(x) ? x : slim_op_reduce_add(x, kind, 1u << (x->shape.rank - 1), 0);
}

/* --- sets --------------------------------------------------------------------------------------------------------- */

/* x [..., n] with one more axis of 1 before or behind the last. */
static slim_tensor *with_axis(slim_tensor *x, bool behind)
{
  slim_shape shape = x->shape;
  if (slim_is_poison(x)) {
    return x;
  }
  if (shape.rank > 0 && shape.dim[0] == -1) {
    shape.dim[0] = 0; /* keeps the open batch */
  }
  const int last = shape.rank - 1, n = shape.dim[last];
  shape.dim[last] = behind ? n : 1;
  shape.dim[last + 1] = behind ? 1 : n;
  shape.rank++;
  return slim_op_reshape_add(x, shape);
}

/* 1 where set i's element j equals set k's: [..., i, k]. */
static slim_tensor *matches(slim_tensor *a, slim_tensor *b)
{
  return slim_op_binary_add(with_axis(a, true), with_axis(b, false), SLIM_BINARY_EQUAL);
}

/* 1 for each element of a that b has too, else 0. */
static slim_tensor *among(slim_tensor *a, slim_tensor *b)
{
  return reduce_last(matches(a, b), SLIM_REDUCE_MAX);
}

/* 1 for each element of x that no element before it equals, else 0. */
static slim_tensor *firsts(slim_metric_call *call, slim_tensor *x)
{
  const int n = slim_is_poison(x) ? 1 : x->shape.dim[x->shape.rank - 1];
  float *before = slim_arena_array(call->graph->arena, (size_t)n * (size_t)n, sizeof *before); /* zeros */
  if (!before) {
    return slim_metric_fail(call, SLIM_ERR_MEMORY, "out of memory");
  }
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < i; k++) {
      before[i * n + k] = 1.0f;
    }
  }
  slim_tensor *mask = slim_constant_tensor(call->graph, SLIM_FLOAT32, (slim_shape){ 2, { n, n } }, before, "before");
  return complement(reduce_last(slim_mul(matches(x, x), mask), SLIM_REDUCE_MAX));
}

/* The elements of x that count: of each number one, of a chosen class only that. */
static slim_tensor *members(slim_metric_call *call, slim_tensor *x)
{
  slim_tensor *first = firsts(call, x);
  if (!call->args.class_id.set) {
    return first;
  }
  const int64_t id = call->args.class_id.id;
  slim_tensor *wanted = slim_constant_tensor(call->graph, SLIM_INT64, (slim_shape){ 0 }, &id, "class_id");
  return slim_mul(first, slim_op_binary_add(x, wanted, SLIM_BINARY_EQUAL));
}

/* The number of members of x that other has, or has not. */
static slim_tensor *size(slim_metric_call *call, slim_tensor *x, slim_tensor *other, bool common)
{
  slim_tensor *in = among(x, other);
  return reduce_last(slim_mul(members(call, x), common ? in : complement(in)), SLIM_REDUCE_SUM);
}

/* --- precision and recall ----------------------------------------------------------------------------------------- */

/* Their names and what they lack: false positives or false negatives. */
typedef struct side {
  const char *metric, *top_metric, *name, *lack;
  bool recall;
} side;
static const side sides[] = {
  { "streaming_sparse_precision_at_k", "streaming_sparse_precision_at_top_k", "precision", "false_positive", false },
  { "streaming_sparse_recall_at_k", "sparse_recall_at_top_k", "recall", "false_negative", true },
};

typedef struct name_text {
  char text[96];
} name_text;

/* "precision_at_5_class2", a value that lives to the end of the full expression; k below 1: "precision_at_k". */
static name_text name_at(const slim_metric_args *args, const char *name, int k)
{
  name_text full;
  char at[32] = "k", class_id[32] = "";
  if (k > 0) {
    (void)snprintf(at, sizeof at, "%d", k);
  }
  if (args && args->class_id.set) {
    (void)snprintf(class_id, sizeof class_id, "_class%d", args->class_id.id);
  }
  (void)snprintf(full.text, sizeof full.text, "%s_at_%s%s", name, at, class_id);
  return full;
}

/* Opens the metric; predictions become the places of the k best, int64, labels the same with a last axis. */
static bool open_sets(slim_metric_call *call, const char *metric, const char *scope, int k,
                      const slim_metric_args *args)
{
  if (!slim_metric_open(call, metric, scope, k < 0 ? "top_k_predictions" : "predictions", "labels", args)) {
    return false;
  }
  slim_tensor *places = call->args.predictions, *labels = call->args.labels;
  const int rank = places->shape.rank;
  if (rank < 1 || (labels->shape.rank != rank && labels->shape.rank != rank - 1)) {
    char a[128], b[128];
    (void)slim_metric_fail(call, SLIM_ERR_SHAPE, "labels %s must have the rank of predictions %s, or one less",
                           slim_shape_format(&labels->shape, a, sizeof a),
                           slim_shape_format(&places->shape, b, sizeof b));
    return false;
  }
  if (labels->shape.rank < rank) {
    slim_shape shape = labels->shape;
    shape.dim[shape.rank++] = 1;
    labels = slim_op_reshape_add(labels, shape);
  }
  if (k >= 0) {
    const slim_top_k_attr attr = { k };
    if (k < 1 || k > places->shape.dim[rank - 1]) {
      char text[128];
      (void)slim_metric_fail(call, SLIM_ERR_ARG, "k is %d, must be from 1 to the last dimension of predictions %s", k,
                             slim_shape_format(&places->shape, text, sizeof text));
      return false;
    }
    slim_tensor *best = slim_op_add(&places, 1, &slim_op_top_k, "TopKV2", &attr);
    places = slim_is_poison(best) ? best : &best->node->outputs[1];
  }
  call->args.predictions = slim_op_cast_add(places, SLIM_INT64);
  call->args.labels = slim_op_cast_add(labels, SLIM_INT64);
  return !slim_is_poison(call->args.predictions) && !slim_is_poison(call->args.labels);
}

/* counts [...] of samples, weighed and summed up in the variable. */
static slim_metric counted(slim_metric_call *call, slim_tensor *counts, const char *variable)
{
  slim_tensor *weights = slim_metric_weights(call, counts);
  return slim_metric_sum(slim_metric_total(weights ? slim_mul(counts, weights) : counts), variable);
}

static slim_tensor *share(slim_tensor *hits, slim_tensor *rest, const char *name)
{
  return slim_metric_named(hits, slim_op_binary_add(hits, rest, SLIM_BINARY_ADD), SLIM_BINARY_DIV, name);
}

/* k -1: predictions are places already. */
static slim_metric at_k(const side *s, const char *metric, int k, const slim_metric_args *args)
{
  slim_metric_call call;
  if (!open_sets(&call, metric, name_at(args, s->name, k).text, k, args)) {
    slim_scope_end(&call.scope);
    return slim_metric_refuse(&call);
  }
  slim_tensor *places = call.args.predictions, *labels = call.args.labels;
  slim_tensor *all = s->recall ? labels : places, *other = s->recall ? places : labels;
  const slim_metric hits = counted(&call, size(&call, all, other, true), name_at(args, "true_positive", k).text);
  const slim_metric rest = counted(&call, size(&call, all, other, false), name_at(args, s->lack, k).text);
  return slim_metric_close(
      &call, (slim_metric){ share(hits.value, rest.value, "value"), share(hits.update, rest.update, "update") });
}

/* The k of a call, at least 0: 0 is refused by the op that sorts. */
static int k_of(const slim_metric_args *args)
{
  return args && args->k > 0 ? args->k : 0;
}

slim_metric(slim_streaming_sparse_precision_at_k)(const slim_metric_args *args)
{
  return at_k(&sides[0], sides[0].metric, k_of(args), args);
}

slim_metric(slim_streaming_sparse_precision_at_top_k)(const slim_metric_args *args)
{
  return at_k(&sides[0], sides[0].top_metric, -1, args);
}

slim_metric(slim_streaming_sparse_recall_at_k)(const slim_metric_args *args)
{
  return at_k(&sides[1], sides[1].metric, k_of(args), args);
}

slim_metric(slim_sparse_recall_at_top_k)(const slim_metric_args *args)
{
  return at_k(&sides[1], sides[1].top_metric, -1, args);
}

/* --- average precision -------------------------------------------------------------------------------------------- */

/* min(k, the number of labels from 0 to classes - 1); classes 0: any from 0. */
static slim_tensor *relevant(slim_metric_call *call, int k, int classes)
{
  slim_tensor *labels = slim_op_cast_add(call->args.labels, SLIM_FLOAT32);
  slim_tensor *valid = slim_op_binary_add(labels, slim_constant(call->graph, -0.5f, "first"), SLIM_BINARY_GREATER);
  if (classes > 0) {
    slim_tensor *end = slim_constant(call->graph, (float)classes - 0.5f, "last");
    valid = slim_mul(valid, slim_op_binary_add(end, labels, SLIM_BINARY_GREATER));
  }
  slim_tensor *most = slim_constant(call->graph, (float)k, "k");
  return slim_op_binary_add(reduce_last(valid, SLIM_REDUCE_SUM), most, SLIM_BINARY_MIN);
}

/* 1, 2, ..., k. */
static slim_tensor *ranks(slim_metric_call *call, int k)
{
  float *values = slim_arena_array(call->graph->arena, (size_t)k, sizeof *values);
  if (!values) {
    return slim_metric_fail(call, SLIM_ERR_MEMORY, "out of memory");
  }
  for (int i = 0; i < k; i++) {
    values[i] = (float)(i + 1);
  }
  return slim_constant_tensor(call->graph, SLIM_FLOAT32, (slim_shape){ 1, { k } }, values, "retrieved");
}

/* Of each sample: the precision of the first i predictions, summed up where the i-th is a label, over the number of
 * labels that there could be. */
static slim_tensor *average_precision(slim_metric_call *call, int classes)
{
  slim_tensor *places = call->args.predictions;
  const int last = places->shape.rank - 1, k = places->shape.dim[last];
  const slim_cumsum_attr attr = { last, 0, 0 };
  slim_tensor *hits = among(places, call->args.labels);
  slim_tensor *so_far = slim_op_add(&hits, 1, &slim_op_cumsum, "tp_per_k", &attr);
  slim_tensor *precision = slim_op_binary_add(so_far, ranks(call, k), SLIM_BINARY_DIV);
  return slim_op_binary_add(reduce_last(slim_mul(precision, hits), SLIM_REDUCE_SUM), relevant(call, k, classes),
                            SLIM_BINARY_DIV);
}

static slim_tensor *mean(slim_tensor *total, slim_tensor *most, const char *name)
{
  return slim_metric_named(total, most, SLIM_BINARY_DIV_NO_NAN, name);
}

static slim_metric average(slim_metric_call *call, int classes)
{
  slim_tensor *precision = average_precision(call, classes), *weights = slim_metric_weights(call, precision);
  weights = weights ? weights : slim_constant(call->graph, 1.0f, "one");
  if (slim_is_poison(precision) || slim_is_poison(weights)) {
    slim_scope_end(&call->scope);
    return slim_metric_refuse(call);
  }
  if (weights->shape.rank == 0) {
    weights = slim_op_broadcast_like_add(weights, precision, (1u << precision->shape.rank) - 1u, 0);
  }
  const slim_metric most = slim_metric_sum(slim_metric_total(weights), "max");
  const slim_metric total = slim_metric_sum(slim_metric_total(slim_mul(precision, weights)), "total");
  return slim_metric_close(
      call, (slim_metric){ mean(total.value, most.value, "mean"), mean(total.update, most.update, "update") });
}

slim_metric(slim_streaming_sparse_average_precision_at_k)(const slim_metric_args *args)
{
  slim_metric_call call;
  const int k = k_of(args);
  if (!open_sets(&call, "streaming_sparse_average_precision_at_k", name_at(NULL, "average_precision", k).text, k,
                 args)) {
    slim_scope_end(&call.scope);
    return slim_metric_refuse(&call);
  }
  const slim_shape *given = &args->predictions->shape;
  return average(&call, given->dim[given->rank - 1]);
}

slim_metric(slim_streaming_sparse_average_precision_at_top_k)(const slim_metric_args *args)
{
  slim_metric_call call;
  if (!open_sets(&call, "streaming_sparse_average_precision_at_top_k", "average_precision_at_top_k", -1, args)) {
    slim_scope_end(&call.scope);
    return slim_metric_refuse(&call);
  }
  return average(&call, 0);
}
