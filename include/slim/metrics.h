/*
 * Metrics over many batches. A streaming metric is a pair: running update counts a batch in and gives the metric so
 * far; value gives it without counting. Required arguments go by position in TF-Slim's order, options by name:
 *
 *   slim_metric auc = slim_streaming_auc(predictions, labels, .num_thresholds = 100, .weights = w, .name = "auc");
 *
 * Options of every metric that says no other: weights (a scalar, or of the values' rank, each dimension 1 or equal; a
 * last dimension of 1 may be added or missing), metrics_collections and updates_collections ("a,b": where value and
 * update are added), name (the name scope of the ops and of the accumulators). The accumulators have TF-Slim's names;
 * they are float64 local variables, set to 0 by slim_session_initialize_local and never saved. Results are float32, and
 * scalars where nothing else is said. Where predictions and labels differ in rank by a last dimension of 1, it is
 * dropped. Averages count what arrives, so that a short last batch counts rightly. All is computed on the device; the
 * accumulators are on the host.
 *
 * TF-Slim's streaming_dynamic_auc, auc_with_confidence_intervals and streaming_concat are left out: they keep all data,
 * in variables that grow. slim_auc_using_histogram comes as near as its bins are narrow.
 */
#ifndef SLIM_METRICS_H
#define SLIM_METRICS_H

#include "slim/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What reads a metric, and what counts a batch in. */
typedef struct slim_metric {
  slim_tensor *value, *update;
} slim_metric;

/** Thresholds between negative and positive: SLIM_THRESHOLDS(0.25f, 0.5f). They are copied. */
typedef struct slim_thresholds {
  const float *at;
  size_t count;
} slim_thresholds;
#define SLIM_THRESHOLDS(...)                                                                                           \
  ((slim_thresholds){ (const float[]){ __VA_ARGS__ }, sizeof((float[]){ __VA_ARGS__ }) / sizeof(float) })

/** True against false positives, or precision against recall. */
typedef enum slim_curve { SLIM_CURVE_UNSET, SLIM_ROC, SLIM_PR } slim_curve;
/** How the area under a curve is summed: by trapezoids, or each piece with the smaller or larger of its two heights.
 * SLIM_CAREFUL_INTERPOLATION: by true positives between the points of SLIM_PR, by trapezoids under SLIM_ROC. */
typedef enum slim_summation {
  SLIM_SUMMATION_UNSET,
  SLIM_TRAPEZOIDAL,
  SLIM_MINORING,
  SLIM_MAJORING,
  SLIM_CAREFUL_INTERPOLATION
} slim_summation;

/** One class of many; a struct, so that 0 is not unset. */
typedef struct slim_class_id {
  int set, id;
} slim_class_id;
#define SLIM_CLASS(id_) ((slim_class_id){ 1, (id_) })

/** All arguments of all metrics; those without a mention in a metric's comment do nothing there. */
typedef struct slim_metric_args {
  size_t struct_size; /* set by the macros */
  slim_tensor *predictions, *labels, *normalizer;
  slim_thresholds thresholds;
  float threshold; /* of percentage_less; what sensitivity, specificity, precision or recall shall be */
  float low, high; /* of auc_using_histogram: what scores are between */
  int k, num_classes, axis;
  const struct slim_options_must_be_named *guard_;
  /* options */
  slim_tensor *weights;
  const char *metrics_collections, *updates_collections, *name;
  int num_thresholds;
  slim_curve curve;
  slim_summation summation_method;
  slim_class_id class_id;
  slim_flag strict_mode;
  int nbins;
} slim_metric_args;

/* --- means -------------------------------------------------------------------------------------------------------- */

/** sum(weights * values) / sum(weights); 0 while nothing has been counted. Name "mean".
 * Errors: SLIM_ERR_SHAPE when weights do not fit, here and below. */
SLIM_API slim_metric slim_streaming_mean(const slim_metric_args *args);
/** The mean of each element of values, which have no open batch. Name "mean". @return the shape of values. */
SLIM_API slim_metric slim_streaming_mean_tensor(const slim_metric_args *args);
/** The share of predictions that equal labels: integers or bools (in any mix), or both float32. Name "accuracy". */
SLIM_API slim_metric slim_streaming_accuracy(const slim_metric_args *args);
/** The share of rows of predictions [n, classes] whose label ([n] or [n, 1], int32 or int64) is among the k largest;
 * ties count as in. Name "recall_at_<k>". */
SLIM_API slim_metric slim_streaming_recall_at_k(const slim_metric_args *args);
/** The mean of |predictions - labels|. Name "mean_absolute_error". */
SLIM_API slim_metric slim_streaming_mean_absolute_error(const slim_metric_args *args);
/** The mean of (predictions - labels)^2. Name "mean_squared_error". */
SLIM_API slim_metric slim_streaming_mean_squared_error(const slim_metric_args *args);
/** The root of that. Name "root_mean_squared_error". */
SLIM_API slim_metric slim_streaming_root_mean_squared_error(const slim_metric_args *args);
/** The mean of |predictions - labels| / normalizer, 0 where that is 0. Name "mean_relative_error". */
SLIM_API slim_metric slim_streaming_mean_relative_error(const slim_metric_args *args);
/** 1 - the mean of sum(predictions * labels) over axis; both are of length 1 along it. Name "mean_cosine_distance". */
SLIM_API slim_metric slim_streaming_mean_cosine_distance(const slim_metric_args *args);
/** The share of values below threshold. Name "percentage_below_threshold". */
SLIM_API slim_metric slim_streaming_percentage_less(const slim_metric_args *args);
/** The number of values, or the sum of their weights. Name "count". */
SLIM_API slim_metric slim_count(const slim_metric_args *args);
/** Of this batch alone, not streaming: the weighted mean of equality. It takes weights and name ("accuracy"). */
SLIM_API slim_tensor *slim_accuracy(const slim_metric_args *args);

/* --- counts: what is not 0 is positive ---------------------------------------------------------------------------- */

/** The number of labels and predictions that are both positive, or the sum of their weights. Name "true_positives". */
SLIM_API slim_metric slim_streaming_true_positives(const slim_metric_args *args);
/** Of those that are both not. Name "true_negatives". */
SLIM_API slim_metric slim_streaming_true_negatives(const slim_metric_args *args);
/** Of positive predictions whose label is not. Name "false_positives". */
SLIM_API slim_metric slim_streaming_false_positives(const slim_metric_args *args);
/** Of positive labels whose prediction is not. Name "false_negatives". */
SLIM_API slim_metric slim_streaming_false_negatives(const slim_metric_args *args);
/** tp / (tp + fp), 0 when empty, as all of these. Name "precision". */
SLIM_API slim_metric slim_streaming_precision(const slim_metric_args *args);
/** tp / (tp + fn). Name "recall". */
SLIM_API slim_metric slim_streaming_recall(const slim_metric_args *args);
/** fp / (fp + tn). Name "false_positive_rate". */
SLIM_API slim_metric slim_streaming_false_positive_rate(const slim_metric_args *args);
/** fn / (fn + tp). Name "false_negative_rate". */
SLIM_API slim_metric slim_streaming_false_negative_rate(const slim_metric_args *args);

/* --- the same at each of T thresholds, [T]: float32 predictions above it are positive ----------------------------- */

/** As slim_streaming_true_positives; in the variable "true_positives", with a name in that scope. */
SLIM_API slim_metric slim_streaming_true_positives_at_thresholds(const slim_metric_args *args);
/** As slim_streaming_true_negatives. */
SLIM_API slim_metric slim_streaming_true_negatives_at_thresholds(const slim_metric_args *args);
/** As slim_streaming_false_positives. */
SLIM_API slim_metric slim_streaming_false_positives_at_thresholds(const slim_metric_args *args);
/** As slim_streaming_false_negatives. */
SLIM_API slim_metric slim_streaming_false_negatives_at_thresholds(const slim_metric_args *args);
/** tp / (1e-7 + tp + fp). Name "precision_at_thresholds". */
SLIM_API slim_metric slim_streaming_precision_at_thresholds(const slim_metric_args *args);
/** tp / (1e-7 + tp + fn). Name "recall_at_thresholds". */
SLIM_API slim_metric slim_streaming_recall_at_thresholds(const slim_metric_args *args);
/** fp / (1e-7 + fp + tn). Name "false_positive_rate_at_thresholds". */
SLIM_API slim_metric slim_streaming_false_positive_rate_at_thresholds(const slim_metric_args *args);
/** fn / (1e-7 + fn + tp). Name "false_negative_rate_at_thresholds". */
SLIM_API slim_metric slim_streaming_false_negative_rate_at_thresholds(const slim_metric_args *args);

/* --- curves: over num_thresholds (200) from just below 0 to just above 1 ------------------------------------------ */

/** The area under curve (SLIM_ROC), summed up by summation_method (SLIM_TRAPEZOIDAL). thresholds: these, between the
 * two at the ends, instead of a number of them. Name "auc". */
SLIM_API slim_metric slim_streaming_auc(const slim_metric_args *args);
/** The points of curve: [num_thresholds, 2]. Name "curve_points". */
SLIM_API slim_metric slim_streaming_curve_points(const slim_metric_args *args);
/** The largest 2 * precision * recall / (precision + recall) at any threshold. Name "f1". */
SLIM_API slim_metric slim_f1_score(const slim_metric_args *args);
/** tp / (tp + fn) at the first threshold where tn / (tn + fp) is nearest to specificity. Name
 * "sensitivity_at_specificity". Errors: SLIM_ERR_ARG when it is not from 0 to 1, here and below. */
SLIM_API slim_metric slim_streaming_sensitivity_at_specificity(const slim_metric_args *args);
/** tn / (tn + fp) at the last threshold where tp / (tp + fn) is nearest to sensitivity. Name
 * "specificity_at_sensitivity". */
SLIM_API slim_metric slim_streaming_specificity_at_sensitivity(const slim_metric_args *args);
/** Recall at the first threshold where precision is nearest to the target; with strict_mode, where it is least above
 * it, 0 when it is nowhere. Name "recall_at_precision". */
SLIM_API slim_metric slim_recall_at_precision(const slim_metric_args *args);
/** Precision at the last threshold whose recall reaches the target. Name "precision_at_recall". */
SLIM_API slim_metric slim_precision_at_recall(const slim_metric_args *args);

/** The area under the ROC curve, from nbins (100) counts of scores between low and high, for positive labels and for
 * others; scores outside count at the ends. NaN while a kind of label is missing. Name "auc_using_histogram".
 * Errors: SLIM_ERR_ARG when high is not above low. */
SLIM_API slim_metric slim_auc_using_histogram(const slim_metric_args *args);

/** All at num_thresholds thresholds, [num_thresholds]. update gives the counts of all buckets. */
typedef struct slim_precision_recall {
  slim_tensor *tp, *fp, *tn, *fn, *precision, *recall, *thresholds, *update;
} slim_precision_recall;

/** Counts at num_thresholds (201) thresholds from 0 to 1 in one sweep over predictions, which are from 0 to 1 (others
 * count nowhere) and positive from a threshold on. metrics_collections get precision. Name
 * "precision_recall_at_equal_thresholds". */
SLIM_API slim_precision_recall slim_precision_recall_at_equal_thresholds(const slim_metric_args *args);

/* --- the matrix of labels against predictions: integers below num_classes, others count nowhere ------------------- */

/** The mean over classes that were seen of both / (labelled + predicted - both). update gives the matrix [num_classes,
 * num_classes], rows by label. Name "mean_iou". Errors: SLIM_ERR_ARG when num_classes is not from 1 to 4096. */
SLIM_API slim_metric slim_streaming_mean_iou(const slim_metric_args *args);
/** Cohen's kappa: how much more often both agree than by chance. Name "cohen_kappa". */
SLIM_API slim_metric slim_cohen_kappa(const slim_metric_args *args);

/* --- sets: the k best of predictions [..., classes] against labels [..., count] or [...], integers ---------------- */

/* weights: of samples. class_id: SLIM_CLASS(2) counts only that class. What stands twice in a set counts once; labels
 * that are no class are never found. NaN while there is nothing to divide by. */

/** Of the k predictions, the share that are labels. Name "precision_at_<k>", with class_id
 * "precision_at_<k>_class<id>". */
SLIM_API slim_metric slim_streaming_sparse_precision_at_k(const slim_metric_args *args);
/** The same of predictions that are class numbers already, [..., k]. Name "precision_at_k". */
SLIM_API slim_metric slim_streaming_sparse_precision_at_top_k(const slim_metric_args *args);
/** Of the labels, the share that are among the k predictions. Name "recall_at_<k>", with class_id as above. */
SLIM_API slim_metric slim_streaming_sparse_recall_at_k(const slim_metric_args *args);
/** The same of class numbers. Name "recall_at_k". */
SLIM_API slim_metric slim_sparse_recall_at_top_k(const slim_metric_args *args);
/** The mean over samples of: the sum, over each of the k predictions that is a label, of the precision of those up to
 * it, divided by k or by the number of labels that are classes, if that is smaller. Name "average_precision_at_<k>". */
SLIM_API slim_metric slim_streaming_sparse_average_precision_at_k(const slim_metric_args *args);
/** The same of class numbers. Name "average_precision_at_top_k". */
SLIM_API slim_metric slim_streaming_sparse_average_precision_at_top_k(const slim_metric_args *args);

/* --- maps --------------------------------------------------------------------------------------------------------- */

/** A metric under the name that reports it. */
typedef struct slim_named_metric {
  const char *name;
  slim_metric metric;
} slim_named_metric;

/** Names with their values and updates, in the order given; owned by the graph. */
typedef struct slim_metric_map {
  size_t count;
  const char *const *name; /* NULL from slim_aggregate_metrics */
  slim_tensors values, updates;
} slim_metric_map;

/** Errors: SLIM_ERR_ARG, on the graph of the metrics, when a name is missing or stands twice; the map is then empty. */
SLIM_API slim_metric_map slim_aggregate_metric_map(const slim_named_metric *metrics, size_t count);
/** Values and updates as lists. Errors: SLIM_ERR_ARG, on the graph of the others, when a metric is missing. */
SLIM_API slim_metric_map slim_aggregate_metrics(const slim_metric *metrics, size_t count);

#ifndef __cplusplus
#define SLIM_METRIC_(...) (&(slim_metric_args){ .struct_size = sizeof(slim_metric_args), __VA_ARGS__ })
#define SLIM_METRIC_PAIR_(predictions_, ...) SLIM_METRIC_(.predictions = (predictions_), .labels = __VA_ARGS__)
#define SLIM_METRIC_MORE_(predictions_, labels_, ...)                                                                  \
  SLIM_METRIC_(.predictions = (predictions_), .labels = (labels_), __VA_ARGS__)

#define slim_streaming_mean(...) (slim_streaming_mean)(SLIM_METRIC_(.predictions = __VA_ARGS__))
#define slim_streaming_mean_tensor(...) (slim_streaming_mean_tensor)(SLIM_METRIC_(.predictions = __VA_ARGS__))
#define slim_count(...) (slim_count)(SLIM_METRIC_(.predictions = __VA_ARGS__))
#define slim_streaming_percentage_less(values_, ...)                                                                   \
  (slim_streaming_percentage_less)(SLIM_METRIC_(.predictions = (values_), .threshold = __VA_ARGS__))
#define slim_streaming_accuracy(p_, ...) (slim_streaming_accuracy)(SLIM_METRIC_PAIR_(p_, __VA_ARGS__))
#define slim_accuracy(p_, ...) (slim_accuracy)(SLIM_METRIC_PAIR_(p_, __VA_ARGS__))
#define slim_streaming_recall_at_k(p_, y_, ...)                                                                        \
  (slim_streaming_recall_at_k)(SLIM_METRIC_MORE_(p_, y_, .k = __VA_ARGS__))
#define slim_streaming_mean_absolute_error(p_, ...)                                                                    \
  (slim_streaming_mean_absolute_error)(SLIM_METRIC_PAIR_(p_, __VA_ARGS__))
#define slim_streaming_mean_squared_error(p_, ...)                                                                     \
  (slim_streaming_mean_squared_error)(SLIM_METRIC_PAIR_(p_, __VA_ARGS__))
#define slim_streaming_root_mean_squared_error(p_, ...)                                                                \
  (slim_streaming_root_mean_squared_error)(SLIM_METRIC_PAIR_(p_, __VA_ARGS__))
#define slim_streaming_mean_relative_error(p_, y_, ...)                                                                \
  (slim_streaming_mean_relative_error)(SLIM_METRIC_MORE_(p_, y_, .normalizer = __VA_ARGS__))
#define slim_streaming_mean_cosine_distance(p_, y_, ...)                                                               \
  (slim_streaming_mean_cosine_distance)(SLIM_METRIC_MORE_(p_, y_, .axis = __VA_ARGS__))

#define slim_streaming_true_positives(p_, ...) (slim_streaming_true_positives)(SLIM_METRIC_PAIR_(p_, __VA_ARGS__))
#define slim_streaming_true_negatives(p_, ...) (slim_streaming_true_negatives)(SLIM_METRIC_PAIR_(p_, __VA_ARGS__))
#define slim_streaming_false_positives(p_, ...) (slim_streaming_false_positives)(SLIM_METRIC_PAIR_(p_, __VA_ARGS__))
#define slim_streaming_false_negatives(p_, ...) (slim_streaming_false_negatives)(SLIM_METRIC_PAIR_(p_, __VA_ARGS__))
#define slim_streaming_precision(p_, ...) (slim_streaming_precision)(SLIM_METRIC_PAIR_(p_, __VA_ARGS__))
#define slim_streaming_recall(p_, ...) (slim_streaming_recall)(SLIM_METRIC_PAIR_(p_, __VA_ARGS__))
#define slim_streaming_false_positive_rate(p_, ...)                                                                    \
  (slim_streaming_false_positive_rate)(SLIM_METRIC_PAIR_(p_, __VA_ARGS__))
#define slim_streaming_false_negative_rate(p_, ...)                                                                    \
  (slim_streaming_false_negative_rate)(SLIM_METRIC_PAIR_(p_, __VA_ARGS__))
#define slim_streaming_true_positives_at_thresholds(p_, y_, ...)                                                       \
  (slim_streaming_true_positives_at_thresholds)(SLIM_METRIC_MORE_(p_, y_, .thresholds = __VA_ARGS__))
#define slim_streaming_true_negatives_at_thresholds(p_, y_, ...)                                                       \
  (slim_streaming_true_negatives_at_thresholds)(SLIM_METRIC_MORE_(p_, y_, .thresholds = __VA_ARGS__))
#define slim_streaming_false_positives_at_thresholds(p_, y_, ...)                                                      \
  (slim_streaming_false_positives_at_thresholds)(SLIM_METRIC_MORE_(p_, y_, .thresholds = __VA_ARGS__))
#define slim_streaming_false_negatives_at_thresholds(p_, y_, ...)                                                      \
  (slim_streaming_false_negatives_at_thresholds)(SLIM_METRIC_MORE_(p_, y_, .thresholds = __VA_ARGS__))
#define slim_streaming_precision_at_thresholds(p_, y_, ...)                                                            \
  (slim_streaming_precision_at_thresholds)(SLIM_METRIC_MORE_(p_, y_, .thresholds = __VA_ARGS__))
#define slim_streaming_recall_at_thresholds(p_, y_, ...)                                                               \
  (slim_streaming_recall_at_thresholds)(SLIM_METRIC_MORE_(p_, y_, .thresholds = __VA_ARGS__))
#define slim_streaming_false_positive_rate_at_thresholds(p_, y_, ...)                                                  \
  (slim_streaming_false_positive_rate_at_thresholds)(SLIM_METRIC_MORE_(p_, y_, .thresholds = __VA_ARGS__))
#define slim_streaming_false_negative_rate_at_thresholds(p_, y_, ...)                                                  \
  (slim_streaming_false_negative_rate_at_thresholds)(SLIM_METRIC_MORE_(p_, y_, .thresholds = __VA_ARGS__))

#define SLIM_METRIC_REVERSED_(labels_, ...) SLIM_METRIC_(.labels = (labels_), .predictions = __VA_ARGS__)
#define SLIM_METRIC_TARGET_(labels_, predictions_, ...)                                                                \
  SLIM_METRIC_(.labels = (labels_), .predictions = (predictions_), .threshold = __VA_ARGS__)
#define slim_streaming_auc(p_, ...) (slim_streaming_auc)(SLIM_METRIC_PAIR_(p_, __VA_ARGS__))
#define slim_streaming_curve_points(y_, ...) (slim_streaming_curve_points)(SLIM_METRIC_REVERSED_(y_, __VA_ARGS__))
#define slim_f1_score(y_, ...) (slim_f1_score)(SLIM_METRIC_REVERSED_(y_, __VA_ARGS__))
#define slim_streaming_sensitivity_at_specificity(p_, y_, ...)                                                         \
  (slim_streaming_sensitivity_at_specificity)(SLIM_METRIC_TARGET_(y_, p_, __VA_ARGS__))
#define slim_streaming_specificity_at_sensitivity(p_, y_, ...)                                                         \
  (slim_streaming_specificity_at_sensitivity)(SLIM_METRIC_TARGET_(y_, p_, __VA_ARGS__))
#define slim_recall_at_precision(y_, p_, ...) (slim_recall_at_precision)(SLIM_METRIC_TARGET_(y_, p_, __VA_ARGS__))
#define slim_precision_at_recall(y_, p_, ...) (slim_precision_at_recall)(SLIM_METRIC_TARGET_(y_, p_, __VA_ARGS__))
#define slim_auc_using_histogram(y_, scores_, low_, ...)                                                               \
  (slim_auc_using_histogram)(SLIM_METRIC_(.labels = (y_), .predictions = (scores_), .low = (low_), .high = __VA_ARGS__))
#define slim_precision_recall_at_equal_thresholds(y_, ...)                                                             \
  (slim_precision_recall_at_equal_thresholds)(SLIM_METRIC_REVERSED_(y_, __VA_ARGS__))
#define slim_streaming_mean_iou(p_, y_, ...)                                                                           \
  (slim_streaming_mean_iou)(SLIM_METRIC_MORE_(p_, y_, .num_classes = __VA_ARGS__))
#define slim_cohen_kappa(y_, p_, ...) (slim_cohen_kappa)(SLIM_METRIC_MORE_(p_, y_, .num_classes = __VA_ARGS__))
#define slim_streaming_sparse_precision_at_k(p_, y_, ...)                                                              \
  (slim_streaming_sparse_precision_at_k)(SLIM_METRIC_MORE_(p_, y_, .k = __VA_ARGS__))
#define slim_streaming_sparse_precision_at_top_k(p_, ...)                                                              \
  (slim_streaming_sparse_precision_at_top_k)(SLIM_METRIC_PAIR_(p_, __VA_ARGS__))
#define slim_streaming_sparse_recall_at_k(p_, y_, ...)                                                                 \
  (slim_streaming_sparse_recall_at_k)(SLIM_METRIC_MORE_(p_, y_, .k = __VA_ARGS__))
#define slim_sparse_recall_at_top_k(y_, ...) (slim_sparse_recall_at_top_k)(SLIM_METRIC_REVERSED_(y_, __VA_ARGS__))
#define slim_streaming_sparse_average_precision_at_k(p_, y_, ...)                                                      \
  (slim_streaming_sparse_average_precision_at_k)(SLIM_METRIC_MORE_(p_, y_, .k = __VA_ARGS__))
#define slim_streaming_sparse_average_precision_at_top_k(p_, ...)                                                      \
  (slim_streaming_sparse_average_precision_at_top_k)(SLIM_METRIC_PAIR_(p_, __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
