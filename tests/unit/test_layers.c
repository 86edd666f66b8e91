/* Layers without running them: names, variables, shapes, collections. */
#include "test_main.h"

#include "ops/ops.h"
#include "slim/slim.h"

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

/* "c1/weights [3,3,3,4], c1/biases [4]": a collection's variables in order. */
static const char *variables(const char *collection)
{
  static char text[4000];
  const slim_tensors list = slim_get_collection(graph, collection, NULL);
  size_t at = 0;
  text[0] = '\0';
  for (size_t i = 0; i < list.count; i++) {
    char shape[80];
    const slim_shape s = slim_tensor_shape(list.item[i]);
    at += (size_t)snprintf(text + at, sizeof text - at, "%s%s %s", i ? ", " : "", slim_variable_full_name(list.item[i]),
                           slim_shape_format(&s, shape, sizeof shape));
  }
  return text;
}

/* "c1/Relu:0 [?,8,8,4]" */
static const char *words(const slim_tensor *tensor)
{
  static char text[400];
  char shape[80];
  const slim_shape s = slim_tensor_shape(tensor);
  (void)snprintf(text, sizeof text, "%s %s", slim_tensor_name(tensor), slim_shape_format(&s, shape, sizeof shape));
  return text;
}

/* --- results ------------------------------------------------------------------------------------------------------ */

static slim_tensor *conv(void)
{
  return slim_conv2d(images, 4, SLIM_HW(3, 3));
}

static slim_tensor *conv_square(void)
{
  return slim_conv2d(images, 4, SLIM_HW(3, 3), .stride = SLIM_HW(2, 2), .padding = SLIM_VALID, .scope = "c1");
}

static slim_tensor *conv_dilated(void)
{
  return slim_conv2d(images, 4, SLIM_HW(3, 2), .rate = SLIM_HW(2, 1), .padding = SLIM_VALID,
                     .activation = slim_identity, .biases_initializer = SLIM_NO_INIT);
}

static slim_tensor *conv_normalized(void)
{
  return slim_conv2d(images, 4, SLIM_HW(1, 1), .normalizer = slim_batch_norm,
                     .normalizer_args = SLIM_ARGS(.scale = SLIM_YES), .activation = slim_relu6);
}

static slim_tensor *conv_nchw(void)
{
  slim_tensor *x = slim_transpose(images, (const int[]){ 0, 3, 1, 2 }, 4);
  return slim_conv2d(x, 5, SLIM_HW(3, 3), .stride = SLIM_HW(2, 2), .data_format = SLIM_NCHW);
}

static slim_tensor *separable(void)
{
  return slim_separable_conv2d(images, 5, SLIM_HW(3, 2), .depth_multiplier = 2, .stride = SLIM_HW(2, 2));
}

static slim_tensor *separable_normalized(void)
{
  return slim_separable_conv2d(images, 5, SLIM_HW(3, 3), .normalizer = slim_batch_norm, .scope = "s");
}

static slim_tensor *depthwise(void)
{
  return slim_separable_conv2d(images, 0, SLIM_HW(3, 3), .depth_multiplier = 4, .rate = SLIM_HW(2, 2),
                               .padding = SLIM_VALID, .activation = slim_identity);
}

static slim_tensor *depthwise_normalized(void)
{
  return slim_separable_conv2d(images, 0, SLIM_HW(3, 3), .normalizer = slim_batch_norm, .activation = slim_relu6,
                               .scope = "Conv2d_1_depthwise");
}

static slim_tensor *separable_nchw(void)
{
  slim_tensor *x = slim_transpose(images, (const int[]){ 0, 3, 1, 2 }, 4);
  return slim_separable_conv2d(x, 6, SLIM_HW(3, 3), .stride = SLIM_HW(2, 2), .data_format = SLIM_NCHW);
}

static slim_tensor *separable_twice(void)
{
  return slim_repeat(images, 2, slim_separable_conv2d, 4, SLIM_HW(1, 1), .biases_initializer = SLIM_NO_INIT);
}

static slim_tensor *connected(void)
{
  return slim_fully_connected(wide, 7, .activation = slim_tanh);
}

static slim_tensor *connected_images(void)
{
  return slim_fully_connected(images, 7, .activation = slim_identity, .scope = "fc");
}

static slim_tensor *max_pool(void)
{
  return slim_max_pool2d(images, SLIM_HW(3, 2));
}

static slim_tensor *avg_pool(void)
{
  return slim_avg_pool2d(images, SLIM_HW(3, 3), .stride = SLIM_HW(1, 1), .padding = SLIM_SAME, .scope = "p");
}

static slim_tensor *normalized(void)
{
  return slim_batch_norm(images, .activation = slim_relu);
}

static slim_tensor *normalized_bare(void)
{
  return slim_batch_norm(wide, .center = SLIM_NO, .is_training = SLIM_NO, .scope = "bn");
}

static slim_tensor *flattened(void)
{
  return slim_flatten(images);
}

static slim_tensor *dropped(void)
{
  return slim_dropout(images, .keep_prob = 0.8f, .scope = "d");
}

static slim_tensor *kept(void)
{
  return slim_dropout(images, .is_training = SLIM_NO);
}

static slim_tensor *probabilities(void)
{
  return slim_softmax(wide, .scope = "Predictions");
}

static slim_tensor *encoded(void)
{
  return slim_one_hot_encoding(labels, 10);
}

static slim_tensor *biased(void)
{
  return slim_bias_add(images, .activation = slim_sigmoid);
}

static slim_tensor *same(void)
{
  return slim_identity(images);
}

static slim_tensor *repeated(void)
{
  return slim_repeat(images, 2, slim_conv2d, 4, SLIM_HW(3, 3));
}

static slim_tensor *repeated_in_scope(void)
{
  return slim_repeat(images, 2, slim_conv2d, 4, SLIM_HW(3, 3), .scope = "conv1");
}

static slim_tensor *stacked(void)
{
  return slim_stack(wide, slim_fully_connected, SLIM_ROWS(SLIM_ROW(3), SLIM_ROW(2)), .activation = slim_identity);
}

static slim_tensor *stacked_convs(void)
{
  return slim_stack(images, slim_conv2d, SLIM_ROWS(SLIM_ROW(3, SLIM_HW(3, 3)), SLIM_ROW(2, { 1, 1 })), .scope = "mix");
}

static const struct layer_case {
  const char *label;
  slim_tensor *(*build)(void);
  const char *result, *variables, *trainable;
} layers[] = {
  { "conv2d", conv, "Conv/Relu:0 [?,8,8,4]", "Conv/weights [3,3,3,4], Conv/biases [4]",
    "Conv/weights [3,3,3,4], Conv/biases [4]" },
  { "conv2d_square", conv_square, "c1/Relu:0 [?,3,3,4]", "c1/weights [3,3,3,4], c1/biases [4]",
    "c1/weights [3,3,3,4], c1/biases [4]" },
  { "conv2d_dilated", conv_dilated, "Conv/Conv2D:0 [?,4,7,4]", "Conv/weights [3,2,3,4]", "Conv/weights [3,2,3,4]" },
  { "conv2d_normalized", conv_normalized, "Conv/Relu6:0 [?,8,8,4]",
    "Conv/weights [1,1,3,4], Conv/BatchNorm/gamma [4], Conv/BatchNorm/beta [4], Conv/BatchNorm/moving_mean [4], "
    "Conv/BatchNorm/moving_variance [4]",
    "Conv/weights [1,1,3,4], Conv/BatchNorm/gamma [4], Conv/BatchNorm/beta [4]" },
  { "conv2d_nchw", conv_nchw, "Conv/Relu:0 [?,5,4,4]", "Conv/weights [3,3,3,5], Conv/biases [5]",
    "Conv/weights [3,3,3,5], Conv/biases [5]" },
  { "separable_conv2d", separable, "SeparableConv2d/Relu:0 [?,4,4,5]",
    "SeparableConv2d/depthwise_weights [3,2,3,2], SeparableConv2d/pointwise_weights [1,1,6,5], "
    "SeparableConv2d/biases [5]",
    "SeparableConv2d/depthwise_weights [3,2,3,2], SeparableConv2d/pointwise_weights [1,1,6,5], "
    "SeparableConv2d/biases [5]" },
  { "separable_conv2d_normalized", separable_normalized, "s/Relu:0 [?,8,8,5]",
    "s/depthwise_weights [3,3,3,1], s/pointwise_weights [1,1,3,5], s/BatchNorm/beta [5], s/BatchNorm/moving_mean [5], "
    "s/BatchNorm/moving_variance [5]",
    "s/depthwise_weights [3,3,3,1], s/pointwise_weights [1,1,3,5], s/BatchNorm/beta [5]" },
  { "separable_conv2d_depthwise", depthwise, "SeparableConv2d/BiasAdd:0 [?,4,4,12]",
    "SeparableConv2d/depthwise_weights [3,3,3,4], SeparableConv2d/biases [12]",
    "SeparableConv2d/depthwise_weights [3,3,3,4], SeparableConv2d/biases [12]" },
  { "separable_conv2d_mobilenet", depthwise_normalized, "Conv2d_1_depthwise/Relu6:0 [?,8,8,3]",
    "Conv2d_1_depthwise/depthwise_weights [3,3,3,1], Conv2d_1_depthwise/BatchNorm/beta [3], "
    "Conv2d_1_depthwise/BatchNorm/moving_mean [3], Conv2d_1_depthwise/BatchNorm/moving_variance [3]",
    "Conv2d_1_depthwise/depthwise_weights [3,3,3,1], Conv2d_1_depthwise/BatchNorm/beta [3]" },
  { "separable_conv2d_nchw", separable_nchw, "SeparableConv2d/Relu:0 [?,6,4,4]",
    "SeparableConv2d/depthwise_weights [3,3,3,1], SeparableConv2d/pointwise_weights [1,1,3,6], "
    "SeparableConv2d/biases [6]",
    "SeparableConv2d/depthwise_weights [3,3,3,1], SeparableConv2d/pointwise_weights [1,1,3,6], "
    "SeparableConv2d/biases [6]" },
  { "separable_conv2d_repeated", separable_twice, "Repeat/separable_convolution2d_2/Relu:0 [?,8,8,4]",
    "Repeat/separable_convolution2d_1/depthwise_weights [1,1,3,1], "
    "Repeat/separable_convolution2d_1/pointwise_weights [1,1,3,4], "
    "Repeat/separable_convolution2d_2/depthwise_weights [1,1,4,1], "
    "Repeat/separable_convolution2d_2/pointwise_weights [1,1,4,4]",
    "Repeat/separable_convolution2d_1/depthwise_weights [1,1,3,1], "
    "Repeat/separable_convolution2d_1/pointwise_weights [1,1,3,4], "
    "Repeat/separable_convolution2d_2/depthwise_weights [1,1,4,1], "
    "Repeat/separable_convolution2d_2/pointwise_weights [1,1,4,4]" },
  { "fully_connected", connected, "fully_connected/Tanh:0 [?,7]",
    "fully_connected/weights [6,7], fully_connected/biases [7]",
    "fully_connected/weights [6,7], fully_connected/biases [7]" },
  { "fully_connected_rank_4", connected_images, "fc/BiasAdd:0 [?,8,8,7]", "fc/weights [3,7], fc/biases [7]",
    "fc/weights [3,7], fc/biases [7]" },
  { "max_pool2d", max_pool, "MaxPool2D/MaxPool:0 [?,3,4,3]", "", "" },
  { "avg_pool2d", avg_pool, "p/AvgPool:0 [?,8,8,3]", "", "" },
  { "batch_norm", normalized, "BatchNorm/Relu:0 [?,8,8,3]",
    "BatchNorm/beta [3], BatchNorm/moving_mean [3], BatchNorm/moving_variance [3]", "BatchNorm/beta [3]" },
  { "batch_norm_bare", normalized_bare, "bn/FusedBatchNorm:0 [?,6]", "bn/moving_mean [6], bn/moving_variance [6]", "" },
  { "flatten", flattened, "Flatten/Reshape:0 [?,192]", "", "" },
  { "dropout", dropped, "d/dropout:0 [?,8,8,3]", "", "" },
  { "dropout_inference", kept, "images:0 [?,8,8,3]", "", "" },
  { "softmax", probabilities, "Predictions/Softmax:0 [?,6]", "", "" },
  { "one_hot_encoding", encoded, "OneHotEncoding/one_hot:0 [?,10]", "", "" },
  { "bias_add", biased, "BiasAdd/Sigmoid:0 [?,8,8,3]", "BiasAdd/biases [3]", "BiasAdd/biases [3]" },
  { "identity", same, "images:0 [?,8,8,3]", "", "" },
  { "repeat", repeated, "Repeat/convolution2d_2/Relu:0 [?,8,8,4]",
    "Repeat/convolution2d_1/weights [3,3,3,4], Repeat/convolution2d_1/biases [4], "
    "Repeat/convolution2d_2/weights [3,3,4,4], Repeat/convolution2d_2/biases [4]",
    "Repeat/convolution2d_1/weights [3,3,3,4], Repeat/convolution2d_1/biases [4], "
    "Repeat/convolution2d_2/weights [3,3,4,4], Repeat/convolution2d_2/biases [4]" },
  { "repeat_in_scope", repeated_in_scope, "conv1/conv1_2/Relu:0 [?,8,8,4]",
    "conv1/conv1_1/weights [3,3,3,4], conv1/conv1_1/biases [4], conv1/conv1_2/weights [3,3,4,4], conv1/conv1_2/biases "
    "[4]",
    "conv1/conv1_1/weights [3,3,3,4], conv1/conv1_1/biases [4], conv1/conv1_2/weights [3,3,4,4], conv1/conv1_2/biases "
    "[4]" },
  { "stack", stacked, "Stack/fully_connected_2/BiasAdd:0 [?,2]",
    "Stack/fully_connected_1/weights [6,3], Stack/fully_connected_1/biases [3], "
    "Stack/fully_connected_2/weights [3,2], Stack/fully_connected_2/biases [2]",
    "Stack/fully_connected_1/weights [6,3], Stack/fully_connected_1/biases [3], "
    "Stack/fully_connected_2/weights [3,2], Stack/fully_connected_2/biases [2]" },
  { "stack_in_scope", stacked_convs, "mix/mix_2/Relu:0 [?,8,8,2]",
    "mix/mix_1/weights [3,3,3,3], mix/mix_1/biases [3], mix/mix_2/weights [1,1,3,2], mix/mix_2/biases [2]",
    "mix/mix_1/weights [3,3,3,3], mix/mix_1/biases [3], mix/mix_2/weights [1,1,3,2], mix/mix_2/biases [2]" },
};

START_TEST(layer_has_tf_slims_names_and_shapes)
{
  const struct layer_case *c = &layers[_i];
  open_graph();
  slim_tensor *result = c->build();
  ck_assert_msg(slim_graph_status(graph) == SLIM_OK, "%s: %s", c->label, slim_graph_error(graph));
  ck_assert_str_eq(words(result), c->result);
  ck_assert_str_eq(variables(SLIM_MODEL_VARIABLES), c->variables);
  ck_assert_str_eq(variables(SLIM_GLOBAL_VARIABLES), c->variables);
  ck_assert_str_eq(variables(SLIM_TRAINABLE_VARIABLES), c->trainable);
  close_graph();
}
END_TEST

/* --- scopes, collections, reuse ----------------------------------------------------------------------------------- */

START_TEST(default_scopes_count_up_and_start_again)
{
  open_graph();
  slim_tensor *net = slim_conv2d(slim_conv2d(images, 4, SLIM_HW(3, 3)), 4, SLIM_HW(3, 3));
  ck_assert_str_eq(slim_tensor_name(net), "Conv_1/Relu:0");
  SLIM_VARIABLE_SCOPE (graph, "tower", SLIM_REUSE_UNSET) {
    net = slim_conv2d(images, 4, SLIM_HW(3, 3));
  }
  SLIM_VARIABLE_SCOPE (graph, "tower", SLIM_REUSE_YES) {
    net = slim_conv2d(images, 4, SLIM_HW(3, 3));
  }
  ck_assert_str_eq(slim_tensor_name(net), "tower_1/Conv/Relu:0");
  ck_assert_str_eq(variables(SLIM_MODEL_VARIABLES),
                   "Conv/weights [3,3,3,4], Conv/biases [4], Conv_1/weights [3,3,4,4], Conv_1/biases [4], "
                   "tower/Conv/weights [3,3,3,4], tower/Conv/biases [4]");
  ck_assert_int_eq(slim_graph_status(graph), SLIM_OK);
  close_graph();
}
END_TEST

START_TEST(arg_scope_gives_the_kernel)
{
  open_graph();
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d, slim_max_pool2d), .kernel = { 3 }, .stride = { 2 }) {
    const slim_tensor *net = slim_max_pool2d(slim_conv2d(images, 4, { 0 }), { 0 });
    const slim_tensor *other = slim_conv2d(images, 4, SLIM_HW(1, 5));
    ck_assert_int_eq(net->shape.dim[1], ((images->shape.dim[1] + 1) / 2 - 3) / 2 + 1);
    ck_assert_ptr_nonnull(other);
  }
  ck_assert_str_eq(variables(SLIM_MODEL_VARIABLES), "Conv/weights [3,3,3,4], Conv/biases [4], "
                                                    "Conv_1/weights [1,5,3,4], Conv_1/biases [4]");
  close_graph();
}
END_TEST

START_TEST(arg_scope_reaches_layer_and_normalizer)
{
  open_graph();
  slim_tensor *net = images;
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d), .normalizer = slim_batch_norm, .activation = slim_tanh) {
    SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_batch_norm), .is_training = SLIM_NO, .scale = SLIM_YES) {
      net = slim_conv2d(net, 4, SLIM_HW(3, 3), .scope = "a");
      net = slim_conv2d(net, 4, SLIM_HW(3, 3), .scope = "b", .activation = slim_relu);
    }
  }
  ck_assert_str_eq(slim_tensor_name(net), "b/Relu:0");
  ck_assert_ptr_nonnull(slim_graph_find(graph, "a/Tanh"));
  ck_assert_ptr_nonnull(slim_graph_find(graph, "a/BatchNorm/gamma"));
  ck_assert_uint_eq(slim_get_collection(graph, SLIM_UPDATE_OPS, NULL).count, 0);
  close_graph();
}
END_TEST

START_TEST(identity_as_normalizer_is_none)
{
  open_graph();
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d), .normalizer = slim_batch_norm,
                  .normalizer_args = SLIM_ARGS(.decay = 0.9f)) {
    (void)slim_conv2d(images, 3, SLIM_HW(1, 1), .normalizer = slim_identity, .scope = "logits");
  }
  ck_assert_str_eq(slim_graph_error(graph), "");
  ck_assert_uint_eq(slim_get_model_variables(graph, NULL, NULL).count, 2);
  ck_assert_ptr_nonnull(slim_graph_find(graph, "logits/biases"));
  close_graph();
}
END_TEST

START_TEST(outputs_are_collected_under_their_scope)
{
  open_graph();
  slim_tensor *net = images;
  SLIM_VARIABLE_SCOPE (graph, "net", SLIM_REUSE_UNSET) {
    SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d, slim_max_pool2d, slim_dropout, slim_flatten),
                    .outputs_collections = "ends") {
      net = slim_max_pool2d(slim_conv2d(net, 4, SLIM_HW(3, 3), .scope = "conv1"), SLIM_HW(2, 2), .scope = "pool1");
      net = slim_flatten(slim_dropout(net, .is_training = SLIM_NO, .scope = "drop"));
    }
  }
  const char *aliases[] = { "net/conv1", "net/pool1", "net/drop", "net/Flatten" };
  for (size_t i = 0; i < 4; i++) {
    ck_assert_str_eq(slim_end_point_alias(graph, "ends", i), aliases[i]);
  }
  ck_assert_str_eq(slim_tensor_name(slim_end_point(graph, "ends", "net/conv1")), "net/conv1/Relu:0");
  ck_assert_ptr_eq(slim_end_point(graph, "ends", "net/drop"), slim_end_point(graph, "ends", "net/pool1"));
  ck_assert_ptr_eq(slim_end_point(graph, "ends", "net/Flatten"), net);
  close_graph();
}
END_TEST

START_TEST(variables_collections_go_by_kind)
{
  open_graph();
  (void)slim_conv2d(images, 4, SLIM_HW(3, 3), .variables_collections = "all,weights=w,biases=b,weights=w2",
                    .scope = "a");
  ck_assert_str_eq(variables("all"), "a/weights [3,3,3,4], a/biases [4]");
  ck_assert_str_eq(variables("w"), "a/weights [3,3,3,4]");
  ck_assert_str_eq(variables("w2"), "a/weights [3,3,3,4]");
  ck_assert_str_eq(variables("b"), "a/biases [4]");
  ck_assert_str_eq(variables("weights"), "");
  close_graph();
}
END_TEST

/* Both weights of a separable convolution are of the kind "weights": collections, penalty, initial values. */
START_TEST(separable_weights_are_weights)
{
  open_graph();
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_separable_conv2d), .depth_multiplier = 2, .weights_initializer = SLIM_ONES,
                  .weights_regularizer = SLIM_L2(0.1f), .variables_collections = "weights=w,biases=b") {
    (void)slim_separable_conv2d(images, 4, SLIM_HW(3, 3), .scope = "a", .pointwise_initializer = SLIM_ZEROS);
    (void)slim_separable_conv2d(images, 4, SLIM_HW(1, 1), .scope = "b", .weights_regularizer = SLIM_NO_REG);
  }
  ck_assert_str_eq(slim_graph_error(graph), "");
  ck_assert_str_eq(variables("w"), "a/depthwise_weights [3,3,3,2], a/pointwise_weights [1,1,6,4], "
                                   "b/depthwise_weights [1,1,3,2], b/pointwise_weights [1,1,6,4]");
  ck_assert_str_eq(variables("b"), "a/biases [4], b/biases [4]");
  ck_assert_uint_eq(slim_get_collection(graph, SLIM_REGULARIZATION_LOSSES, NULL).count, 2);
  ck_assert_ptr_nonnull(slim_graph_find(graph, "a/depthwise_weights/Regularizer/l2_regularizer"));
  ck_assert_ptr_nonnull(slim_graph_find(graph, "a/pointwise_weights/Regularizer/l2_regularizer"));
  close_graph();
}
END_TEST

START_TEST(frozen_layer_trains_nothing)
{
  open_graph();
  (void)slim_conv2d(images, 4, SLIM_HW(3, 3), .normalizer = slim_batch_norm, .trainable = SLIM_NO,
                    .normalizer_args = SLIM_ARGS(.trainable = SLIM_NO));
  ck_assert_uint_eq(slim_get_trainable_variables(graph, NULL, NULL).count, 0);
  ck_assert_uint_eq(slim_get_model_variables(graph, NULL, NULL).count, 4);
  close_graph();
}
END_TEST

/* --- batch norm, regularizers, losses ----------------------------------------------------------------------------- */

static const slim_batch_norm_attr *norm_attr(const char *name)
{
  slim_tensor *tensor = slim_graph_find(graph, name);
  ck_assert_msg(tensor != NULL, "no %s", name);
  return tensor->node->attr;
}

START_TEST(batch_norm_updates_are_collected_or_in_place)
{
  open_graph();
  (void)slim_batch_norm(images, .scope = "a");
  const slim_tensors updates = slim_get_collection(graph, SLIM_UPDATE_OPS, NULL);
  ck_assert_uint_eq(updates.count, 2);
  ck_assert_str_eq(slim_tensor_name(updates.item[0]), "a/AssignMovingAvg:0");
  ck_assert_int_eq(updates.item[0]->node->stage, SLIM_STAGE_UPDATE);
  ck_assert_str_eq(updates.item[1]->node->inputs[0]->name, "a/moving_variance:0");
  ck_assert_int_eq(updates.item[1]->node->inputs[1]->output, 2);
  (void)slim_batch_norm(images, .updates_collections = "mine", .scope = "b");
  ck_assert_uint_eq(slim_get_collection(graph, "mine", NULL).count, 2);
  slim_tensor *net = slim_batch_norm(images, .updates_collections = "", .scope = "c");
  ck_assert_ptr_eq(net->node->op, &slim_op_group);
  ck_assert_int_eq(net->node->num_inputs, 3);
  ck_assert_uint_eq(slim_get_collection(graph, SLIM_UPDATE_OPS, NULL).count, 2);
  close_graph();
}
END_TEST

START_TEST(batch_norm_takes_the_fused_path_for_rank_2_and_4)
{
  open_graph();
  slim_tensor *rank_3 = slim_reshape(images, SLIM_SHAPE(0, 8, 24));
  (void)slim_batch_norm(images, .epsilon = 1e-5f, .scope = "a");
  (void)slim_batch_norm(wide, .epsilon = SLIM_ZERO, .scope = "b");
  (void)slim_batch_norm(rank_3, .epsilon = 1e-5f, .scope = "c");
  (void)slim_batch_norm(images, .scope = "d");
  ck_assert_float_eq(norm_attr("a/FusedBatchNorm")->epsilon, 1.001e-5f);
  ck_assert_float_eq(norm_attr("b/FusedBatchNorm")->epsilon, 1.001e-5f);
  ck_assert_float_eq(norm_attr("c/FusedBatchNorm")->epsilon, 1e-5f);
  ck_assert_float_eq(norm_attr("d/FusedBatchNorm")->epsilon, 0.001f);
  ck_assert_int_eq(norm_attr("a/FusedBatchNorm")->unbiased, 1);
  ck_assert_int_eq(norm_attr("b/FusedBatchNorm")->unbiased, 1);
  ck_assert_int_eq(norm_attr("c/FusedBatchNorm")->unbiased, 0);
  close_graph();
}
END_TEST

START_TEST(regularizers_add_losses_once)
{
  open_graph();
  (void)slim_conv2d(images, 4, SLIM_HW(3, 3), .weights_regularizer = SLIM_L2(0.1f), .biases_regularizer = SLIM_L1(0.2f),
                    .scope = "a");
  (void)slim_conv2d(images, 4, SLIM_HW(3, 3), .weights_regularizer = SLIM_L2(0.1f), .scope = "a",
                    .reuse = SLIM_REUSE_YES);
  (void)slim_conv2d(images, 4, SLIM_HW(3, 3), .weights_regularizer = SLIM_L2(0.0f), .scope = "b");
  const slim_tensors list = slim_get_regularization_losses(graph, NULL);
  ck_assert_uint_eq(list.count, 2);
  ck_assert_str_eq(slim_tensor_name(list.item[0]), "a/weights/Regularizer/l2_regularizer:0");
  ck_assert_str_eq(slim_tensor_name(list.item[1]), "a/biases/Regularizer/l1_regularizer:0");
  ck_assert_uint_eq(slim_get_regularization_losses(graph, "a/biases").count, 1);
  ck_assert_int_eq(slim_graph_status(graph), SLIM_OK);
  close_graph();
}
END_TEST

START_TEST(regularizers_add_up)
{
  const slim_regularizer list[] = { SLIM_L1(0.25f), SLIM_NO_REG, SLIM_L2(0.5f), { 0 }, SLIM_L1_L2(1.0f, 2.0f) };
  const slim_regularizer sum = slim_sum_regularizer(list, 5), none = slim_sum_regularizer(list + 1, 1);
  ck_assert_float_eq(sum.l1, 1.25f);
  ck_assert_float_eq(sum.l2, 2.5f);
  ck_assert_int_eq(none.kind, SLIM_NO_REG.kind);
  open_graph();
  (void)slim_conv2d(images, 4, SLIM_HW(3, 3), .scope = "a");
  slim_tensor *loss = slim_apply_regularization(sum, slim_get_model_variables(graph, NULL, NULL));
  ck_assert_ptr_eq(slim_get_regularization_losses(graph, NULL).item[0], loss);
  ck_assert_ptr_null(slim_apply_regularization(none, slim_get_model_variables(graph, NULL, NULL)));
  close_graph();
}
END_TEST

START_TEST(losses_are_collected_under_tf_slims_names)
{
  open_graph();
  slim_tensor *one_hot = slim_one_hot_encoding(labels, 6);
  (void)slim_softmax_cross_entropy(wide, one_hot, .label_smoothing = 0.1f);
  (void)slim_sparse_softmax_cross_entropy(wide, labels);
  (void)slim_sigmoid_cross_entropy(wide, one_hot, .weights = wide);
  (void)slim_mean_squared_error(wide, one_hot, .loss_collection = "");
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_absolute_difference, slim_add_loss), .loss_collection = "other") {
    (void)slim_add_loss(slim_absolute_difference(wide, one_hot));
  }
  (void)slim_log_loss(wide, one_hot, .scope = "mine");
  const char *names[] = { "softmax_cross_entropy_loss/value:0", "sparse_softmax_cross_entropy_loss/value:0",
                          "sigmoid_cross_entropy_loss/value:0", "mine/value:0" };
  const slim_tensors list = slim_get_losses(graph, NULL, NULL);
  ck_assert_uint_eq(list.count, 4);
  for (size_t i = 0; i < 4; i++) {
    ck_assert_str_eq(slim_tensor_name(list.item[i]), names[i]);
    ck_assert_int_eq(slim_tensor_shape(list.item[i]).rank, 0);
  }
  ck_assert_uint_eq(slim_get_losses(graph, NULL, "other").count, 2);
  ck_assert_uint_eq(slim_get_losses(graph, "s.*cross", NULL).count, 3);
  ck_assert_str_eq(words(slim_get_total_loss(graph, true, NULL)), "total_loss:0 []");
  close_graph();
}
END_TEST

START_TEST(losses_have_tf_slims_default_scopes)
{
  open_graph();
  slim_tensor *one_hot = slim_one_hot_encoding(labels, 6);
  ck_assert_str_eq(words(slim_huber_loss(wide, one_hot)), "huber_loss/value:0 []");
  ck_assert_str_eq(words(slim_cosine_distance(wide, one_hot, -1)), "cosine_distance_loss/value:0 []");
  ck_assert_str_eq(words(slim_mean_pairwise_squared_error(wide, one_hot)), "mean_pairwise_squared_error/value:0 []");
  ck_assert_uint_eq(slim_get_losses(graph, NULL, NULL).count, 3);
  ck_assert_str_eq(words(slim_hinge_loss(wide, one_hot)), "hinge_loss/Relu:0 [?,6]");
  ck_assert_str_eq(words(slim_hinge_loss(wide, one_hot)), "hinge_loss_1/Relu:0 [?,6]");
  ck_assert_uint_eq(slim_get_losses(graph, NULL, NULL).count, 3);
  close_graph();
}
END_TEST

START_TEST(metrics_are_collected_on_request)
{
  open_graph();
  const slim_metric mean =
      slim_streaming_mean(wide, .metrics_collections = "values,all", .updates_collections = "updates");
  const slim_metric recall =
      slim_streaming_recall(labels, labels, .metrics_collections = "all", .updates_collections = "updates,all");
  const slim_metric none = slim_streaming_mean(wide);
  const slim_tensors all = slim_get_collection(graph, "all", NULL),
                     updates = slim_get_collection(graph, "updates", NULL);
  ck_assert_uint_eq(slim_get_collection(graph, "values", NULL).count, 1);
  ck_assert_uint_eq(all.count, 3);
  ck_assert_ptr_eq(all.item[0], mean.value);
  ck_assert_ptr_eq(all.item[1], recall.value);
  ck_assert_ptr_eq(all.item[2], recall.update);
  ck_assert_uint_eq(updates.count, 2);
  ck_assert_ptr_eq(updates.item[0], mean.update);
  ck_assert_str_eq(slim_tensor_name(none.value), "mean_1/value:0");
  const slim_metric_map list = slim_aggregate_metrics((const slim_metric[]){ mean, recall }, 2);
  ck_assert_uint_eq(list.count, 2);
  ck_assert_ptr_null(list.name);
  ck_assert_ptr_eq(list.values.item[1], recall.value);
  ck_assert_ptr_eq(list.updates.item[0], mean.update);
  ck_assert_uint_eq(slim_aggregate_metrics(NULL, 0).count, 0);
  close_graph();
}
END_TEST

START_TEST(metrics_have_their_names_and_local_variables)
{
  open_graph();
  const slim_metric accuracy = slim_streaming_accuracy(slim_argmax(wide, -1), labels);
  const slim_metric recall = slim_streaming_recall_at_k(wide, labels, 5);
  const slim_metric mine = slim_streaming_mean(wide, .name = "mine");
  ck_assert_str_eq(slim_tensor_name(accuracy.value), "accuracy/value:0");
  ck_assert_str_eq(slim_tensor_name(accuracy.update), "accuracy/update_op:0");
  ck_assert_str_eq(slim_tensor_name(recall.update), "recall_at_5/update_op:0");
  ck_assert_str_eq(variables(SLIM_LOCAL_VARIABLES),
                   "accuracy/total [], accuracy/count [], recall_at_5/total [], recall_at_5/count [], mine/total [], "
                   "mine/count []");
  ck_assert_str_eq(variables(SLIM_GLOBAL_VARIABLES), "");
  const slim_metric_map map =
      slim_aggregate_metric_map((const slim_named_metric[]){ { "Accuracy", accuracy }, { "Mean", mine } }, 2);
  ck_assert_uint_eq(map.count, 2);
  ck_assert_str_eq(map.name[1], "Mean");
  ck_assert_ptr_eq(map.values.item[1], mine.value);
  ck_assert_ptr_eq(map.updates.item[0], accuracy.update);
  close_graph();
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, layer_has_tf_slims_names_and_shapes, 0, sizeof layers / sizeof *layers);
  tcase_add_test(c, default_scopes_count_up_and_start_again);
  tcase_add_test(c, arg_scope_gives_the_kernel);
  tcase_add_test(c, arg_scope_reaches_layer_and_normalizer);
  tcase_add_test(c, identity_as_normalizer_is_none);
  tcase_add_test(c, outputs_are_collected_under_their_scope);
  tcase_add_test(c, variables_collections_go_by_kind);
  tcase_add_test(c, separable_weights_are_weights);
  tcase_add_test(c, frozen_layer_trains_nothing);
  tcase_add_test(c, batch_norm_updates_are_collected_or_in_place);
  tcase_add_test(c, batch_norm_takes_the_fused_path_for_rank_2_and_4);
  tcase_add_test(c, regularizers_add_losses_once);
  tcase_add_test(c, regularizers_add_up);
  tcase_add_test(c, losses_are_collected_under_tf_slims_names);
  tcase_add_test(c, losses_have_tf_slims_default_scopes);
  tcase_add_test(c, metrics_are_collected_on_request);
  tcase_add_test(c, metrics_have_their_names_and_local_variables);
}
TEST_MAIN("layers", build, NULL)
