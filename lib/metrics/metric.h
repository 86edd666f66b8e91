/* What metrics share. */
#ifndef SLIM_METRICS_METRIC_H
#define SLIM_METRICS_METRIC_H

#include "ops/ops.h"
#include "slim/metrics.h"

/* One open call of a metric. */
typedef struct slim_metric_call {
  slim_graph *graph;
  slim_metric_args args;
  const char *metric; /* "streaming_mean" */
  slim_scope scope;   /* the metric's name scope */
} slim_metric_call;

/* Opens a call over predictions, called what, and labels (NULL: the metric has none) under args.name or scope
 * (NULL: none).
 * @return false: slim_metric_refuse() is the result. */
bool slim_metric_open(slim_metric_call *call, const char *metric, const char *scope, const char *what,
                      const char *labels, const slim_metric_args *args);
slim_metric slim_metric_refuse(const slim_metric_call *call);
/* Records "metric: text" and closes the scope. @return poison. */
slim_tensor *slim_metric_fail(slim_metric_call *call, slim_status status, const char *format, ...) SLIM_PRINTF(3, 4);
/* Adds both to the collections asked for, closes the scope. */
slim_metric slim_metric_close(slim_metric_call *call, slim_metric metric);

/* Drops a last dimension of 1 that only one of predictions and labels has. @return false, with the error recorded, when
 * their shapes still differ. */
bool slim_metric_pair(slim_metric_call *call);
/* The weights as float32: a scalar, or repeated to the shape of like. NULL: there are none. Poison: they do not fit. */
slim_tensor *slim_metric_weights(slim_metric_call *call, slim_tensor *like);

/* In the name scope in force, the mean of all values so far, with its variables total and count. */
slim_metric slim_metric_mean(slim_metric_call *call, slim_tensor *values);
/* The sum of batch over all batches so far, in a variable. */
slim_metric slim_metric_sum(slim_tensor *batch, const char *variable);

/* a op b under a name of its own. */
slim_tensor *slim_metric_named(slim_tensor *a, slim_tensor *b, slim_binary_kind kind, const char *name);
/* The sum of all elements. */
slim_tensor *slim_metric_total(slim_tensor *x);
/* x without a last dimension of 1 beyond rank. */
slim_tensor *slim_metric_squeeze(slim_tensor *x, int rank);
/* 1 where x is not 0, else 0. */
slim_tensor *slim_metric_mask(slim_tensor *x);

#endif
