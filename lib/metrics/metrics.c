/* Streaming metrics on the host lane. */
#include "slim/metrics.h"

#include "ops/ops.h"

#include <string.h>

/* --- one batch ---------------------------------------------------------------------------------------------------- */

static bool is_integer(const slim_tensor *x)
{
  return x->dtype == SLIM_INT32 || x->dtype == SLIM_INT64;
}

static bool dims_agree(int a, int b)
{
  return a == b || a == -1 || b == -1;
}

/* x without a last dimension of 1 that other lacks. */
static slim_tensor *squeeze_to(slim_tensor *x, int rank)
{
  slim_shape shape = x->shape;
  if (shape.rank != rank + 1 || shape.dim[rank] != 1) {
    return x;
  }
  shape.rank = rank;
  return slim_op_reshape_add(x, shape);
}

/* The graph of the first of two tensors that has one; NULL when a call cannot go on, with *result as its result. */
static slim_graph *usable(slim_tensor *a, slim_tensor *b, const char *metric, slim_tensor **result)
{
  slim_graph *graph = slim_graph_of(a ? a : b);
  *result = graph ? graph->poison : NULL;
  if (graph && (!a || !b)) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "%s: the %s are missing", metric, a ? "labels" : "predictions");
    return NULL;
  }
  return graph && !slim_is_poison(a) && !slim_is_poison(b) ? graph : NULL;
}

/* 1 where predictions equal labels, else 0. */
static slim_tensor *equality(slim_tensor *predictions, slim_tensor *labels, const char *metric)
{
  slim_tensor *result = NULL;
  slim_graph *graph = usable(predictions, labels, metric, &result);
  if (!graph) {
    return result;
  }
  predictions = squeeze_to(predictions, labels->shape.rank);
  labels = squeeze_to(labels, predictions->shape.rank);
  const slim_shape *a = &predictions->shape, *b = &labels->shape;
  bool fits = a->rank == b->rank;
  for (int i = 0; fits && i < a->rank; i++) {
    fits = dims_agree(a->dim[i], b->dim[i]);
  }
  if (!fits) {
    char x[128], y[128];
    return slim_graph_fail(graph, SLIM_ERR_SHAPE, "%s: predictions %s and labels %s must have the same shape", metric,
                           slim_shape_format(a, x, sizeof x), slim_shape_format(b, y, sizeof y));
  }
  if (is_integer(predictions) && is_integer(labels)) {
    const slim_dtype wide = predictions->dtype == labels->dtype ? labels->dtype : SLIM_INT64;
    predictions = slim_op_cast_add(predictions, wide);
    labels = slim_op_cast_add(labels, wide);
  }
  return slim_op_binary_add(predictions, labels, SLIM_BINARY_EQUAL);
}

/* a / b with 0 for b = 0, under this name. */
static slim_tensor *quotient(slim_tensor *a, slim_tensor *b, const char *name)
{
  const slim_binary_attr attr = { SLIM_BINARY_DIV_NO_NAN };
  slim_tensor *inputs[] = { a, b };
  return slim_op_add(inputs, 2, &slim_op_binary, name, &attr);
}

static unsigned all_axes(const slim_tensor *x)
{
  return (1u << x->shape.rank) - 1u;
}

slim_tensor *slim_accuracy(slim_tensor *predictions, slim_tensor *labels, slim_tensor *weights, const char *name)
{
  slim_graph *graph = slim_graph_of(predictions ? predictions : labels);
  slim_scope scope = slim_name_scope_begin(graph, name ? name : "accuracy");
  slim_tensor *hits = equality(predictions, labels, "accuracy");
  if (hits && weights && !slim_is_poison(hits)) {
    slim_tensor *weighed = slim_op_binary_add(hits, weights, SLIM_BINARY_MUL);
    slim_tensor *spread = weights->shape.rank ? weights : slim_op_broadcast_like_add(weights, hits, all_axes(hits), 0);
    if (!slim_is_poison(weighed)) {
      hits = quotient(slim_op_reduce_add(weighed, SLIM_REDUCE_SUM, all_axes(weighed), 0),
                      slim_op_reduce_add(spread, SLIM_REDUCE_SUM, all_axes(spread), 0), "value");
    } else {
      hits = weighed;
    }
  } else if (hits && !slim_is_poison(hits)) {
    hits = slim_op_reduce_add(hits, SLIM_REDUCE_MEAN, all_axes(hits), 0);
  }
  slim_scope_end(&scope);
  return hits;
}

/* --- all batches -------------------------------------------------------------------------------------------------- */

/* The pair over values, in the name scope in force. */
static slim_metric mean_of(slim_tensor *values, slim_tensor *weights)
{
  slim_graph *graph = slim_graph_of(values);
  slim_metric metric = { values, values };
  if (!graph || slim_is_poison(values)) {
    return metric;
  }
  slim_tensor *total = slim_local_variable(graph, "total", SLIM_FLOAT64, (slim_shape){ 0 }, NULL);
  slim_tensor *count = slim_local_variable(graph, "count", SLIM_FLOAT64, (slim_shape){ 0 }, NULL);
  slim_tensor *read[] = { total, count };
  slim_tensor *add[4] = { values };
  int inputs = 1;
  if (weights) {
    add[inputs++] = slim_op_cast_add(weights, SLIM_FLOAT32);
  }
  add[inputs++] = total;
  add[inputs++] = count;
  metric.value = slim_op_add(read, 2, &slim_op_streaming_value, "value", NULL);
  metric.update = slim_op_add(add, inputs, &slim_op_streaming_mean, "update_op", NULL);
  return metric;
}

slim_metric slim_streaming_mean(slim_tensor *values, slim_tensor *weights, const char *name)
{
  slim_scope scope = slim_name_scope_begin(slim_graph_of(values), name ? name : "mean");
  const slim_metric metric = mean_of(values, weights);
  slim_scope_end(&scope);
  return metric;
}

slim_metric slim_streaming_accuracy(slim_tensor *predictions, slim_tensor *labels, slim_tensor *weights,
                                    const char *name)
{
  slim_scope scope = slim_name_scope_begin(slim_graph_of(predictions ? predictions : labels), name ? name : "accuracy");
  const slim_metric metric = mean_of(equality(predictions, labels, "streaming_accuracy"), weights);
  slim_scope_end(&scope);
  return metric;
}

slim_metric slim_streaming_recall_at_k(slim_tensor *predictions, slim_tensor *labels, int k, slim_tensor *weights,
                                       const char *name)
{
  slim_tensor *result = NULL;
  slim_graph *graph = usable(predictions, labels, "streaming_recall_at_k", &result);
  if (!graph) {
    return (slim_metric){ result, result };
  }
  const char *own = slim_arena_printf(graph->arena, "recall_at_%d", k);
  slim_scope scope = slim_name_scope_begin(graph, name ? name : own);
  const slim_in_top_k_attr attr = { k };
  slim_tensor *inputs[] = { predictions, squeeze_to(labels, 1) };
  const slim_metric metric = mean_of(slim_op_add(inputs, 2, &slim_op_in_top_k, "in_top_k", &attr), weights);
  slim_scope_end(&scope);
  return metric;
}

/* --- maps --------------------------------------------------------------------------------------------------------- */

/* Each metric has a name of its own, and tensors. */
static bool names_usable(slim_graph *graph, const slim_named_metric *metrics, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const char *name = metrics[i].name;
    if (!name || !*name || !metrics[i].metric.value || !metrics[i].metric.update) {
      (void)slim_graph_fail(graph, SLIM_ERR_ARG, "aggregate_metric_map: metric %zu of %zu lacks its %s", i + 1, count,
                            name && *name ? "tensors" : "name");
      return false;
    }
    for (size_t k = 0; k < i; k++) {
      if (strcmp(metrics[k].name, name) == 0) {
        (void)slim_graph_fail(graph, SLIM_ERR_ARG, "aggregate_metric_map: two metrics are called '%s'", name);
        return false;
      }
    }
  }
  return count > 0;
}

slim_metric_map slim_aggregate_metric_map(const slim_named_metric *metrics, size_t count)
{
  slim_graph *graph = count ? slim_graph_of(metrics[0].metric.value) : NULL;
  if (!graph || !names_usable(graph, metrics, count)) {
    return (slim_metric_map){ 0 };
  }
  const char **name = slim_arena_array(graph->arena, count, sizeof *name);
  slim_tensor **value = slim_arena_array(graph->arena, count, sizeof(slim_tensor *));
  slim_tensor **update = slim_arena_array(graph->arena, count, sizeof(slim_tensor *));
  bool good = name && value && update;
  for (size_t i = 0; good && i < count; i++) {
    name[i] = slim_arena_strdup(graph->arena, metrics[i].name);
    value[i] = metrics[i].metric.value;
    update[i] = metrics[i].metric.update;
    good = name[i] != NULL;
  }
  if (!good) {
    (void)slim_graph_fail(graph, SLIM_ERR_MEMORY, "aggregate_metric_map: out of memory");
    return (slim_metric_map){ 0 };
  }
  return (slim_metric_map){ count, name, { count, value }, { count, update } };
}
