/*
 * Metrics over many batches. A streaming metric is a pair: running update counts a batch in and gives the metric so
 * far; value gives it without counting. The accumulators are float64 local variables on the host, named
 * "<name>/total" and "<name>/count", set to 0 by slim_session_initialize_local and never saved. Averages count what
 * arrives, so that a short last batch counts rightly.
 */
#ifndef SLIM_METRICS_H
#define SLIM_METRICS_H

#include "slim/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Both are float32 scalars on the host. */
typedef struct slim_metric {
  slim_tensor *value, *update;
} slim_metric;

/** sum(weights * values) / sum(weights); 0 while nothing has been counted. values: float32, any shape. weights NULL: 1
 * each; else float32, a scalar or of values' shape. name NULL: "mean".
 * Errors: SLIM_ERR_SHAPE, SLIM_ERR_TYPE. */
SLIM_API slim_metric slim_streaming_mean(slim_tensor *values, slim_tensor *weights, const char *name);
/** The share of predictions that equal labels; both int32 or int64 (in any mix), or both float32, of one shape; a last
 * dimension of 1 that only one of them has is dropped. name NULL: "accuracy". */
SLIM_API slim_metric slim_streaming_accuracy(slim_tensor *predictions, slim_tensor *labels, slim_tensor *weights,
                                             const char *name);
/** The share of rows of predictions [n, classes] whose label ([n] or [n, 1], int32 or int64) is among the k largest;
 * ties count as in. name NULL: "recall_at_<k>". */
SLIM_API slim_metric slim_streaming_recall_at_k(slim_tensor *predictions, slim_tensor *labels, int k,
                                                slim_tensor *weights, const char *name);
/** Of this batch alone, not streaming: the weighted mean of equality, a float32 scalar. name NULL: "accuracy". */
SLIM_API slim_tensor *slim_accuracy(slim_tensor *predictions, slim_tensor *labels, slim_tensor *weights,
                                    const char *name);

/** A metric under the name that reports it. */
typedef struct slim_named_metric {
  const char *name;
  slim_metric metric;
} slim_named_metric;

/** Names with their values and updates, in the order given; owned by the graph. */
typedef struct slim_metric_map {
  size_t count;
  const char *const *name;
  slim_tensors values, updates;
} slim_metric_map;

/** Errors: SLIM_ERR_ARG, on the graph of the metrics, when a name is missing or stands twice; the map is then empty. */
SLIM_API slim_metric_map slim_aggregate_metric_map(const slim_named_metric *metrics, size_t count);

#ifdef __cplusplus
}
#endif
#endif
