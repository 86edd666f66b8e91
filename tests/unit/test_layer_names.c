/* The names and shapes of layers' results and variables where the call gives no scope. */
#include "test_main.h"

#include "slim/slim.h"

#include <string.h>

static slim_graph *graph;
static slim_tensor *images, *rows, *volumes;

#define LAYER_CASE(name_, ...)                                                                                         \
  static slim_tensor *name_(void)                                                                                      \
  {                                                                                                                    \
    return __VA_ARGS__;                                                                                                \
  }
LAYER_CASE(up, slim_conv2d_transpose(images, 4, SLIM_HW(3, 2), .stride = SLIM_HW(2, 2)))
LAYER_CASE(up_valid, slim_convolution2d_transpose(images, 4, SLIM_HW(3, 1), .stride = SLIM_HW(1, 2),
                                                  .padding = SLIM_VALID, .normalizer = slim_batch_norm,
                                                  .activation = slim_identity))
LAYER_CASE(up_twice, slim_repeat(images, 2, slim_conv2d_transpose, 4, SLIM_HW(1, 1),
                                 .biases_initializer = SLIM_NO_INIT))
LAYER_CASE(row, slim_convolution1d(rows, 4, { 3 }, .stride = { 2 }))
LAYER_CASE(row_any, slim_convolution(rows, 4, { 3 }, .rate = { 2 }, .padding = SLIM_VALID))
LAYER_CASE(row_nchw, slim_conv1d(rows, 4, { 3 }, .data_format = SLIM_NCHW))
LAYER_CASE(row_twice, slim_repeat(rows, 2, slim_conv1d, 6, { 3 }, .biases_initializer = SLIM_NO_INIT))
LAYER_CASE(image_any, slim_convolution(images, 4, SLIM_HW(3, 3)))
LAYER_CASE(plane, slim_convolution2d_in_plane(images, SLIM_HW(2, 1), .stride = SLIM_HW(2, 2)))
LAYER_CASE(volume, slim_convolution3d(volumes, 4, SLIM_HW(3, 2), .depth = { .kernel = 5, .stride = 2 }))
LAYER_CASE(volume_nchw, slim_convolution(volumes, 4, { 3 }, .data_format = SLIM_NCHW, .padding = SLIM_VALID))
LAYER_CASE(up_volume, slim_conv3d_transpose(volumes, 4, { 3 }, .stride = { 2 }))
LAYER_CASE(pool_volume, slim_max_pool3d(volumes, { 2 }, .depth = { .stride = 1 }))
LAYER_CASE(pool_volume_nchw, slim_avg_pool3d(volumes, { 3 }, .data_format = SLIM_NCHW, .padding = SLIM_SAME))
LAYER_CASE(pool_any, slim_pool(rows, { 3 }, SLIM_AVG_POOLING))
LAYER_CASE(layer_norm, slim_layer_norm(images, .begin_params_axis = 1, .activation = slim_elu))
LAYER_CASE(instance_norm, slim_instance_norm(images, .center = SLIM_NO))
LAYER_CASE(group_norm, slim_group_norm(images, .groups = 3))
LAYER_CASE(normalizer, slim_conv2d(images, 4, { 3 }, .normalizer = slim_group_norm,
                                   .normalizer_args = SLIM_ARGS(.groups = 2), .scope = "c"))
LAYER_CASE(unit_norm, slim_unit_norm(images, 3))
LAYER_CASE(maxout, slim_maxout(rows, 2))
LAYER_CASE(keypoints, slim_spatial_softmax(images))
LAYER_CASE(linear, slim_linear(rows, 4))
LAYER_CASE(renorm, slim_batch_norm(rows, .renorm = SLIM_YES))

static const struct layer_case {
  const char *label;
  slim_tensor *(*build)(void);
  const char *result, *variables; /* "name shape"; of model variables all, in order */
} layers[] = {
  { "conv2d_transpose", up, "Conv2d_transpose/Relu:0 [?,16,16,4]",
    "Conv2d_transpose/weights [3,2,4,3], Conv2d_transpose/biases [4]" },
  { "conv2d_transpose_valid", up_valid, "Conv2d_transpose/BatchNorm/FusedBatchNorm:0 [?,10,16,4]",
    "Conv2d_transpose/weights [3,1,4,3], Conv2d_transpose/BatchNorm/beta [4], "
    "Conv2d_transpose/BatchNorm/moving_mean [4], Conv2d_transpose/BatchNorm/moving_variance [4]" },
  { "conv2d_transpose_repeated", up_twice, "Repeat/convolution2d_transpose_2/Relu:0 [?,8,8,4]",
    "Repeat/convolution2d_transpose_1/weights [1,1,4,3], Repeat/convolution2d_transpose_2/weights [1,1,4,4]" },
  { "conv1d", row, "Conv/Relu:0 [?,3,4]", "Conv/weights [3,6,4], Conv/biases [4]" },
  { "convolution", row_any, "Conv/Relu:0 [?,1,4]", "Conv/weights [3,6,4], Conv/biases [4]" },
  { "conv1d_nchw", row_nchw, "Conv/Relu:0 [?,4,6]", "Conv/weights [3,5,4], Conv/biases [4]" },
  { "conv1d_repeated", row_twice, "Repeat/convolution1d_2/Relu:0 [?,5,6]",
    "Repeat/convolution1d_1/weights [3,6,6], Repeat/convolution1d_2/weights [3,6,6]" },
  { "convolution_image", image_any, "Conv/Relu:0 [?,8,8,4]", "Conv/weights [3,3,3,4], Conv/biases [4]" },
  { "conv2d_in_plane", plane, "ConvInPlane/Relu:0 [?,4,4,3]", "ConvInPlane/weights [2,1,1,1], ConvInPlane/biases [3]" },
  { "conv3d", volume, "Conv/Relu:0 [?,2,5,6,4]", "Conv/weights [5,3,2,7,4], Conv/biases [4]" },
  { "conv3d_nchw", volume_nchw, "Conv/Relu:0 [?,4,3,4,5]", "Conv/weights [3,3,3,4,4], Conv/biases [4]" },
  { "conv3d_transpose", up_volume, "Conv3d_transpose/Relu:0 [?,8,10,12,4]",
    "Conv3d_transpose/weights [3,3,3,4,7], Conv3d_transpose/biases [4]" },
  { "max_pool3d", pool_volume, "MaxPool3D/Reshape_2:0 [?,3,2,3,7]", "" },
  { "avg_pool3d", pool_volume_nchw, "AvgPool3D/transpose_1:0 [?,4,3,3,4]", "" },
  { "pool", pool_any, "avg_pool/Reshape_1:0 [?,3,6]", "" },
  { "layer_norm", layer_norm, "LayerNorm/Elu:0 [?,8,8,3]", "LayerNorm/beta [8,8,3], LayerNorm/gamma [8,8,3]" },
  { "instance_norm", instance_norm, "InstanceNorm/mul_1:0 [?,8,8,3]", "InstanceNorm/gamma [3]" },
  { "group_norm", group_norm, "GroupNorm/Reshape_3:0 [?,8,8,3]", "GroupNorm/beta [3], GroupNorm/gamma [3]" },
  { "normalizer", normalizer, "c/Relu:0 [?,8,8,4]", "c/weights [3,3,3,4], c/GroupNorm/beta [4], c/GroupNorm/gamma [4]" },
  { "renorm", renorm, "BatchNorm/FusedBatchNorm:0 [?,5,6]",
    "BatchNorm/beta [6], BatchNorm/moving_mean [6], BatchNorm/moving_variance [6], BatchNorm/moving_stddev [6], "
    "BatchNorm/renorm_mean [6], BatchNorm/renorm_stddev [6]" },
  { "unit_norm", unit_norm, "UnitNorm/truediv:0 [?,8,8,3]", "" },
  { "maxout", maxout, "MaxOut/Max:0 [?,5,2]", "" },
  { "spatial_softmax", keypoints, "spatial_softmax/Reshape_1:0 [?,6]", "spatial_softmax/temperature []" },
  { "linear", linear, "fully_connected/BiasAdd:0 [?,5,4]",
    "fully_connected/weights [6,4], fully_connected/biases [4]" },
};

/* "name shape" behind what text holds, with a comma between. */
static void append(char *text, size_t size, const char *name, slim_shape shape)
{
  char dims[80];
  const size_t at = strlen(text);
  (void)snprintf(text + at, size - at, "%s%s %s", at ? ", " : "", name, slim_shape_format(&shape, dims, sizeof dims));
}

START_TEST(layer_has_tf_slims_names_and_shapes)
{
  const struct layer_case *c = &layers[_i];
  char result[200] = "", variables[2000] = "";
  graph = slim_graph_create(1);
  images = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 8, 8, 3), "images");
  rows = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 5, 6), "rows");
  volumes = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 4, 5, 6, 7), "volumes");
  slim_tensor *y = c->build();
  ck_assert_msg(slim_graph_status(graph) == SLIM_OK, "%s: %s", c->label, slim_graph_error(graph));
  append(result, sizeof result, slim_tensor_name(y), slim_tensor_shape(y));
  ck_assert_str_eq(result, c->result);
  const slim_tensors list = slim_get_model_variables(graph, NULL, NULL);
  for (size_t i = 0; i < list.count; i++) {
    append(variables, sizeof variables, slim_variable_full_name(list.item[i]), slim_tensor_shape(list.item[i]));
  }
  ck_assert_str_eq(variables, c->variables);
  slim_graph_destroy(graph);
}
END_TEST

START_TEST(legacy_variables_are_no_model_variables)
{
  char text[400] = "";
  graph = slim_graph_create(1);
  rows = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 5, 6), "rows");
  slim_tensor *y = slim_legacy_relu(rows, 4);
  y = slim_legacy_linear(y, 2, .variables_collections = "weights=mine", .outputs_collections = "net", .scope = "l",
                         .weights_regularizer = SLIM_L2(0.5f), .biases_initializer = SLIM_NO_INIT);
  y = slim_gdn(y, .scope = "g");
  ck_assert_str_eq(slim_graph_error(graph), "");
  ck_assert_uint_eq(slim_get_model_variables(graph, NULL, NULL).count, 0);
  ck_assert_uint_eq(slim_get_regularization_losses(graph, NULL).count, 1);
  const char *collections[] = { SLIM_GLOBAL_VARIABLES, SLIM_WEIGHTS, SLIM_BIASES, "mine", SLIM_ACTIVATIONS, "net" };
  const char *want[] = { ("fully_connected/weights:0 [6,4], fully_connected/bias:0 [4], l/weights:0 [4,2], "
                          "g/reparam_beta:0 [2], g/reparam_gamma:0 [2,2]"),
                         "fully_connected/weights:0 [6,4]",
                         "fully_connected/bias:0 [4]",
                         "l/weights:0 [4,2]",
                         "fully_connected/Relu:0 [?,5,4]",
                         "l/MatMul:0 [?,5,2]" };
  for (int i = 0; i < 6; i++) {
    const slim_tensors list = slim_get_collection(graph, collections[i], NULL);
    text[0] = '\0';
    for (size_t k = 0; k < list.count; k++) {
      append(text, sizeof text, slim_tensor_name(list.item[k]), slim_tensor_shape(list.item[k]));
    }
    ck_assert_str_eq(text, want[i]);
  }
  slim_graph_destroy(graph);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, layer_has_tf_slims_names_and_shapes, 0, sizeof layers / sizeof *layers);
  tcase_add_test(c, legacy_variables_are_no_model_variables);
}
TEST_MAIN("layer_names", build, NULL)
