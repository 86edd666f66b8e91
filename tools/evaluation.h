/* What train and eval measure on a split: metrics of a model, and its moving averages. */
#ifndef SLIMCL_EVALUATION_H
#define SLIMCL_EVALUATION_H

#include <slim/evaluation.h>

#include "model.h"

enum { METRIC_ACCURACY, METRIC_RECALL_5, METRIC_LOSS, NUM_METRICS };
extern const char *const metric_names[NUM_METRICS];

typedef struct metrics {
  slim_tensor *updates[NUM_METRICS], *finals[NUM_METRICS];
  float values[NUM_METRICS]; /* of finals, of the last evaluation */
  slim_restore *restore;     /* what metrics_choose_averages asks for: model variables, and the global step */
  size_t num_restore;
} metrics;

/** Adds the metrics to the model's graph. */
slim_status metrics_add(metrics *m, const model *net, slim_error *error);
/** Model variables are to be read from their moving averages. */
slim_status metrics_choose_averages(metrics *m, const model *net, slim_error *error);
void metrics_release(metrics *m);
/** How many batches of a split are evaluated: all, or most (0: no limit). */
int64_t metrics_batches(int64_t samples, int64_t batch_size, int64_t most);

#endif
