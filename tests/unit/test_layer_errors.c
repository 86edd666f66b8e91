/* What layers, losses, metrics and nets refuse, in full, and how a failed graph goes on. */
#include "test_main.h"

#include "graph/graph.h"
#include "slim/slim.h"

#include <stdio.h>

static slim_graph *graph;
static slim_tensor *images, *labels, *wide;

static void open_graph(void)
{
  graph = slim_graph_create(1);
  images = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 8, 8, 3), "images");
  labels = slim_placeholder(graph, SLIM_INT64, SLIM_SHAPE(-1), "labels");
  wide = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 6), "wide");
}

static void close_graph(void)
{
  slim_graph_destroy(graph);
}

static void no_input(void)
{
  (void)(slim_conv2d)(SLIM_ARGS(.graph = graph, .num_outputs = 4, .kernel = { 3, 3 }, .scope = "a"));
}

static void no_outputs(void)
{
  (void)slim_conv2d(images, 0, SLIM_HW(3, 3));
}

static void no_kernel(void)
{
  (void)slim_conv2d(images, 4, SLIM_HW(3, -1), .scope = "a");
}

static void conv_of_rows(void)
{
  (void)slim_conv2d(wide, 4, SLIM_HW(3, 3));
}

static void kernel_too_large(void)
{
  SLIM_VARIABLE_SCOPE (graph, "vgg", SLIM_REUSE_UNSET) {
    (void)slim_conv2d(images, 4, SLIM_HW(9, 3), .padding = SLIM_VALID, .scope = "fc6");
  }
}

static void stride_and_rate(void)
{
  (void)slim_conv2d(images, 4, SLIM_HW(3, 3), .stride = SLIM_HW(2, 2), .rate = SLIM_HW(2, 2));
}

static void transpose_of_rows(void)
{
  (void)slim_conv2d_transpose(wide, 4, SLIM_HW(3, 3));
}

static void transpose_without_outputs(void)
{
  (void)slim_conv2d_transpose(images, -2, SLIM_HW(3, 3), .scope = "up");
}

static void transpose_without_kernel(void)
{
  (void)slim_conv2d_transpose(images, 4, SLIM_HW(0, 3), .scope = "up");
}

static void transpose_backwards(void)
{
  (void)slim_conv2d_transpose(images, 4, SLIM_HW(3, 3), .stride = SLIM_HW(2, -2), .scope = "up");
}

static void transpose_too_large(void)
{
  (void)slim_conv2d_transpose(images, 4, SLIM_HW(3, 3), .stride = SLIM_HW(1 << 29, 1), .scope = "up");
}

static void transpose_with_rate(void)
{
  (void)slim_conv2d_transpose(images, 4, SLIM_HW(3, 3), .rate = SLIM_HW(2, 2));
}

static void negative_outputs(void)
{
  (void)slim_separable_conv2d(images, -1, SLIM_HW(3, 3), .scope = "a");
}

static void negative_multiplier(void)
{
  (void)slim_separable_conv2d(images, 4, SLIM_HW(3, 3), .depth_multiplier = -2);
}

static void separable_without_kernel(void)
{
  (void)slim_separable_conv2d(images, 4, SLIM_HW(0, 3));
}

static void separable_of_rows(void)
{
  (void)slim_separable_conv2d(wide, 4, SLIM_HW(3, 3));
}

static void separable_too_large(void)
{
  (void)slim_separable_conv2d(images, 4, SLIM_HW(9, 3), .padding = SLIM_VALID, .scope = "a");
}

static void separable_stride_and_rate(void)
{
  (void)slim_separable_conv2d(images, 0, SLIM_HW(3, 3), .stride = SLIM_HW(2, 2), .rate = SLIM_HW(2, 2));
}

static void separable_foreign_option(void)
{
  (void)slim_separable_conv2d(images, 4, SLIM_HW(3, 3), .keep_prob = 0.5f, .scope = "a");
}

static void multiplier_of_conv(void)
{
  (void)slim_conv2d(images, 4, SLIM_HW(3, 3), .depth_multiplier = 2, .scope = "a");
}

static void foreign_option(void)
{
  (void)slim_conv2d(images, 4, SLIM_HW(3, 3), .keep_prob = 0.5f, .scope = "a");
}

static void existing_variable(void)
{
  (void)slim_conv2d(images, 4, SLIM_HW(3, 3), .scope = "a");
  (void)slim_conv2d(images, 4, SLIM_HW(3, 3), .scope = "a");
}

static void no_units(void)
{
  (void)slim_fully_connected(wide, -3);
}

static void connected_labels(void)
{
  (void)slim_fully_connected(labels, 3);
}

static void pool_too_large(void)
{
  (void)slim_max_pool2d(images, SLIM_HW(9, 9), .scope = "pool5");
}

static void pool_of_rows(void)
{
  (void)slim_avg_pool2d(wide, SLIM_HW(2, 2));
}

static void nchw_rows(void)
{
  (void)slim_batch_norm(wide, .data_format = SLIM_NCHW);
}

static void normalized_labels(void)
{
  (void)slim_batch_norm(labels);
}

static void never_kept(void)
{
  (void)slim_dropout(images, .keep_prob = SLIM_ZERO);
}

static void kept_too_often(void)
{
  (void)slim_dropout(images, .keep_prob = 1.5f, .scope = "d");
}

static void no_classes(void)
{
  (void)slim_one_hot_encoding(labels, 0);
}

static void classes_of_floats(void)
{
  (void)slim_one_hot_encoding(wide, 10);
}

static void negative_penalty(void)
{
  (void)slim_conv2d(images, 4, SLIM_HW(3, 3), .weights_regularizer = SLIM_L2(-1.0f));
}

static void softmax_of_labels(void)
{
  (void)slim_softmax(labels);
}

static void repeated_nothing(void)
{
  (void)slim_repeat(images, 2, NULL, 4, SLIM_HW(3, 3));
}

static void repeated_backwards(void)
{
  (void)slim_repeat(images, -1, slim_conv2d, 4, SLIM_HW(3, 3));
}

static void loss_without_labels(void)
{
  (void)slim_softmax_cross_entropy(wide, NULL);
}

static void loss_of_shapes(void)
{
  (void)slim_softmax_cross_entropy(wide, slim_one_hot_encoding(labels, 7));
}

static void loss_of_classes(void)
{
  (void)slim_sparse_softmax_cross_entropy(wide, wide, .scope = "loss");
}

static void loss_of_maps(void) /* slim_flatten is missing before the last layer */
{
  (void)slim_sparse_softmax_cross_entropy(slim_fully_connected(images, 4), labels, .scope = "loss");
}

static void loss_too_smooth(void)
{
  (void)slim_sigmoid_cross_entropy(wide, wide, .label_smoothing = 1.5f);
}

static void loss_of_weights(void)
{
  slim_tensor *weights = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 5), "weights");
  (void)slim_mean_squared_error(wide, wide, .weights = weights);
}

static void loss_option(void)
{
  (void)slim_mean_squared_error(wide, wide, .label_smoothing = 0.1f);
}

static void axis_of_nothing(void)
{
  (void)slim_cosine_distance(wide, wide, 2);
}

static void hinge_without_labels(void)
{
  (void)slim_hinge_loss(wide, NULL);
}

static void hinge_option(void)
{
  (void)slim_hinge_loss(wide, wide, .weights = labels, .scope = "a");
}

static void pairwise_weights(void)
{
  (void)slim_mean_pairwise_squared_error(wide, wide, .weights = wide);
}

static void pairwise_reduction(void)
{
  (void)slim_mean_pairwise_squared_error(wide, wide, .reduction = SLIM_SUM);
}

static void huber_of_shapes(void)
{
  (void)slim_huber_loss(wide, labels, .delta = 2.0f);
}

static void delta_of_log_loss(void)
{
  (void)slim_log_loss(wide, wide, .delta = 2.0f);
}

static void no_loss(void)
{
  (void)slim_get_total_loss(graph, true, NULL);
}

static void metric_of_shapes(void)
{
  (void)slim_streaming_accuracy(labels, slim_argmax(images, 3));
}

static void metric_without_labels(void)
{
  (void)slim_streaming_recall_at_k(wide, NULL, 5);
}

static void metric_of_weights(void)
{
  slim_tensor *weights = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 5), "weights");
  (void)slim_streaming_mean(wide, .weights = weights);
}

static void metric_named(void)
{
  (void)slim_streaming_mean_relative_error(wide, wide, NULL, .name = "mine");
}

static void metric_of_no_axis(void)
{
  (void)slim_streaming_mean_cosine_distance(wide, wide, 2);
}

static void metric_without_values(void)
{
  (void)slim_streaming_precision(NULL, labels);
}

static void metric_of_open_batch(void)
{
  (void)slim_streaming_mean_tensor(wide);
}

static void metric_without_thresholds(void)
{
  (void)slim_streaming_recall_at_thresholds(wide, wide, (slim_thresholds){ NULL, 0 });
}

static void auc_of_one_threshold(void)
{
  (void)slim_streaming_auc(wide, wide, .num_thresholds = 1);
}

static void auc_of_no_curve(void)
{
  (void)slim_streaming_auc(wide, wide, .curve = (slim_curve)7);
}

static void auc_of_no_method(void)
{
  (void)slim_streaming_auc(wide, wide, .summation_method = (slim_summation)9);
}

static void specificity_above_1(void)
{
  (void)slim_streaming_sensitivity_at_specificity(wide, wide, 1.5f);
}

static void iou_of_no_classes(void)
{
  (void)slim_streaming_mean_iou(labels, labels, 0);
}

static void kappa_of_one_class(void)
{
  (void)slim_cohen_kappa(labels, labels, 1);
}

static void sets_of_images(void)
{
  (void)slim_streaming_sparse_recall_at_k(images, labels, 2);
}

static void best_of_none(void)
{
  (void)slim_streaming_sparse_precision_at_k(wide, labels, 0);
}

static void best_of_too_many(void)
{
  (void)slim_streaming_sparse_average_precision_at_k(wide, labels, 7, .name = "a");
}

static void scores_of_no_range(void)
{
  (void)slim_auc_using_histogram(labels, slim_cast(labels, SLIM_FLOAT32), 0.5f, 0.5f);
}

static void histogram_of_one_bin(void)
{
  (void)slim_auc_using_histogram(labels, slim_cast(labels, SLIM_FLOAT32), 0.0f, 1.0f, .nbins = 1);
}

static void equal_thresholds_of_shapes(void)
{
  (void)slim_precision_recall_at_equal_thresholds(labels, wide);
}

static void metrics_without_tensors(void)
{
  (void)slim_aggregate_metrics((const slim_metric[]){ slim_streaming_mean(wide), { wide, NULL } }, 2);
}

static void metric_without_name(void)
{
  (void)slim_aggregate_metric_map((const slim_named_metric[]){ { NULL, slim_streaming_mean(wide) } }, 1);
}

static slim_tensor *embeddings(int rows)
{
  return slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(rows, 3), "embeddings");
}

static void triplets_of_open_batch(void)
{
  (void)slim_triplet_semihard_loss(labels, embeddings(-1));
}

static void lifted_images(void)
{
  (void)slim_lifted_struct_loss(labels, images);
}

static void pairs_of_one(void)
{
  (void)slim_contrastive_loss(labels, embeddings(-1), NULL);
}

static void pairs_that_differ(void)
{
  (void)slim_contrastive_loss(labels, embeddings(-1), wide);
}

static void npairs_of_other_labels(void)
{
  (void)slim_npairs_loss(wide, embeddings(5), embeddings(5));
}

static void metrics_of_one_name(void)
{
  const slim_metric m = slim_streaming_mean(wide);
  (void)slim_aggregate_metric_map((const slim_named_metric[]){ { "a", m }, { "a", m } }, 2);
}

static const struct refusal_case {
  void (*build)(void);
  slim_status status;
  const char *text;
} refusals[] = {
  { no_input, SLIM_ERR_ARG, "conv2d 'a': the input is missing" },
  { no_outputs, SLIM_ERR_ARG, "conv2d 'Conv': num_outputs is 0, must be at least 1" },
  { no_kernel, SLIM_ERR_ARG, "conv2d 'a': kernel [3,-1] must be at least 1" },
  { conv_of_rows, SLIM_ERR_SHAPE, "conv2d 'Conv': input [?,6] has rank 2, must have rank 4" },
  { kernel_too_large, SLIM_ERR_SHAPE,
    "conv2d 'vgg/fc6': kernel [9,3] with VALID padding does not fit the input [?,8,8,3]" },
  { stride_and_rate, SLIM_ERR_ARG, "conv2d 'Conv': stride [2,2] and rate [2,2] cannot both be above 1" },
  { transpose_of_rows, SLIM_ERR_SHAPE,
    "conv2d_transpose 'Conv2d_transpose': input [?,6] has rank 2, must have rank 4" },
  { transpose_without_outputs, SLIM_ERR_ARG, "conv2d_transpose 'up': num_outputs is -2, must be at least 1" },
  { transpose_without_kernel, SLIM_ERR_ARG, "conv2d_transpose 'up': kernel [0,3] must be at least 1" },
  { transpose_backwards, SLIM_ERR_ARG, "conv2d_transpose 'up': stride [2,-2] must be at least 1" },
  { transpose_too_large, SLIM_ERR_SHAPE,
    "conv2d_transpose 'up': stride [536870912,1] gives the input [?,8,8,3] too many pixels" },
  { transpose_with_rate, SLIM_ERR_ARG, "conv2d_transpose: does not take the option rate" },
  { negative_outputs, SLIM_ERR_ARG,
    "separable_conv2d 'a': num_outputs is -1, must be at least 1, or 0 for no pointwise part" },
  { negative_multiplier, SLIM_ERR_ARG,
    "separable_conv2d 'SeparableConv2d': depth_multiplier is -2, must be at least 1" },
  { separable_without_kernel, SLIM_ERR_ARG, "separable_conv2d 'SeparableConv2d': kernel [0,3] must be at least 1" },
  { separable_of_rows, SLIM_ERR_SHAPE, "separable_conv2d 'SeparableConv2d': input [?,6] has rank 2, must have rank 4" },
  { separable_too_large, SLIM_ERR_SHAPE,
    "separable_conv2d 'a': kernel [9,3] with VALID padding does not fit the input [?,8,8,3]" },
  { separable_stride_and_rate, SLIM_ERR_ARG,
    "separable_conv2d 'SeparableConv2d': stride [2,2] and rate [2,2] cannot both be above 1" },
  { separable_foreign_option, SLIM_ERR_ARG, "separable_conv2d 'a': does not take the option keep_prob" },
  { multiplier_of_conv, SLIM_ERR_ARG, "conv2d 'a': does not take the option depth_multiplier" },
  { foreign_option, SLIM_ERR_ARG, "conv2d 'a': does not take the option keep_prob" },
  { existing_variable, SLIM_ERR_EXISTS,
    "variable 'a/weights' already exists; set reuse in its scope to share it, or choose another scope" },
  { no_units, SLIM_ERR_ARG, "fully_connected 'fully_connected': num_outputs is -3, must be at least 1" },
  { connected_labels, SLIM_ERR_SHAPE,
    "fully_connected 'fully_connected': input [?] has rank 1, must have rank 2 or more" },
  { pool_too_large, SLIM_ERR_SHAPE,
    "max_pool2d 'pool5': kernel [9,9] with VALID padding does not fit the input [?,8,8,3]" },
  { pool_of_rows, SLIM_ERR_SHAPE, "avg_pool2d 'AvgPool2D': input [?,6] has rank 2, must have rank 4" },
  { nchw_rows, SLIM_ERR_SHAPE, "batch_norm 'BatchNorm': input [?,6] has rank 2, must have rank 4" },
  { normalized_labels, SLIM_ERR_SHAPE, "batch_norm 'BatchNorm': input [?] has rank 1, must have rank 2 or more" },
  { never_kept, SLIM_ERR_ARG, "dropout 'Dropout': keep_prob 0 must be above 0 and at most 1" },
  { kept_too_often, SLIM_ERR_ARG, "dropout 'd': keep_prob 1.5 must be above 0 and at most 1" },
  { no_classes, SLIM_ERR_ARG, "one_hot_encoding 'OneHotEncoding': num_classes is 0, must be at least 1" },
  { classes_of_floats, SLIM_ERR_TYPE,
    "one_hot_encoding 'OneHotEncoding': labels has type float32, must be int32 or int64" },
  { negative_penalty, SLIM_ERR_ARG, "regularizer of 'Conv/weights': scales 0 and -1 must not be negative" },
  { softmax_of_labels, SLIM_ERR_SHAPE, "softmax 'softmax': input [?] has rank 1, must have rank 2 or more" },
  { repeated_nothing, SLIM_ERR_ARG, "repeat: the layer is missing" },
  { repeated_backwards, SLIM_ERR_ARG, "repeat: -1 repetitions are not possible" },
  { loss_without_labels, SLIM_ERR_ARG, "softmax_cross_entropy: the labels are missing" },
  { loss_of_shapes, SLIM_ERR_SHAPE,
    "softmax_cross_entropy 'softmax_cross_entropy_loss': predictions [?,6] and labels [?,7] must have the same shape" },
  { loss_of_maps, SLIM_ERR_SHAPE,
    "sparse_softmax_cross_entropy 'loss': labels [?] have rank 1, must have rank 3 for logits [?,8,8,4]" },
  { loss_of_classes, SLIM_ERR_SHAPE, "sparse_softmax_cross_entropy 'loss': labels [?,6] has rank 2, must have rank 1" },
  { loss_too_smooth, SLIM_ERR_ARG,
    "sigmoid_cross_entropy 'sigmoid_cross_entropy_loss': label_smoothing 1.5 must be from 0 to 1" },
  { loss_of_weights, SLIM_ERR_SHAPE,
    "mean_squared_error 'mean_squared_error': weights [?,5] do not fit the losses [?,6]" },
  { loss_option, SLIM_ERR_ARG, "mean_squared_error: does not take the option label_smoothing" },
  { axis_of_nothing, SLIM_ERR_ARG, "cosine_distance 'cosine_distance_loss': predictions [?,6] have no axis 2" },
  { hinge_without_labels, SLIM_ERR_ARG, "hinge_loss: the labels are missing" },
  { hinge_option, SLIM_ERR_ARG, "hinge_loss 'a': does not take the option weights" },
  { pairwise_weights, SLIM_ERR_SHAPE,
    "mean_pairwise_squared_error 'mean_pairwise_squared_error': weights [?,6] do not fit the losses [?]" },
  { pairwise_reduction, SLIM_ERR_ARG, "mean_pairwise_squared_error: does not take the option reduction" },
  { huber_of_shapes, SLIM_ERR_SHAPE,
    "huber_loss 'huber_loss': predictions [?,6] and labels [?] must have the same shape" },
  { delta_of_log_loss, SLIM_ERR_ARG, "log_loss: does not take the option delta" },
  { no_loss, SLIM_ERR_STATE, "get_total_loss 'total_loss': there is no loss yet; call a loss first" },
  { metric_of_shapes, SLIM_ERR_SHAPE,
    "streaming_accuracy: predictions [?] and labels [?,8,8] must have the same shape" },
  { metric_without_labels, SLIM_ERR_ARG, "streaming_recall_at_k: the labels are missing" },
  { metric_of_weights, SLIM_ERR_SHAPE, "streaming_mean: weights [?,5] do not fit the values [?,6]" },
  { metric_named, SLIM_ERR_ARG, "streaming_mean_relative_error 'mine': the normalizer is missing" },
  { metric_of_no_axis, SLIM_ERR_ARG, "streaming_mean_cosine_distance: predictions [?,6] have no axis 2" },
  { metric_without_values, SLIM_ERR_ARG, "streaming_precision: the predictions are missing" },
  { metric_of_open_batch, SLIM_ERR_SHAPE,
    "streaming_mean_tensor: values [?,6] must have a known batch; slim_reshape gives it one" },
  { metric_without_thresholds, SLIM_ERR_ARG, "streaming_recall_at_thresholds: there are no thresholds" },
  { auc_of_one_threshold, SLIM_ERR_ARG, "streaming_auc: num_thresholds is 1, must be at least 2" },
  { auc_of_no_curve, SLIM_ERR_ARG, "streaming_auc: there is no curve number 7" },
  { auc_of_no_method, SLIM_ERR_ARG, "streaming_auc: there is no summation method number 9" },
  { specificity_above_1, SLIM_ERR_ARG, "streaming_sensitivity_at_specificity: the target 1.5 must be from 0 to 1" },
  { iou_of_no_classes, SLIM_ERR_ARG, "streaming_mean_iou: num_classes is 0, must be from 1 to 4096" },
  { kappa_of_one_class, SLIM_ERR_ARG, "cohen_kappa: num_classes is 1, must be from 2 to 4096" },
  { sets_of_images, SLIM_ERR_SHAPE,
    "streaming_sparse_recall_at_k: labels [?] must have the rank of predictions [?,8,8,3], or one less" },
  { best_of_none, SLIM_ERR_ARG,
    "streaming_sparse_precision_at_k: k is 0, must be from 1 to the last dimension of predictions [?,6]" },
  { best_of_too_many, SLIM_ERR_ARG,
    "streaming_sparse_average_precision_at_k 'a': k is 7, must be from 1 to the last dimension of predictions [?,6]" },
  { scores_of_no_range, SLIM_ERR_ARG, "auc_using_histogram: scores from 0.5 to 0.5 are none" },
  { histogram_of_one_bin, SLIM_ERR_ARG, "auc_using_histogram: nbins is 1, must be at least 2" },
  { equal_thresholds_of_shapes, SLIM_ERR_SHAPE,
    "precision_recall_at_equal_thresholds: predictions [?,6] and labels [?] must have the same shape" },
  { metrics_without_tensors, SLIM_ERR_ARG, "aggregate_metrics: metric 2 of 2 lacks its tensors" },
  { metric_without_name, SLIM_ERR_ARG, "aggregate_metric_map: metric 1 of 1 lacks its name" },
  { triplets_of_open_batch, SLIM_ERR_SHAPE,
    "triplet_semihard_loss: embeddings [?,3] must have a known batch; slim_reshape gives it one" },
  { lifted_images, SLIM_ERR_SHAPE, "lifted_struct_loss: embeddings [?,8,8,3] have rank 4, must have rank 2" },
  { pairs_of_one, SLIM_ERR_ARG, "contrastive_loss: the embeddings of the positives are missing" },
  { pairs_that_differ, SLIM_ERR_SHAPE, "contrastive_loss: embeddings [?,3] and [?,6] must have the same shape" },
  { npairs_of_other_labels, SLIM_ERR_SHAPE, "npairs_loss: labels [?,6] do not fit the embeddings [5,3]" },
  { metrics_of_one_name, SLIM_ERR_ARG, "aggregate_metric_map: two metrics are called 'a'" },
};

START_TEST(layer_says_what_was_wrong)
{
  const struct refusal_case *c = &refusals[_i];
  open_graph();
  c->build();
  ck_assert_str_eq(slim_graph_error(graph), c->text);
  ck_assert_int_eq(slim_graph_status(graph), c->status);
  ck_assert_str_eq(slim_variable_scope_name(graph), "");
  ck_assert_str_eq(slim_name_scope_current(graph), "");
  close_graph();
}
END_TEST

START_TEST(unknown_network_names_those_there_are)
{
  char wanted[SLIM_ERROR_TEXT] = "network 'lenat' is not known; there are: lenet";
  const slim_network *network = NULL;
  for (size_t i = 1; (network = slim_network_at(i)); i++) {
    const size_t at = strlen(wanted);
    (void)snprintf(wanted + at, sizeof wanted - at, ", %s", network->name);
  }
  open_graph();
  (void)slim_build_network("lenat", images, 0.0f, NULL);
  ck_assert_str_eq(slim_graph_error(graph), wanted);
  ck_assert_int_eq(slim_graph_status(graph), SLIM_ERR_NOT_FOUND);
  close_graph();
}
END_TEST

START_TEST(poison_passes_through_all_that_follows)
{
  open_graph();
  slim_tensor *net = slim_conv2d(images, 0, SLIM_HW(3, 3), .scope = "first");
  net = slim_max_pool2d(slim_conv2d(net, 4, SLIM_HW(3, 3), .scope = "second"), SLIM_HW(2, 2));
  net = slim_repeat(slim_dropout(slim_batch_norm(net)), 2, slim_conv2d, 4, SLIM_HW(3, 3));
  net = slim_softmax(slim_fully_connected(slim_flatten(net), 10));
  net = slim_reduce_sum(slim_add(net, slim_square(net)), SLIM_ALL_AXES, false);
  ck_assert(slim_is_poison(net));
  ck_assert(slim_is_poison(slim_softmax_cross_entropy(net, net)));
  ck_assert(slim_is_poison(slim_get_total_loss(graph, true, NULL)));
  ck_assert(slim_is_poison(slim_streaming_accuracy(net, labels).update));
  ck_assert_str_eq(slim_graph_error(graph), "conv2d 'first': num_outputs is 0, must be at least 1");
  close_graph();
}
END_TEST

START_TEST(null_graph_passes_through)
{
  slim_tensor *net = slim_lenet(NULL, &(slim_net_args){ .num_classes = 10 });
  ck_assert_ptr_null(net);
  ck_assert_ptr_null(slim_softmax_cross_entropy(NULL, NULL));
  ck_assert_ptr_null(slim_repeat(NULL, 2, slim_conv2d, 4, SLIM_HW(3, 3)));
  ck_assert_ptr_null(slim_streaming_mean(NULL).value);
  ck_assert_ptr_null(slim_accuracy(NULL, NULL));
  ck_assert_ptr_null(slim_get_total_loss(NULL, true, NULL));
  ck_assert_uint_eq(slim_aggregate_metric_map(NULL, 0).count, 0);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, layer_says_what_was_wrong, 0, sizeof refusals / sizeof *refusals);
  tcase_add_test(c, unknown_network_names_those_there_are);
  tcase_add_test(c, poison_passes_through_all_that_follows);
  tcase_add_test(c, null_graph_passes_through);
}
TEST_MAIN("layer_errors", build, NULL)
