/* What layers refuse that are made of several ops, in full. */
#include "test_main.h"

#include "graph/graph.h"
#include "slim/slim.h"

static slim_graph *graph;
static slim_tensor *images, *labels, *rows, *volumes, *wide;

static slim_tensor *zeros(int count)
{
  const float values[8] = { 0 };
  return slim_constant_tensor(graph, SLIM_FLOAT32, SLIM_SHAPE(count), values, "zeros");
}

#define REFUSAL(name_, ...)                                                                                            \
  static void name_(void)                                                                                              \
  {                                                                                                                    \
    (void)__VA_ARGS__;                                                                                                 \
  }
REFUSAL(row_of_images, slim_conv1d(images, 4, { 3 }))
REFUSAL(row_of_two, slim_conv1d(rows, 4, SLIM_HW(3, 5), .scope = "a"))
REFUSAL(row_of_strides, slim_conv1d(rows, 4, { 3 }, .stride = SLIM_HW(2, 1)))
REFUSAL(row_too_large, slim_conv1d(rows, 4, { 9 }, .padding = SLIM_VALID, .scope = "a"))
REFUSAL(convolution_of_two, slim_convolution(wide, 4, { 3 }))
REFUSAL(convolution_of_nothing, slim_convolution(rows, 0, { 3 }))
REFUSAL(plane_of_rows, slim_conv2d_in_plane(rows, { 3 }))
REFUSAL(plane_without_kernel, slim_conv2d_in_plane(images, { -1 }, .scope = "p"))
REFUSAL(volume_of_images, slim_conv3d(images, 4, { 3 }))
REFUSAL(volume_backwards, slim_conv3d(volumes, 4, { 3 }, .depth = { .stride = -1 }, .scope = "v"))
REFUSAL(volume_both, slim_conv3d(volumes, 4, { 3 }, .depth = { .stride = 2, .rate = 2 }))
REFUSAL(volume_of_slices, slim_conv3d(volumes, 4, { 3 }, .depth = { .kernel = 2000 }))
REFUSAL(volume_too_deep, slim_conv3d(volumes, 4, { 3 }, .depth = { .kernel = 5 }, .padding = SLIM_VALID))
REFUSAL(up_volume_of_rows, slim_conv3d_transpose(rows, 4, { 3 }))
REFUSAL(up_volume_too_large, slim_conv3d_transpose(volumes, 4, { 3 }, .depth = { .stride = 1 << 30 }))
REFUSAL(pool_volume_of_images, slim_max_pool3d(images, { 2 }))
REFUSAL(pool_of_no_type, slim_pool(images, { 2 }, SLIM_POOLING_UNSET, .scope = "p"))
REFUSAL(pool_of_two, slim_pool(wide, { 2 }, SLIM_MAX_POOLING))
REFUSAL(pool_with_both, slim_pool(images, { 2 }, SLIM_MAX_POOLING, .rate = { 2 }, .stride = { 3 }))
REFUSAL(pool_same_with_rate, slim_pool(rows, { 2 }, SLIM_MAX_POOLING, .rate = { 2 }, .padding = SLIM_SAME, .scope = "p"))
REFUSAL(pool_rate_too_large, slim_pool(volumes, { 2 }, SLIM_AVG_POOLING, .rate = { 3 }, .depth = { .rate = 4 }))
REFUSAL(layer_norm_of_labels, slim_layer_norm(labels))
REFUSAL(layer_norm_beyond, slim_layer_norm(rows, .begin_norm_axis = 3))
REFUSAL(layer_norm_of_batch, slim_layer_norm(rows, .begin_params_axis = -3, .scope = "n"))
REFUSAL(instance_norm_of_two, slim_instance_norm(wide))
REFUSAL(group_norm_uneven, slim_group_norm(images, .groups = 2, .scope = "g"))
REFUSAL(group_norm_many, slim_group_norm(images))
REFUSAL(group_norm_of_rows, slim_group_norm(rows, .groups = 2))
REFUSAL(group_norm_of_channels, slim_group_norm(images, .groups = 3, .reduction_axes = SLIM_AXIS(2) | SLIM_AXIS(3)))
REFUSAL(group_norm_beyond, slim_group_norm(images, .groups = 3, .channels_axis = -4))
REFUSAL(unit_norm_beyond, slim_unit_norm(rows, 3))
REFUSAL(maxout_uneven, slim_maxout(rows, 4))
REFUSAL(maxout_beyond, slim_maxout(rows, 2, .axis = 3, .scope = "m"))
REFUSAL(keypoints_of_rows, slim_spatial_softmax(rows))
REFUSAL(sequence_of_open_batch, slim_images_to_sequence(images))
REFUSAL(images_of_open_sequence, slim_sequence_to_images(rows, 5))
REFUSAL(images_too_high, slim_sequence_to_images(slim_reshape(rows, SLIM_SHAPE(2, 5, 6)), 3))
REFUSAL(gradient_scaled_wrongly, slim_scale_gradient(rows, wide))
REFUSAL(renorm_in_place, slim_batch_norm(images, .renorm = SLIM_YES, .updates_collections = ""))
REFUSAL(renorm_debiased, slim_batch_norm(images, .renorm = SLIM_YES, .zero_debias_moving_mean = SLIM_YES, .scope = "b"))
REFUSAL(renorm_weighed, slim_batch_norm(images, .renorm = SLIM_YES, .batch_weights = slim_cast(labels, SLIM_FLOAT32)))
REFUSAL(norm_weights_of_elements, slim_batch_norm(images, .batch_weights = wide))
REFUSAL(norm_weights_of_others,
        slim_batch_norm(slim_reshape(rows, SLIM_SHAPE(7, 6)), .batch_weights = zeros(5), .scope = "b"))
REFUSAL(norm_by_many, slim_batch_norm(images, .training = zeros(1)))
REFUSAL(dropout_by_many, slim_dropout(rows, .training = wide, .scope = "d"))
REFUSAL(dropout_of_other_rank, slim_dropout(rows, .noise_shape = { 2, { 0, 1 } }))
REFUSAL(dropout_of_other_size, slim_dropout(rows, .noise_shape = { 3, { 0, 2, 1 } }))
REFUSAL(gdn_of_two, slim_gdn(wide))
REFUSAL(legacy_of_labels, slim_legacy_fully_connected(labels, 3))
REFUSAL(legacy_of_nothing, slim_legacy_linear(wide, 0, .scope = "l"))
REFUSAL(sparse_of_floats, slim_dense_to_sparse(wide))
REFUSAL(renorm_random, slim_batch_norm(images, .renorm = SLIM_YES,
                                       .moving_variance_initializer = SLIM_RANDOM_UNIFORM(1, 2)))

static const struct refusal_case {
  void (*build)(void);
  slim_status status;
  const char *text;
} refusals[] = {
  { row_of_images, SLIM_ERR_SHAPE, "conv1d 'Conv': input [?,8,8,3] has rank 4, must have rank 3" },
  { row_of_two, SLIM_ERR_ARG, "conv1d 'a': kernel [3,5] must be one number" },
  { row_of_strides, SLIM_ERR_ARG, "conv1d 'Conv': stride [2,1] must be one number" },
  { row_too_large, SLIM_ERR_SHAPE, "conv1d 'a': kernel [1,9] with VALID padding does not fit the input [?,1,5,6]" },
  { convolution_of_two, SLIM_ERR_SHAPE, "convolution 'Conv': input [?,6] has rank 2, must have rank 3, 4 or 5" },
  { convolution_of_nothing, SLIM_ERR_ARG, "convolution 'Conv': num_outputs is 0, must be at least 1" },
  { plane_of_rows, SLIM_ERR_SHAPE, "conv2d_in_plane 'ConvInPlane': input [?,5,6] has rank 3, must have rank 4" },
  { plane_without_kernel, SLIM_ERR_ARG, "conv2d_in_plane 'p': kernel [-1,-1] must be at least 1" },
  { volume_of_images, SLIM_ERR_SHAPE, "conv3d 'Conv': input [?,8,8,3] has rank 4, must have rank 5" },
  { volume_backwards, SLIM_ERR_ARG, "conv3d 'v': depth: kernel 3, stride -1 and rate 1 must be at least 1" },
  { volume_both, SLIM_ERR_ARG, "conv3d 'Conv': depth: stride 2 and rate 2 cannot both be above 1" },
  { volume_of_slices, SLIM_ERR_ARG, "conv3d 'Conv': depth: kernel 2000 must be at most 1024" },
  { volume_too_deep, SLIM_ERR_SHAPE, "conv3d 'Conv': a kernel of depth 5 with VALID padding does not fit the depth 4" },
  { up_volume_of_rows, SLIM_ERR_SHAPE,
    "conv3d_transpose 'Conv3d_transpose': input [?,5,6] has rank 3, must have rank 5" },
  { up_volume_too_large, SLIM_ERR_SHAPE,
    "conv3d_transpose 'Conv3d_transpose': depth: stride 1073741824 gives 4 images too many" },
  { pool_volume_of_images, SLIM_ERR_SHAPE, "max_pool3d 'MaxPool3D': input [?,8,8,3] has rank 4, must have rank 5" },
  { pool_of_no_type, SLIM_ERR_ARG, "pool 'p': the pooling type is missing: SLIM_MAX_POOLING or SLIM_AVG_POOLING" },
  { pool_of_two, SLIM_ERR_SHAPE, "pool 'max_pool': input [?,6] has rank 2, must have rank 3, 4 or 5" },
  { pool_with_both, SLIM_ERR_ARG, "pool 'max_pool': stride [3,3] and rate [2,2] cannot both be above 1" },
  { pool_same_with_rate, SLIM_ERR_UNSUPPORTED, "pool 'p': SAME padding does not go with the rate [2,2]" },
  { pool_rate_too_large, SLIM_ERR_SHAPE,
    "pool 'avg_pool': kernel [2,2] with rate [3,3] does not fit the input [?,4,5,6,7]" },
  { layer_norm_of_labels, SLIM_ERR_SHAPE, "layer_norm 'LayerNorm': input [?] has rank 1, must have rank 2 or more" },
  { layer_norm_beyond, SLIM_ERR_ARG,
    "layer_norm 'LayerNorm': begin_norm_axis 3 and begin_params_axis 2 must be axes of the input [?,5,6] "
    "behind its batch" },
  { layer_norm_of_batch, SLIM_ERR_ARG,
    "layer_norm 'n': begin_norm_axis 1 and begin_params_axis 0 must be axes of the input [?,5,6] behind its batch" },
  { instance_norm_of_two, SLIM_ERR_SHAPE,
    "instance_norm 'InstanceNorm': input [?,6] has rank 2, must have rank 3 or more" },
  { group_norm_uneven, SLIM_ERR_ARG, "group_norm 'g': 2 groups do not divide 3 channels" },
  { group_norm_many, SLIM_ERR_ARG, "group_norm 'GroupNorm': 32 groups do not divide 3 channels" },
  { group_norm_of_rows, SLIM_ERR_SHAPE,
    "group_norm 'GroupNorm': input [?,5,6] has rank 3, must have rank 4 or more, or else name reduction_axes" },
  { group_norm_of_channels, SLIM_ERR_ARG, "group_norm 'GroupNorm': reduction_axes hold axis 3, that of the channels" },
  { group_norm_beyond, SLIM_ERR_ARG,
    "group_norm 'GroupNorm': channels_axis -4 and reduction_axes 0x6 must be axes of the input [?,8,8,3]" },
  { renorm_in_place, SLIM_ERR_ARG,
    "batch_norm 'BatchNorm': renorm is not supported with batch_weights, updates_collections or "
    "zero_debias_moving_mean" },
  { renorm_debiased, SLIM_ERR_ARG,
    "batch_norm 'b': renorm is not supported with batch_weights, updates_collections or "
    "zero_debias_moving_mean" },
  { renorm_weighed, SLIM_ERR_ARG,
    "batch_norm 'BatchNorm': renorm is not supported with batch_weights, updates_collections or "
    "zero_debias_moving_mean" },
  { norm_weights_of_elements, SLIM_ERR_SHAPE,
    "batch_norm 'BatchNorm': batch_weights [?,6] must be one for each sample of the input [?,8,8,3]" },
  { norm_weights_of_others, SLIM_ERR_SHAPE,
    "batch_norm 'b': batch_weights [5] must be one for each sample of the input [7,6]" },
  { norm_by_many, SLIM_ERR_SHAPE, "batch_norm 'BatchNorm': training 'zeros:0' [1] must be a scalar" },
  { dropout_by_many, SLIM_ERR_SHAPE, "dropout 'd': training 'wide:0' [?,6] must be a scalar" },
  { dropout_of_other_rank, SLIM_ERR_SHAPE,
    "dropout 'Dropout': noise_shape has rank 2, must have rank 3 as the input" },
  { dropout_of_other_size, SLIM_ERR_SHAPE,
    "dropout 'Dropout': the noise shape [?,2,1] must be 1 or like the input [?,5,6] on axis 1" },
  { gdn_of_two, SLIM_ERR_SHAPE, "gdn 'gdn': input [?,6] has rank 2, must have rank 3, 4 or 5" },
  { legacy_of_labels, SLIM_ERR_SHAPE,
    "legacy_fully_connected 'fully_connected': input [?] has rank 1, must have rank 2 or more" },
  { legacy_of_nothing, SLIM_ERR_ARG, "legacy_fully_connected 'l': num_outputs is 0, must be at least 1" },
  { sparse_of_floats, SLIM_ERR_TYPE,
    "dense_to_sparse 'dense_to_sparse': the input is float32 [?,6], must be int32 or int64 of rank 1 or more" },
  { renorm_random, SLIM_ERR_ARG, "batch_norm 'BatchNorm': moving_variance_initializer must be a constant with renorm" },
  { unit_norm_beyond, SLIM_ERR_ARG, "unit_norm 'UnitNorm': dim 3 must be an axis of the input [?,5,6]" },
  { maxout_uneven, SLIM_ERR_ARG, "maxout 'MaxOut': 6 features are not a multiple of 4 units" },
  { maxout_beyond, SLIM_ERR_ARG, "maxout 'm': axis 3 must be one of the input [?,5,6] behind its batch" },
  { keypoints_of_rows, SLIM_ERR_SHAPE,
    "spatial_softmax 'spatial_softmax': input [?,5,6] has rank 3, must have rank 4" },
  { sequence_of_open_batch, SLIM_ERR_SHAPE,
    "images_to_sequence 'ImagesToSequence': the first dimension of the input [?,8,8,3] must be known" },
  { images_of_open_sequence, SLIM_ERR_SHAPE,
    "sequence_to_images 'SequenceToImages': the first dimension of the input [?,5,6] must be known" },
  { images_too_high, SLIM_ERR_ARG, "sequence_to_images 'SequenceToImages': height 3 does not divide 5 rows of images" },
  { gradient_scaled_wrongly, SLIM_ERR_SHAPE,
    "scale_gradient 'scale_gradient': the multiplier [?,6] does not broadcast to the input [?,5,6]" },
};

START_TEST(layer_says_what_was_wrong)
{
  const struct refusal_case *c = &refusals[_i];
  graph = slim_graph_create(1);
  images = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 8, 8, 3), "images");
  labels = slim_placeholder(graph, SLIM_INT64, SLIM_SHAPE(-1), "labels");
  rows = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 5, 6), "rows");
  volumes = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 4, 5, 6, 7), "volumes");
  wide = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(-1, 6), "wide");
  c->build();
  ck_assert_str_eq(slim_graph_error(graph), c->text);
  ck_assert_int_eq(slim_graph_status(graph), c->status);
  ck_assert_str_eq(slim_variable_scope_name(graph), "");
  ck_assert_str_eq(slim_name_scope_current(graph), "");
  slim_graph_destroy(graph);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, layer_says_what_was_wrong, 0, sizeof refusals / sizeof *refusals);
}
TEST_MAIN("composed_layer_errors", build, NULL)
