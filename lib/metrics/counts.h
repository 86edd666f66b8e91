/* The four counts of a yes or no, and what is made of two of them. */
#ifndef SLIM_METRICS_COUNTS_H
#define SLIM_METRICS_COUNTS_H

#include "metrics/metric.h"

/* In the order in which TF-Slim makes their variables. */
enum slim_count_kind { SLIM_TP, SLIM_FN, SLIM_TN, SLIM_FP, SLIM_COUNT_KINDS };
extern const char *const slim_count_names[SLIM_COUNT_KINDS]; /* "true_positives" */

/* a / (a + b) of two counts: precision and its like. */
typedef struct slim_count_ratio {
  const char *metric, *scope;
  enum slim_count_kind a, b;
} slim_count_ratio;

/* 1 where a kind counts: positives is 1 where predictions say yes, yes 1 where labels do. */
slim_tensor *slim_count_hits(enum slim_count_kind kind, slim_tensor *positives, slim_tensor *yes);

/* The counts of a kind over a call's predictions above its thresholds, [T], in the variables of these kinds (bit i:
 * kind i). false: the error is recorded. */
bool slim_counts_at_thresholds(slim_metric_call *call, slim_thresholds thresholds, unsigned kinds,
                               slim_metric counts[SLIM_COUNT_KINDS]);

#endif
