/* Calls of metrics, weights and accumulators. */
#include "metrics/metric.h"
#include "slim/ops.h"

#include <stdio.h>
#include <string.h>

/* --- calls -------------------------------------------------------------------------------------------------------- */

static slim_metric_args read(const slim_metric_args *args)
{
  slim_metric_args copy = { 0 };
  const size_t given = args->struct_size ? args->struct_size : sizeof copy;
  memcpy(&copy, args, given < sizeof copy ? given : sizeof copy);
  return copy;
}

/* All tensors given are of the call's graph, and none is poison. */
static bool inputs_usable(slim_metric_call *call)
{
  const slim_tensor *given[] = { call->args.predictions, call->args.labels, call->args.normalizer, call->args.weights };
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
    if (given[i] && slim_is_poison(given[i])) {
      return false;
    }
    if (given[i] && slim_graph_of(given[i]) != call->graph) {
      (void)slim_metric_fail(call, SLIM_ERR_ARG, "'%s' comes from another graph", given[i]->name);
      return false;
    }
  }
  return true;
}

bool slim_metric_open(slim_metric_call *call, const char *metric, const char *scope, const char *what,
                      const char *labels, const slim_metric_args *args)
{
  *call = (slim_metric_call){ .metric = metric };
  if (!args) {
    return false;
  }
  call->args = read(args);
  const slim_tensor *first = call->args.predictions ? call->args.predictions : call->args.labels;
  call->graph = slim_graph_of(first);
  if (!call->graph || !inputs_usable(call)) {
    return false;
  }
  if (!call->args.predictions || (labels && !call->args.labels)) {
    (void)slim_metric_fail(call, SLIM_ERR_ARG, "the %s are missing", call->args.predictions ? labels : what);
    return false;
  }
  const char *name = call->args.name ? call->args.name : scope;
  call->scope = name ? slim_name_scope_begin(call->graph, name) : (slim_scope){ 0 };
  return true;
}

slim_metric slim_metric_refuse(const slim_metric_call *call)
{
  slim_tensor *poison = call->graph ? call->graph->poison : NULL;
  return (slim_metric){ poison, poison };
}

slim_tensor *slim_metric_fail(slim_metric_call *call, slim_status status, const char *format, ...)
{
  char text[SLIM_ERROR_TEXT];
  va_list list;
  va_start(list, format);
  (void)vsnprintf(text, sizeof text, format, list);
  va_end(list);
  const char *name = call->args.name;
  slim_tensor *poison = name && *name ? slim_graph_fail(call->graph, status, "%s '%s': %s", call->metric, name, text)
                                      : slim_graph_fail(call->graph, status, "%s: %s", call->metric, text);
  slim_scope_end(&call->scope);
  return poison;
}

slim_metric slim_metric_close(slim_metric_call *call, slim_metric metric)
{
  const bool good = metric.value && metric.update && !slim_is_poison(metric.value) && !slim_is_poison(metric.update);
  if (good && call->args.metrics_collections) {
    (void)slim_collections_add(call->graph, call->args.metrics_collections, metric.value, NULL, false);
  }
  if (good && call->args.updates_collections) {
    (void)slim_collections_add(call->graph, call->args.updates_collections, metric.update, NULL, false);
  }
  slim_scope_end(&call->scope);
  return metric;
}

/* --- shapes ------------------------------------------------------------------------------------------------------- */

static bool dims_agree(int a, int b)
{
  return a == b || a == -1 || b == -1;
}

static bool shapes_agree(const slim_shape *a, const slim_shape *b)
{
  bool fits = a->rank == b->rank;
  for (int i = 0; fits && i < a->rank; i++) {
    fits = dims_agree(a->dim[i], b->dim[i]);
  }
  return fits;
}

slim_tensor *slim_metric_squeeze(slim_tensor *x, int rank)
{
  slim_shape shape = x->shape;
  if (shape.rank != rank + 1 || shape.dim[rank] != 1) {
    return x;
  }
  shape.rank = rank;
  return slim_op_reshape_add(x, shape);
}

bool slim_metric_pair(slim_metric_call *call)
{
  slim_tensor *predictions = slim_metric_squeeze(call->args.predictions, call->args.labels->shape.rank);
  slim_tensor *labels = slim_metric_squeeze(call->args.labels, predictions->shape.rank);
  if (!shapes_agree(&predictions->shape, &labels->shape)) {
    char a[128], b[128];
    (void)slim_metric_fail(call, SLIM_ERR_SHAPE, "predictions %s and labels %s must have the same shape",
                           slim_shape_format(&predictions->shape, a, sizeof a),
                           slim_shape_format(&labels->shape, b, sizeof b));
    return false;
  }
  call->args.predictions = predictions;
  call->args.labels = labels;
  return true;
}

/* The axes of w, of like's rank, that are repeated. false: it does not fit. */
static bool repeated_axes(const slim_shape *w, const slim_shape *like, unsigned *axes)
{
  *axes = 0;
  for (int i = 0; i < w->rank; i++) {
    if (w->dim[i] == 1 && like->dim[i] != 1) {
      *axes |= 1u << i;
    } else if (!dims_agree(w->dim[i], like->dim[i])) {
      return false;
    }
  }
  return w->rank == like->rank;
}

slim_tensor *slim_metric_weights(slim_metric_call *call, slim_tensor *like)
{
  if (!call->args.weights || slim_is_poison(like)) {
    return call->args.weights ? like : NULL;
  }
  slim_tensor *w = slim_op_cast_add(call->args.weights, SLIM_FLOAT32);
  if (w->shape.rank == 0) {
    return w;
  }
  slim_shape shape = w->shape;
  const int rank = like->shape.rank;
  if (shape.rank == rank + 1 && shape.dim[rank] == 1) {
    shape.rank--;
  } else if (shape.rank == rank - 1) {
    shape.dim[shape.rank++] = 1;
  }
  unsigned axes = 0;
  if (!repeated_axes(&shape, &like->shape, &axes)) {
    char a[128], b[128];
    return slim_metric_fail(call, SLIM_ERR_SHAPE, "weights %s do not fit the values %s",
                            slim_shape_format(&w->shape, a, sizeof a), slim_shape_format(&like->shape, b, sizeof b));
  }
  w = slim_shape_equal(&shape, &w->shape) ? w : slim_op_reshape_add(w, shape);
  return axes ? slim_op_broadcast_like_add(w, like, axes, 0) : w;
}

/* --- small ops ---------------------------------------------------------------------------------------------------- */

slim_tensor *slim_metric_named(slim_tensor *a, slim_tensor *b, slim_binary_kind kind, const char *name)
{
  const slim_binary_attr attr = { kind };
  slim_tensor *inputs[] = { a, b };
  return slim_op_add(inputs, 2, &slim_op_binary, name, &attr);
}

slim_tensor *slim_metric_total(slim_tensor *x)
{
  return slim_reduce_sum(x, SLIM_ALL_AXES, false);
}

slim_tensor *slim_metric_mask(slim_tensor *x)
{
  return x->dtype == SLIM_FLOAT32 ? slim_op_unary_add(x, SLIM_UNARY_NOT_ZERO, 0.0f, 0.0f)
                                  : slim_op_cast_add(slim_op_cast_add(x, SLIM_BOOL), SLIM_FLOAT32);
}

/* --- accumulators ------------------------------------------------------------------------------------------------- */

slim_metric slim_metric_mean(slim_metric_call *call, slim_tensor *values)
{
  values = slim_is_poison(values) ? values : slim_op_cast_add(values, SLIM_FLOAT32);
  slim_tensor *weights = slim_metric_weights(call, values);
  if (slim_is_poison(values) || (weights && slim_is_poison(weights))) {
    return slim_metric_refuse(call);
  }
  slim_tensor *total = slim_local_variable(call->graph, "total", SLIM_FLOAT64, (slim_shape){ 0 }, NULL);
  slim_tensor *count = slim_local_variable(call->graph, "count", SLIM_FLOAT64, (slim_shape){ 0 }, NULL);
  slim_tensor *read[] = { total, count }, *add[4] = { values };
  int inputs = 1;
  if (weights) {
    add[inputs++] = weights;
  }
  add[inputs++] = total;
  add[inputs++] = count;
  return (slim_metric){ slim_op_add(read, 2, &slim_op_streaming_value, "value", NULL),
                        slim_op_add(add, inputs, &slim_op_streaming_mean, "update_op", NULL) };
}

slim_metric slim_metric_sum(slim_tensor *batch, const char *variable)
{
  if (slim_is_poison(batch)) {
    return (slim_metric){ batch, batch };
  }
  slim_tensor *total = slim_local_variable(slim_graph_of(batch), variable, SLIM_FLOAT64, batch->shape, NULL);
  slim_tensor *add[] = { batch, total };
  return (slim_metric){ slim_op_add(&total, 1, &slim_op_streaming_value, "value", NULL),
                        slim_op_add(add, 2, &slim_op_streaming_sum, "update_op", NULL) };
}
