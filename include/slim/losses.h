/*
 * Losses: scalars that training makes small. Predictions or logits come first, labels second, options by name:
 *
 *   slim_softmax_cross_entropy(logits, one_hot_labels, .label_smoothing = 0.1f);
 *   slim_tensor *total = slim_get_total_loss(graph, true, NULL);
 *
 * Options of every loss that says no other: weights (a tensor, see slim_compute_weighted_loss), weight (1, one number
 * for all), reduction (SLIM_SUM_BY_NONZERO_WEIGHTS), loss_collection ("losses"; "" adds to none), scope. Arg scopes
 * reach them all. An average divides by what arrives when the graph runs, so that a short last batch counts rightly.
 */
#ifndef SLIM_LOSSES_H
#define SLIM_LOSSES_H

#include "slim/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Weighs losses (a tensor of any rank) and reduces them to the result.
 * weights: a scalar; [n]; or the shape of losses, each dimension 1 or equal, left out at the end or 1. They apply to
 * all that they are repeated along.
 * SUM_BY_NONZERO_WEIGHTS: sum(weights * losses) / number of losses whose weight is not 0; 0 if there is none. SUM: the
 * sum. MEAN: sum / sum of weights, 0 if that is 0. SUM_OVER_BATCH_SIZE: sum / number of losses. REDUCTION_NONE: the
 * weighed losses.
 * Default scope "weighted_loss". @return a scalar, except with REDUCTION_NONE.
 * Errors: SLIM_ERR_SHAPE if weights do not fit.
 */
SLIM_API slim_tensor *slim_compute_weighted_loss(const slim_args *args);

/** -sum(labels * log softmax(logits)) over the last axis; labels are rows of probabilities (one-hot) like logits.
 * label_smoothing s: labels * (1 - s) + s / classes. No gradient reaches labels. Scope "softmax_cross_entropy_loss". */
SLIM_API slim_tensor *slim_softmax_cross_entropy(const slim_args *args);
/** The same with labels as int32 or int64 class numbers, [n] or [n, 1] for logits [n, classes]; a number out of range
 * gives NaN. Scope "sparse_softmax_cross_entropy_loss". */
SLIM_API slim_tensor *slim_sparse_softmax_cross_entropy(const slim_args *args);
/** Per element: max(x, 0) - x * labels + log(1 + exp(-|x|)). label_smoothing s: labels * (1 - s) + s / 2. Scope
 * "sigmoid_cross_entropy_loss". */
SLIM_API slim_tensor *slim_sigmoid_cross_entropy(const slim_args *args);
/** (predictions - labels)^2, without a half. Scope "mean_squared_error". */
SLIM_API slim_tensor *slim_mean_squared_error(const slim_args *args);
/** |predictions - labels|. Scope "absolute_difference". */
SLIM_API slim_tensor *slim_absolute_difference(const slim_args *args);
/** -labels * log(p + epsilon) - (1 - labels) * log(1 - p + epsilon), epsilon 1e-7. Scope "log_loss". */
SLIM_API slim_tensor *slim_log_loss(const slim_args *args);
/** With e = |predictions - labels|: e^2 / 2 up to delta (1), delta * e - delta^2 / 2 above. Scope "huber_loss". */
SLIM_API slim_tensor *slim_huber_loss(const slim_args *args);
/** 1 - sum(predictions * labels) over axis, which the losses lack; both are of length 1 along it. axis is required.
 * Scope "cosine_distance_loss". Errors: SLIM_ERR_ARG when there is no such axis. */
SLIM_API slim_tensor *slim_cosine_distance(const slim_args *args);
/** max(0, 1 - (2 * labels - 1) * logits); labels are 0 or 1. As in TF-Slim it takes no option but scope
 * ("hinge_loss"), is not reduced and in no collection: slim_compute_weighted_loss does both.
 * @return the shape of logits. */
SLIM_API slim_tensor *slim_hinge_loss(const slim_args *args);
/** How much the differences between the elements of a sample differ: with d = predictions - labels and n elements a
 * sample, the sum over samples of weight * 2 * (sum(d^2) / n - (sum(d) / n)^2). weights: a scalar or [batch]; there is
 * no reduction. Scope "mean_pairwise_squared_error". @return a scalar. */
SLIM_API slim_tensor *slim_mean_pairwise_squared_error(const slim_args *args);

/* --- metric learning ---------------------------------------------------------------------------------------------- */

/** Embeddings are float32 [n, d]. The results are scalars and in no collection: slim_add_loss adds them. Labels come
 * first, as in TF-Slim. Losses that compare all samples with all need a known batch. TF-Slim's cluster_loss is left
 * out: its search for medoids is a loop on the host that asks scikit-learn for a score in each round. */
typedef struct slim_embedding_args {
  size_t struct_size; /* set by the macros */
  slim_tensor *labels, *embeddings, *positive;
  const struct slim_options_must_be_named *guard_;
  float margin;     /* how far apart others shall be (1) */
  float reg_lambda; /* of npairs losses: how much the lengths of embeddings cost (0.002) */
} slim_embedding_args;

/** Pairs of samples, with d the distance of embeddings and positive: the mean of
 * label * d^2 + (1 - label) * max(margin - d, 0)^2. labels: [n], 1 for pairs of one class, 0 for others.
 * Errors of all of these: SLIM_ERR_ARG, SLIM_ERR_SHAPE. */
SLIM_API slim_tensor *slim_contrastive_loss(const slim_embedding_args *args);
/** For each two samples of one class, with d the square of a distance: max(margin + d(anchor, positive) - d(anchor,
 * negative), 0), where negative is the nearest of another class that is further away than positive, or the furthest if
 * there is none; their sum over the number of such pairs, in both orders. labels: [n] integers. */
SLIM_API slim_tensor *slim_triplet_semihard_loss(const slim_embedding_args *args);
/** For each two samples of one class the distance and a smooth maximum of margin - distance of all that are of another
 * class than one of them; half the mean square of what is above 0. labels: [n] integers. */
SLIM_API slim_tensor *slim_lifted_struct_loss(const slim_embedding_args *args);
/** Cross entropy of the products of all embeddings (anchors) with all of positive against which have the same label,
 * and 0.25 * reg_lambda * (mean |anchor|^2 + mean |positive|^2). labels: [n] integers. */
SLIM_API slim_tensor *slim_npairs_loss(const slim_embedding_args *args);
/** The same against how many labels two samples share. labels: [n, classes], 1 for each label of a sample, else 0 (the
 * dense form of TF-Slim's list of sparse tensors). */
SLIM_API slim_tensor *slim_npairs_loss_multilabel(const slim_embedding_args *args);

/* --- collections -------------------------------------------------------------------------------------------------- */

/** Adds a loss of your own to loss_collection ("losses"). @return loss. */
SLIM_API slim_tensor *slim_add_loss(const slim_args *args);
/** Losses by scope (regular expression anchored at the start; NULL: all). collection NULL: "losses". */
SLIM_API slim_tensors slim_get_losses(slim_graph *graph, const char *scope, const char *collection);
/** Losses that regularizers added ("regularization_losses"), by scope. */
SLIM_API slim_tensors slim_get_regularization_losses(slim_graph *graph, const char *scope);
/** The sum of all losses and, if regularization, of all regularization losses. name NULL: "total_loss".
 * Errors: SLIM_ERR_STATE when there is no loss. */
SLIM_API slim_tensor *slim_get_total_loss(slim_graph *graph, bool regularization, const char *name);

#ifndef __cplusplus
#define SLIM_LOSS_(predictions_, ...) SLIM_ARGS(.input = (predictions_), .labels = __VA_ARGS__)
#define slim_compute_weighted_loss(...) (slim_compute_weighted_loss)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_softmax_cross_entropy(logits_, ...) (slim_softmax_cross_entropy)(SLIM_LOSS_(logits_, __VA_ARGS__))
#define slim_sparse_softmax_cross_entropy(logits_, ...)                                                                \
  (slim_sparse_softmax_cross_entropy)(SLIM_LOSS_(logits_, __VA_ARGS__))
#define slim_sigmoid_cross_entropy(logits_, ...) (slim_sigmoid_cross_entropy)(SLIM_LOSS_(logits_, __VA_ARGS__))
#define slim_mean_squared_error(predictions_, ...) (slim_mean_squared_error)(SLIM_LOSS_(predictions_, __VA_ARGS__))
#define slim_absolute_difference(predictions_, ...) (slim_absolute_difference)(SLIM_LOSS_(predictions_, __VA_ARGS__))
#define slim_log_loss(predictions_, ...) (slim_log_loss)(SLIM_LOSS_(predictions_, __VA_ARGS__))
#define slim_huber_loss(predictions_, ...) (slim_huber_loss)(SLIM_LOSS_(predictions_, __VA_ARGS__))
#define slim_cosine_distance(predictions_, labels_, ...)                                                               \
  (slim_cosine_distance)(SLIM_ARGS(.input = (predictions_), .labels = (labels_), .axis = __VA_ARGS__))
#define slim_hinge_loss(logits_, ...) (slim_hinge_loss)(SLIM_LOSS_(logits_, __VA_ARGS__))
#define slim_mean_pairwise_squared_error(predictions_, ...)                                                            \
  (slim_mean_pairwise_squared_error)(SLIM_LOSS_(predictions_, __VA_ARGS__))
#define SLIM_EMBEDDINGS_(labels_, ...)                                                                                 \
  (&(slim_embedding_args){ .struct_size = sizeof(slim_embedding_args), .labels = (labels_), .embeddings = __VA_ARGS__ })
#define SLIM_EMBEDDING_PAIRS_(labels_, anchor_, ...) SLIM_EMBEDDINGS_(labels_, (anchor_), .positive = __VA_ARGS__)
#define slim_contrastive_loss(y_, anchor_, ...) (slim_contrastive_loss)(SLIM_EMBEDDING_PAIRS_(y_, anchor_, __VA_ARGS__))
#define slim_triplet_semihard_loss(y_, ...) (slim_triplet_semihard_loss)(SLIM_EMBEDDINGS_(y_, __VA_ARGS__))
#define slim_lifted_struct_loss(y_, ...) (slim_lifted_struct_loss)(SLIM_EMBEDDINGS_(y_, __VA_ARGS__))
#define slim_npairs_loss(y_, anchor_, ...) (slim_npairs_loss)(SLIM_EMBEDDING_PAIRS_(y_, anchor_, __VA_ARGS__))
#define slim_npairs_loss_multilabel(y_, anchor_, ...)                                                                  \
  (slim_npairs_loss_multilabel)(SLIM_EMBEDDING_PAIRS_(y_, anchor_, __VA_ARGS__))
#define slim_add_loss(...) (slim_add_loss)(SLIM_ARGS(.input = __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
