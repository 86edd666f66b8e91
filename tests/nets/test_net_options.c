/* What options make of a network, and which are refused. */
#include "test_net.h"

#include "slim/slim.h"

#include <string.h>

/* Builds on images of this size. */
static slim_tensor *build_small(slim_graph *graph, const char *name, int size, const slim_net_args *args)
{
  slim_tensor *images = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, size, size, 3), "images");
  return slim_build_network(name, images, 0.0f, args);
}

/* SLIM_YES and SLIM_NO, as constants for tables. */
#define YES SLIM_FLAG_INIT_(1)
#define NO SLIM_FLAG_INIT_(2)

/* What options make of a net: the shape of the result and of an end point. */
static const struct {
  const char *name;
  int size;
  slim_net_args args;
  const char *shape, *end_point, *end_shape;
} options[] = {
  { "alexnet_v2", 224, { .num_classes = 5, .spatial_squeeze = NO }, "1x1x5", "alexnet_v2/fc8", "1x1x5" },
  { "alexnet_v2", 300, { .num_classes = 5, .global_pool = YES }, "5", "global_pool", "1x1x4096" },
  { "alexnet_v2", 224, { 0 }, "1x1x4096", "alexnet_v2/fc7", "1x1x4096" },
  { "vgg_a",
    64,
    { .num_classes = 5, .spatial_squeeze = NO, .fc_conv_padding = SLIM_SAME },
    "2x2x5",
    "vgg_a/pool5",
    "2x2x512" },
  { "vgg_16", 256, { .num_classes = 5, .global_pool = YES }, "5", "global_pool", "1x1x4096" },
  { "resnet_v1_50", 224, { 0 }, "1x1x2048", "resnet_v1_50/block4", "7x7x2048" },
  { "resnet_v1_50", 321, { .output_stride = 8, .global_pool = NO }, "41x41x2048", "resnet_v1_50/block1", "41x41x256" },
  { "resnet_v1_50",
    321,
    { .output_stride = 16, .global_pool = NO, .num_classes = 5, .spatial_squeeze = NO },
    "21x21x5",
    "predictions",
    "21x21x5" },
  { "resnet_v1_50", 321, { .output_stride = 4, .global_pool = NO }, "81x81x2048", "resnet_v1_50/block3", "81x81x1024" },
  { "resnet_v1_50", 224, { .store_non_strided_activations = YES }, "1x1x2048", "resnet_v1_50/block2", "28x28x512" },
  { "resnet_v1_50",
    224,
    { .store_non_strided_activations = YES, .output_stride = 8 },
    "1x1x2048",
    "resnet_v1_50/block3",
    "28x28x1024" },
  { "resnet_v1_50",
    56,
    { .include_root_block = NO, .output_stride = 8 },
    "1x1x2048",
    "resnet_v1_50/block4",
    "7x7x2048" },
  { "resnet_v1_50", 224, { .depth_multiplier = 0.1 }, "1x1x204", "resnet_v1_50/block1", "28x28x32" },
  { "resnet_v1_50", 224, { .depth_multiplier = 0.1, .min_depth = 4 }, "1x1x204", "resnet_v1_50/block1", "28x28x24" },
  { "resnet_v2_50", 225, { .output_stride = 8, .global_pool = NO }, "29x29x2048", "resnet_v2_50/block1", "29x29x256" },
  { "inception_v1", 224, { 0 }, "1x1x1024", "AvgPool_0a_7x7", "1x1x1024" },
  { "inception_v1", 320, { .num_classes = 5, .spatial_squeeze = NO }, "4x4x5", "Predictions", "4x4x5" },
  { "inception_v2", 128, { .num_classes = 5, .use_separable_conv = NO }, "5", "AvgPool_1a", "1x1x1024" },
  { "mobilenet_v1", 224, { 0 }, "1x1x1024", "Conv2d_13_pointwise", "7x7x1024" },
  { "mobilenet_v1", 224, { .output_stride = 16 }, "4x4x1024", "Conv2d_13_pointwise", "14x14x1024" },
  { "mobilenet_v1",
    224,
    { .output_stride = 8, .num_classes = 5, .global_pool = YES },
    "5",
    "Conv2d_12_depthwise",
    "28x28x512" },
  { "mobilenet_v1", 128, { .num_classes = 5, .spatial_squeeze = NO }, "1x1x5", "AvgPool_1a", "1x1x1024" },
  { "mobilenet_v1",
    224,
    { .num_classes = 5, .depth_multiplier = 0.1, .min_depth = 6 },
    "5",
    "Conv2d_1_pointwise",
    "112x112x6" },
  { "mobilenet_v1", 224, { .num_classes = 5, .prediction = slim_sigmoid }, "5", "Predictions", "5" },
  { "mobilenet_v1_050", 160, { .num_classes = 5 }, "5", "Conv2d_13_pointwise", "5x5x512" },
  { "mobilenet_v1_050", 160, { .depth_multiplier = 0.75 }, "1x1x768", "Conv2d_0", "80x80x24" },
  { "inception_v3", 299, { 0 }, "1x1x2048", "AvgPool_1a", "1x1x2048" },
  { "inception_v3", 150, { .num_classes = 5, .depth_multiplier = 0.5 }, "5", "Mixed_7c", "3x3x1024" },
  { "inception_v3",
    350,
    { .num_classes = 5, .global_pool = YES, .create_aux_logits = NO },
    "5",
    "global_pool",
    "1x1x2048" },
};

/* Has the net an auxiliary head with these options? */
static bool has_aux(const char *name, const slim_net_args *args)
{
  return args->num_classes && slim_flag_or(args->create_aux_logits, true) &&
         (!strcmp(name, "inception_v3") || !strcmp(name, "inception_v4") || !strcmp(name, "inception_resnet_v2"));
}

START_TEST(options_change_the_net)
{
  slim_graph *graph = slim_graph_create(1);
  const slim_tensor *net = build_small(graph, options[_i].name, options[_i].size, &options[_i].args);
  ck_assert_str_eq(slim_graph_error(graph), "");
  ck_assert_str_eq(test_dims(slim_tensor_shape(net), 1), options[_i].shape);
  const slim_tensor *end = slim_end_point(graph, SLIM_END_POINTS, options[_i].end_point);
  ck_assert_msg(end != NULL, "%s is missing", options[_i].end_point);
  ck_assert_str_eq(test_dims(slim_tensor_shape(end), 1), options[_i].end_shape);
  ck_assert_int_eq(slim_end_point(graph, SLIM_END_POINTS, "AuxLogits") != NULL,
                   has_aux(options[_i].name, &options[_i].args));
  slim_graph_destroy(graph);
}
END_TEST

static const struct {
  const char *name;
  int size;
  slim_net_args args;
  const char *error;
} wrong[] = {
  { "vgg_16", 256, { .num_classes = 5 }, "squeeze: axis 1 of 'vgg_16/fc8/BiasAdd:0' [?,2,2,5] must be 1" },
  { "resnet_v1_50", 65, { .output_stride = 10 }, "resnet_v1_50: the output_stride 10 cannot be reached" },
  { "resnet_v1_50", 65, { .output_stride = 64 }, "resnet_v1_50: the output_stride 64 cannot be reached" },
  { "resnet_v1_50", 65, { .depth_multiplier = -1 }, "resnet_v1_50: the depth_multiplier -1 must be above 0" },
  { "mobilenet_v1", 65, { .output_stride = 4 }, "MobilenetV1: the output_stride 4 must be 8, 16 or 32" },
  { "mobilenet_v1", 65, { .depth_multiplier = -1 }, "MobilenetV1: the depth_multiplier -1 must be above 0" },
  { "inception_v3", 107, { .depth_multiplier = -1 }, "InceptionV3: the depth_multiplier -1 must be above 0" },
  { "lenet", 28, { .depth_multiplier = 0.5 }, "LeNet: the net has no option depth_multiplier" },
  { "cifarnet", 32, { .spatial_squeeze = YES }, "CifarNet: the net has no option spatial_squeeze" },
  { "alexnet_v2", 224, { .fc_conv_padding = SLIM_SAME }, "alexnet_v2: the net has no option fc_conv_padding" },
  { "overfeat", 231, { .min_depth = 4 }, "overfeat: the net has no option min_depth" },
  { "vgg_16", 224, { .output_stride = 8 }, "vgg_16: the net has no option output_stride" },
  { "resnet_v1_50", 65, { .dropout_keep_prob = 0.5f }, "resnet_v1_50: the net has no option dropout_keep_prob" },
  { "resnet_v2_50", 65, { .prediction = slim_identity }, "resnet_v2_50: the net has no option prediction" },
  { "inception_v1", 193, { .use_separable_conv = YES }, "InceptionV1: the net has no option use_separable_conv" },
  { "inception_v2", 97, { .create_aux_logits = YES }, "InceptionV2: the net has no option create_aux_logits" },
  { "inception_v4", 107, { .global_pool = YES }, "InceptionV4: the net has no option global_pool" },
  { "inception_resnet_v2",
    107,
    { .include_root_block = YES },
    "InceptionResnetV2: the net has no option include_root_block" },
  { "mobilenet_v1",
    96,
    { .store_non_strided_activations = YES },
    "MobilenetV1: the net has no option store_non_strided_activations" },
};

START_TEST(wrong_options_are_refused)
{
  slim_graph *graph = slim_graph_create(1);
  (void)build_small(graph, wrong[_i].name, wrong[_i].size, &wrong[_i].args);
  ck_assert_str_eq(slim_graph_error(graph), wrong[_i].error);
  slim_graph_destroy(graph);
}
END_TEST

/* Depthwise weights have no penalty, and no predictions are made of logits that shall have none. */
START_TEST(mobilenet_is_built_as_in_tf_slim)
{
  slim_graph *graph = slim_graph_create(1);
  slim_tensor *images = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 64, 64, 3), "images");
  slim_tensor *net = slim_build_network("mobilenet_v1_025", images, 4e-5f,
                                        &(slim_net_args){ .num_classes = 5, .prediction = slim_identity });
  ck_assert_str_eq(slim_graph_error(graph), "");
  ck_assert_str_eq(slim_tensor_name(net), "MobilenetV1/Logits/SpatialSqueeze/Reshape:0");
  ck_assert_uint_eq(slim_get_collection(graph, SLIM_REGULARIZATION_LOSSES, NULL).count, 15);
  ck_assert_uint_eq(slim_get_collection(graph, SLIM_REGULARIZATION_LOSSES, "MobilenetV1/Conv2d_1_depthwise").count, 0);
  ck_assert_ptr_null(slim_end_point(graph, SLIM_END_POINTS, "Predictions"));
  ck_assert_ptr_eq(slim_end_point(graph, SLIM_END_POINTS, "Logits"), net);
  slim_graph_destroy(graph);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, options_change_the_net, 0, sizeof options / sizeof *options);
  tcase_add_loop_test(c, wrong_options_are_refused, 0, sizeof wrong / sizeof *wrong);
  tcase_add_test(c, mobilenet_is_built_as_in_tf_slim);
}
TEST_MAIN("net_options", build, test_net_available)
