/* Layers against TF-Slim: tests/parity/layers.txt, written by tests/parity/make_layers.py. */
#include "parity.h"

#include "slim/slim.h"

static void read_fixture(void)
{
  test_fixture_read("tests/parity/layers.txt");
}

static slim_tensor *conv_same(slim_tensor *x)
{
  return slim_conv2d(x, 4, SLIM_HW(3, 3), .scope = "c");
}

static slim_tensor *conv_stride(slim_tensor *x)
{
  return slim_convolution2d(x, 5, SLIM_HW(5, 3), .stride = SLIM_HW(2, 2), .activation = slim_identity, .scope = "c");
}

static slim_tensor *conv_valid(slim_tensor *x)
{
  return slim_conv2d(x, 3, SLIM_HW(3, 2), .padding = SLIM_VALID, .biases_initializer = SLIM_NO_INIT, .scope = "c");
}

static slim_tensor *conv_rate(slim_tensor *x)
{
  return slim_conv2d(x, 3, SLIM_HW(3, 3), .rate = SLIM_HW(2, 2), .activation = slim_tanh, .scope = "c");
}

static slim_tensor *conv_norm(slim_tensor *x)
{
  return slim_conv2d(x, 4, SLIM_HW(3, 3), .normalizer = slim_batch_norm,
                     .normalizer_args = SLIM_ARGS(.scale = SLIM_YES, .decay = 0.9f), .scope = "c");
}

static slim_tensor *fc(slim_tensor *x)
{
  return slim_fully_connected(x, 4, .activation = slim_sigmoid, .scope = "f");
}

static slim_tensor *fc_rank_3(slim_tensor *x)
{
  return slim_fully_connected(x, 4, .scope = "f");
}

static slim_tensor *max_pool(slim_tensor *x)
{
  return slim_max_pool2d(x, SLIM_HW(3, 2));
}

static slim_tensor *max_pool_same(slim_tensor *x)
{
  return slim_max_pool2d(x, SLIM_HW(3, 3), .padding = SLIM_SAME);
}

static slim_tensor *avg_pool(slim_tensor *x)
{
  return slim_avg_pool2d(x, SLIM_HW(2, 2));
}

static slim_tensor *avg_pool_same(slim_tensor *x)
{
  return slim_avg_pool2d(x, SLIM_HW(3, 3), .padding = SLIM_SAME);
}

static slim_tensor *norm(slim_tensor *x)
{
  return slim_batch_norm(x, .decay = 0.7f, .scope = "b");
}

static slim_tensor *norm_scale(slim_tensor *x)
{
  return slim_batch_norm(x, .scale = SLIM_YES, .epsilon = 1e-5f, .activation = slim_relu, .scope = "b");
}

static slim_tensor *norm_rows(slim_tensor *x)
{
  return slim_batch_norm(x, .scale = SLIM_YES, .decay = 0.9f, .scope = "b");
}

static slim_tensor *norm_rank_3(slim_tensor *x)
{
  return slim_batch_norm(x, .decay = 0.9f, .scope = "b");
}

static slim_tensor *norm_inference(slim_tensor *x)
{
  return slim_batch_norm(x, .scale = SLIM_YES, .is_training = SLIM_NO, .scope = "b");
}

static slim_tensor *softmax(slim_tensor *x)
{
  return slim_softmax(x);
}

static slim_tensor *bias(slim_tensor *x)
{
  return slim_bias_add(x, .activation = slim_relu6, .scope = "b");
}

/* x with the batch of the case: 2, or 4 of a sequence. */
static slim_tensor *known(slim_tensor *x)
{
  slim_shape shape = slim_tensor_shape(x);
  shape.dim[0] = shape.rank == 4 ? 2 : 4;
  return slim_reshape(x, shape);
}

/* 0, 1, 2, ... */
static slim_tensor *steps(slim_tensor *x, int count)
{
  const float values[] = { 0, 1, 2, 3, 4 };
  return slim_constant_tensor(slim_graph_of(x), SLIM_FLOAT32, SLIM_SHAPE(count), values, "steps");
}

/* The last is no class. */
static slim_tensor *class_numbers(slim_tensor *x)
{
  const int64_t values[] = { 2, 0, 3, 4, -1 };
  return slim_constant_tensor(slim_graph_of(x), SLIM_INT64, SLIM_SHAPE(1, 5), values, "classes");
}

static slim_tensor *sample_weights(slim_tensor *x, float second)
{
  const float values[] = { 0.5f, second, 2, 1 };
  return slim_constant_tensor(slim_graph_of(x), SLIM_FLOAT32, SLIM_SHAPE(4), values, "weights");
}

/* What a run would be fed. */
static slim_tensor *at_run(slim_tensor *x, bool trains)
{
  const unsigned char value = trains;
  return slim_constant_tensor(slim_graph_of(x), SLIM_BOOL, SLIM_SCALAR, &value, "training");
}

#define LAYER_CASE(name_, ...)                                                                                         \
  static slim_tensor *name_(slim_tensor *x)                                                                            \
  {                                                                                                                    \
    return __VA_ARGS__;                                                                                                \
  }
LAYER_CASE(norm_debias, slim_batch_norm(x, .decay = 0.9f, .zero_debias_moving_mean = SLIM_YES, .scope = "b"))
LAYER_CASE(norm_renorm, slim_batch_norm(x, .decay = 0.9f, .scale = SLIM_YES, .renorm = SLIM_YES, .renorm_decay = 0.8f,
                                        .scope = "b"))
LAYER_CASE(norm_clipped, slim_batch_norm(x, .decay = 0.9f, .scale = SLIM_YES, .renorm = SLIM_YES,
                                         .renorm_clipping = { .rmin = 0.7f, .rmax = 0.9f, .dmax = 0.1f },
                                         .activation = slim_tanh, .scope = "b"))
LAYER_CASE(norm_renorm_inference, slim_batch_norm(x, .renorm = SLIM_YES, .is_training = SLIM_NO, .scope = "b"))
LAYER_CASE(norm_weights, slim_batch_norm(x, .decay = 0.9f, .scale = SLIM_YES, .batch_weights = sample_weights(x, 0),
                                         .scope = "b"))
LAYER_CASE(norm_weights_rows, slim_batch_norm(x, .decay = 0.9f, .batch_weights = sample_weights(x, 0.25f),
                                              .activation = slim_relu, .scope = "b"))
LAYER_CASE(norm_weights_inference, slim_batch_norm(x, .batch_weights = sample_weights(x, 0), .is_training = SLIM_NO,
                                                   .scope = "b"))
LAYER_CASE(norm_unfused, slim_batch_norm(x, .decay = 0.9f, .epsilon = 1e-6f, .fused = SLIM_NO, .scope = "b"))
LAYER_CASE(norm_run_trains, slim_batch_norm(x, .decay = 0.7f, .scale = SLIM_YES, .training = at_run(x, true),
                                            .scope = "b"))
LAYER_CASE(norm_run_infers, slim_batch_norm(x, .decay = 0.7f, .scale = SLIM_YES, .training = at_run(x, false),
                                            .scope = "b"))
LAYER_CASE(norm_run_weights_trains, slim_batch_norm(x, .decay = 0.9f, .batch_weights = sample_weights(x, 0),
                                                    .training = at_run(x, true), .scope = "b"))
LAYER_CASE(norm_run_weights_infers, slim_batch_norm(x, .decay = 0.9f, .batch_weights = sample_weights(x, 0),
                                                    .training = at_run(x, false), .scope = "b"))
LAYER_CASE(up_same, slim_conv2d_transpose(x, 4, SLIM_HW(3, 3), .stride = SLIM_HW(2, 2), .scope = "u"))
LAYER_CASE(up_valid, slim_convolution2d_transpose(x, 3, SLIM_HW(5, 3), .stride = SLIM_HW(2, 2), .padding = SLIM_VALID,
                                           .activation = slim_identity, .scope = "u"))
LAYER_CASE(up_gaps, slim_conv2d_transpose(x, 3, SLIM_HW(2, 2), .stride = SLIM_HW(3, 3), .padding = SLIM_VALID,
                                          .activation = slim_tanh, .scope = "u"))
LAYER_CASE(up_norm, slim_conv2d_transpose(x, 4, SLIM_HW(3, 3), .normalizer = slim_batch_norm,
                                          .normalizer_args = SLIM_ARGS(.scale = SLIM_YES, .decay = 0.9f),
                                          .scope = "u"))

LAYER_CASE(row_same, slim_conv1d(x, 4, { 3 }, .scope = "c"))
LAYER_CASE(row_valid, slim_convolution1d(x, 4, { 4 }, .stride = { 2 }, .padding = SLIM_VALID, .activation = slim_tanh,
                                  .scope = "c"))
LAYER_CASE(row_rate, slim_convolution(x, 3, { 3 }, .rate = { 2 }, .activation = slim_identity, .scope = "c"))
LAYER_CASE(row_norm, slim_conv1d(x, 4, { 3 }, .normalizer = slim_batch_norm,
                                 .normalizer_args = SLIM_ARGS(.scale = SLIM_YES, .decay = 0.9f), .scope = "c"))
LAYER_CASE(any_image, slim_convolution(x, 4, SLIM_HW(3, 2), .scope = "c"))
LAYER_CASE(plane, slim_conv2d_in_plane(x, SLIM_HW(3, 2), .scope = "p"))
LAYER_CASE(plane_stride, slim_convolution2d_in_plane(x, SLIM_HW(2, 2), .stride = SLIM_HW(2, 2), .padding = SLIM_VALID,
                                              .activation = slim_identity, .scope = "p"))
LAYER_CASE(volume, slim_conv3d(x, 3, SLIM_HW(3, 3), .scope = "v"))
LAYER_CASE(volume_stride, slim_convolution3d(x, 3, SLIM_HW(3, 2), .depth = { .kernel = 2, .stride = 2 }, .stride = SLIM_HW(2,
                                      2), .activation = slim_tanh, .scope = "v"))
LAYER_CASE(volume_valid, slim_convolution(x, 3, SLIM_HW(2, 3), .depth = { .kernel = 3, .stride = 3 },
                                          .padding = SLIM_VALID, .activation = slim_identity, .scope = "v"))
LAYER_CASE(up_volume, slim_conv3d_transpose(x, 3, SLIM_HW(3, 3), .stride = SLIM_HW(2, 2), .scope = "v"))
LAYER_CASE(up_volume_valid, slim_convolution3d_transpose(x, 2, SLIM_HW(3, 2), .depth = { .kernel = 4, .stride = 3 },
                                                  .stride = SLIM_HW(2, 2), .padding = SLIM_VALID,
                                                  .activation = slim_tanh, .scope = "v"))
LAYER_CASE(max_volume, slim_max_pool3d(x, SLIM_HW(2, 3)))
LAYER_CASE(avg_volume, slim_avg_pool3d(x, SLIM_HW(3, 3), .depth = { .kernel = 2, .stride = 1 }, .padding = SLIM_SAME))
LAYER_CASE(pool_row, slim_pool(x, { 3 }, SLIM_AVG_POOLING, .stride = { 2 }, .padding = SLIM_SAME))
LAYER_CASE(pool_image, slim_pool(x, SLIM_HW(2, 3), SLIM_MAX_POOLING))
LAYER_CASE(pool_volume, slim_pool(x, SLIM_HW(2, 2), SLIM_MAX_POOLING, .padding = SLIM_SAME))
LAYER_CASE(pool_rate, slim_pool(x, SLIM_HW(2, 3), SLIM_MAX_POOLING, .rate = { 2 }))
LAYER_CASE(pool_rate_average, slim_pool(x, SLIM_HW(2, 3), SLIM_AVG_POOLING, .rate = SLIM_HW(2, 3)))
LAYER_CASE(pool_rate_row, slim_pool(x, { 3 }, SLIM_MAX_POOLING, .rate = { 3 }))
LAYER_CASE(pool_rate_thin, slim_pool(x, SLIM_HW(1, 2), SLIM_MAX_POOLING, .rate = SLIM_HW(4, 3)))
LAYER_CASE(pool_rate_volume, slim_pool(x, { 2 }, SLIM_MAX_POOLING, .depth = { .rate = 1 }, .rate = SLIM_HW(2, 3)))
LAYER_CASE(gdn, slim_gdn(x, .beta_min = 0.1f, .scope = "g"))
LAYER_CASE(gdn_inverse, slim_gdn(x, .inverse = SLIM_YES, .reparam_offset = 0.01f, .scope = "g"))
LAYER_CASE(gdn_volume, slim_gdn(x, .beta_min = 0.3f, .scope = "g"))
LAYER_CASE(legacy, slim_legacy_fully_connected(x, 4, .activation = slim_tanh, .scope = "l"))
LAYER_CASE(legacy_relu, slim_legacy_relu(x, 4, .biases_initializer = SLIM_NO_INIT))
LAYER_CASE(legacy_linear, slim_legacy_linear(x, 4))
LAYER_CASE(layer_norm, slim_layer_norm(x, .scope = "n"))
LAYER_CASE(layer_norm_axes, slim_layer_norm(x, .begin_norm_axis = -2, .begin_params_axis = 2, .activation = slim_relu,
                                            .scope = "n"))
LAYER_CASE(layer_norm_bare, slim_layer_norm(x, .center = SLIM_NO, .scale = SLIM_NO, .scope = "n"))
LAYER_CASE(instance_norm, slim_instance_norm(x, .scope = "n"))
LAYER_CASE(instance_norm_row, slim_instance_norm(x, .epsilon = 0.01f, .scale = SLIM_NO, .activation = slim_tanh,
                                                 .scope = "n"))
LAYER_CASE(group_norm, slim_group_norm(x, .groups = 3, .scope = "n"))
LAYER_CASE(group_norm_first, slim_group_norm(x, .groups = 2, .channels_axis = -3,
                                             .reduction_axes = SLIM_AXIS(2) | SLIM_AXIS(3), .activation = slim_relu,
                                             .scope = "n"))
LAYER_CASE(group_norm_near, slim_group_norm(x, .groups = 4, .mean_close_to_zero = SLIM_YES, .center = SLIM_NO,
                                            .scope = "n"))
LAYER_CASE(unit_norm, slim_unit_norm(x, 1))
LAYER_CASE(unit_norm_first, slim_unit_norm(x, 0, .epsilon = 0.5f))
LAYER_CASE(maxout, slim_maxout(x, 2))
LAYER_CASE(maxout_rows, slim_maxout(x, 3, .axis = 1))
LAYER_CASE(keypoints, slim_spatial_softmax(x, .temperature = 0.5f, .scope = "k"))
LAYER_CASE(keypoints_first, slim_spatial_softmax(x, .data_format = SLIM_NCHW, .scope = "k"))
LAYER_CASE(sequence, slim_images_to_sequence(known(x)))
LAYER_CASE(sequence_first, slim_images_to_sequence(known(x), .data_format = SLIM_NCHW))
LAYER_CASE(from_sequence, slim_sequence_to_images(known(x), 3))
LAYER_CASE(from_sequence_first, slim_sequence_to_images(known(x), 2, .data_format = SLIM_NCHW))
LAYER_CASE(elu, slim_elu(slim_scale(x, 3.0f, 0.0f)))
LAYER_CASE(linear, slim_linear(x, 4, .scope = "f"))
LAYER_CASE(relu, slim_fully_connected(x, 4, .scope = "f"))
LAYER_CASE(relu6, slim_fully_connected(slim_scale(x, 10.0f, 0.0f), 4, .activation = slim_relu6, .scope = "f"))
LAYER_CASE(elu_units, slim_fully_connected(x, 4, .activation = slim_elu, .scope = "f"))
LAYER_CASE(separable, slim_separable_conv2d(x, 4, SLIM_HW(3, 3), .depth_multiplier = 2, .stride = SLIM_HW(2, 2),
                                            .scope = "s"))
LAYER_CASE(separable_norm, slim_separable_convolution2d(x, 3, SLIM_HW(3, 2), .rate = SLIM_HW(2, 2),
                                                        .normalizer = slim_batch_norm,
                                                        .normalizer_args = SLIM_ARGS(.decay = 0.9f), .scope = "s"))
LAYER_CASE(depthwise, slim_separable_conv2d(x, 0, SLIM_HW(2, 3), .depth_multiplier = 2, .padding = SLIM_VALID,
                                            .activation = slim_tanh, .scope = "s"))
LAYER_CASE(repeated, slim_repeat(x, 2, slim_conv2d, 3, SLIM_HW(3, 3), .scope = "r"))
LAYER_CASE(stacked, slim_stack(x, slim_fully_connected, SLIM_ROWS(SLIM_ROW(4), SLIM_ROW(6), SLIM_ROW(2)),
                              .activation = slim_tanh))
LAYER_CASE(flat, slim_flatten(x))
LAYER_CASE(one_hot, slim_mul(slim_reshape(x, SLIM_SHAPE(0, 5, 1)),
                             slim_one_hot_encoding(class_numbers(x), 4, .on_value = 2.5f, .off_value = -0.5f)))
LAYER_CASE(dropout_inference, slim_dropout(x, .keep_prob = 0.3f, .is_training = SLIM_NO))
LAYER_CASE(dropout_none, slim_dropout(x, .keep_prob = 1.0f))
LAYER_CASE(scaled_gradient, slim_scale_gradient(x, steps(x, 5)))

typedef slim_tensor *(*build_fn)(slim_tensor *x);

static const struct layer_case {
  const char *name;
  slim_shape shape;
  build_fn build;
} layers[] = {
  { "conv_same", { 4, { 2, 7, 6, 3 } }, conv_same },
  { "conv_stride", { 4, { 2, 8, 7, 3 } }, conv_stride },
  { "conv_valid", { 4, { 1, 7, 7, 2 } }, conv_valid },
  { "conv_rate", { 4, { 1, 9, 8, 2 } }, conv_rate },
  { "conv_norm", { 4, { 3, 5, 4, 2 } }, conv_norm },
  { "fc", { 2, { 3, 5 } }, fc },
  { "fc_rank_3", { 3, { 2, 3, 5 } }, fc_rank_3 },
  { "max_pool", { 4, { 2, 7, 6, 3 } }, max_pool },
  { "max_pool_same", { 4, { 2, 5, 6, 3 } }, max_pool_same },
  { "avg_pool", { 4, { 2, 7, 6, 3 } }, avg_pool },
  { "avg_pool_same", { 4, { 2, 5, 6, 3 } }, avg_pool_same },
  { "norm", { 4, { 3, 4, 3, 2 } }, norm },
  { "norm_scale", { 4, { 4, 3, 2, 3 } }, norm_scale },
  { "norm_rows", { 2, { 6, 4 } }, norm_rows },
  { "norm_rank_3", { 3, { 3, 4, 2 } }, norm_rank_3 },
  { "norm_inference", { 4, { 3, 4, 3, 2 } }, norm_inference },
  { "norm_debias", { 4, { 3, 4, 3, 2 } }, norm_debias },
  { "norm_renorm", { 4, { 3, 4, 3, 2 } }, norm_renorm },
  { "norm_clipped", { 2, { 6, 4 } }, norm_clipped },
  { "norm_renorm_inference", { 4, { 3, 4, 3, 2 } }, norm_renorm_inference },
  { "norm_weights", { 4, { 4, 3, 2, 3 } }, norm_weights },
  { "norm_weights_rows", { 2, { 4, 5 } }, norm_weights_rows },
  { "norm_weights_inference", { 4, { 4, 3, 2, 3 } }, norm_weights_inference },
  { "norm_unfused", { 4, { 3, 4, 3, 2 } }, norm_unfused },
  { "norm_run_trains", { 4, { 3, 4, 3, 2 } }, norm_run_trains },
  { "norm_run_infers", { 4, { 3, 4, 3, 2 } }, norm_run_infers },
  { "norm_run_weights_trains", { 4, { 4, 3, 2, 3 } }, norm_run_weights_trains },
  { "norm_run_weights_infers", { 4, { 4, 3, 2, 3 } }, norm_run_weights_infers },
  { "softmax", { 2, { 3, 5 } }, softmax },
  { "up_same", { 4, { 2, 4, 5, 3 } }, up_same },
  { "up_valid", { 4, { 2, 4, 3, 5 } }, up_valid },
  { "up_gaps", { 4, { 2, 3, 2, 3 } }, up_gaps },
  { "up_norm", { 4, { 2, 4, 5, 3 } }, up_norm },
  { "row_same", { 3, { 2, 7, 3 } }, row_same },
  { "row_valid", { 3, { 2, 9, 3 } }, row_valid },
  { "row_rate", { 3, { 1, 8, 2 } }, row_rate },
  { "row_norm", { 3, { 3, 6, 2 } }, row_norm },
  { "any_image", { 4, { 2, 5, 4, 3 } }, any_image },
  { "plane", { 4, { 2, 6, 5, 3 } }, plane },
  { "plane_stride", { 4, { 2, 7, 6, 2 } }, plane_stride },
  { "volume", { 5, { 2, 4, 5, 3, 2 } }, volume },
  { "volume_stride", { 5, { 1, 7, 6, 5, 2 } }, volume_stride },
  { "volume_valid", { 5, { 1, 6, 5, 4, 2 } }, volume_valid },
  { "up_volume", { 5, { 1, 3, 2, 4, 2 } }, up_volume },
  { "up_volume_valid", { 5, { 2, 3, 2, 2, 3 } }, up_volume_valid },
  { "max_volume", { 5, { 2, 4, 5, 4, 2 } }, max_volume },
  { "avg_volume", { 5, { 2, 5, 4, 5, 2 } }, avg_volume },
  { "pool_row", { 3, { 2, 7, 3 } }, pool_row },
  { "pool_image", { 4, { 2, 5, 4, 3 } }, pool_image },
  { "pool_volume", { 5, { 1, 4, 5, 3, 2 } }, pool_volume },
  { "pool_rate", { 4, { 2, 7, 6, 3 } }, pool_rate },
  { "pool_rate_average", { 4, { 2, 6, 8, 2 } }, pool_rate_average },
  { "pool_rate_row", { 3, { 2, 9, 3 } }, pool_rate_row },
  { "pool_rate_thin", { 4, { 2, 5, 6, 2 } }, pool_rate_thin },
  { "pool_rate_volume", { 5, { 1, 5, 6, 4, 2 } }, pool_rate_volume },
  { "gdn", { 4, { 2, 4, 3, 3 } }, gdn },
  { "gdn_inverse", { 3, { 2, 5, 4 } }, gdn_inverse },
  { "gdn_volume", { 5, { 1, 2, 3, 2, 4 } }, gdn_volume },
  { "legacy", { 3, { 2, 3, 5 } }, legacy },
  { "legacy_relu", { 2, { 3, 5 } }, legacy_relu },
  { "legacy_linear", { 2, { 3, 5 } }, legacy_linear },
  { "layer_norm", { 4, { 3, 4, 5, 2 } }, layer_norm },
  { "layer_norm_axes", { 4, { 2, 4, 3, 5 } }, layer_norm_axes },
  { "layer_norm_bare", { 2, { 3, 6 } }, layer_norm_bare },
  { "instance_norm", { 4, { 2, 4, 5, 3 } }, instance_norm },
  { "instance_norm_row", { 3, { 2, 6, 3 } }, instance_norm_row },
  { "group_norm", { 4, { 2, 4, 3, 6 } }, group_norm },
  { "group_norm_first", { 4, { 2, 6, 4, 3 } }, group_norm_first },
  { "group_norm_near", { 4, { 2, 3, 4, 4 } }, group_norm_near },
  { "unit_norm", { 3, { 3, 4, 5 } }, unit_norm },
  { "unit_norm_first", { 2, { 3, 4 } }, unit_norm_first },
  { "maxout", { 3, { 3, 4, 6 } }, maxout },
  { "maxout_rows", { 4, { 2, 6, 4, 3 } }, maxout_rows },
  { "keypoints", { 4, { 2, 4, 3, 5 } }, keypoints },
  { "keypoints_first", { 4, { 2, 5, 1, 3 } }, keypoints_first },
  { "sequence", { 4, { 2, 3, 4, 5 } }, sequence },
  { "sequence_first", { 4, { 2, 5, 3, 4 } }, sequence_first },
  { "from_sequence", { 3, { 4, 6, 5 } }, from_sequence },
  { "from_sequence_first", { 3, { 4, 6, 5 } }, from_sequence_first },
  { "elu", { 2, { 3, 7 } }, elu },
  { "linear", { 2, { 3, 5 } }, linear },
  { "relu", { 2, { 3, 5 } }, relu },
  { "relu6", { 2, { 3, 5 } }, relu6 },
  { "elu_units", { 2, { 3, 5 } }, elu_units },
  { "separable", { 4, { 2, 6, 5, 3 } }, separable },
  { "separable_norm", { 4, { 2, 5, 4, 2 } }, separable_norm },
  { "depthwise", { 4, { 2, 5, 4, 3 } }, depthwise },
  { "repeated", { 4, { 2, 5, 4, 3 } }, repeated },
  { "stacked", { 2, { 3, 5 } }, stacked },
  { "flat", { 4, { 2, 3, 4, 2 } }, flat },
  { "one_hot", { 2, { 3, 5 } }, one_hot },
  { "dropout_inference", { 2, { 3, 5 } }, dropout_inference },
  { "dropout_none", { 2, { 3, 5 } }, dropout_none },
  { "scaled_gradient", { 2, { 3, 5 } }, scaled_gradient },
  { "bias", { 3, { 2, 3, 4 } }, bias },
};

START_TEST(layer_computes_what_tf_slim_computes)
{
  const struct layer_case *c = &layers[_i];
  test_net net = test_open_shape(c->shape, 1);
  parity_use_numbers(&net);
  slim_tensor *y = c->build(net.input);
  slim_tensor *p = slim_placeholder(net.graph, SLIM_FLOAT32, slim_tensor_shape(y), "p");
  slim_tensor *sum = slim_reduce_sum(slim_mul(y, p), SLIM_ALL_AXES, false);
  float *projection = parity_numbers(test_net_elements(&net, y), 2);
  parity_set_variables(&net, 0.5);
  test_feed(&net, p, projection);
  parity_check(&net, c->name, "result", y);
  parity_check_gradients(&net, c->name, sum);
  parity_check_updates(&net, c->name);
  free(projection);
  test_close(&net);
}
END_TEST

START_TEST(gdn_starts_as_tf_slims)
{
  test_net net = test_open_shape(SLIM_SHAPE(1, 2, 3), 1);
  slim_tensor *y = slim_gdn(net.input, .gamma_init = 0.3f, .reparam_offset = 0.05f);
  free(test_run(&net, y));
  const slim_tensors variables = slim_get_variables(net.graph, NULL, NULL, SLIM_GLOBAL_VARIABLES);
  ck_assert_uint_eq(variables.count, 2);
  for (size_t i = 0; i < variables.count; i++) {
    float *value = test_get_variable(&net, variables.item[i]);
    (void)test_fixture_compare("gdn_start", slim_variable_full_name(variables.item[i]), value,
                               test_net_elements(&net, variables.item[i]), 1e-6);
    free(value);
  }
  test_close(&net);
}
END_TEST

static const struct sparse_case {
  const char *name;
  slim_dtype dtype;
  slim_shape shape;
  int token;
} sparse[] = {
  { "sparse", SLIM_INT32, { 2, { 3, 4 } }, 0 },
  { "sparse_token", SLIM_INT64, { 3, { 2, 3, 5 } }, -1 },
};

START_TEST(sparse_labels_are_tf_slims)
{
  enum { MOST = 30, RANK = 3 };
  const struct sparse_case *c = &sparse[_i];
  test_net net = test_open_shape(SLIM_SHAPE(1, 1), 1);
  int32_t narrow[MOST];
  int64_t wide[MOST];
  float found[MOST * RANK];
  for (int i = 0; i < MOST; i++) {
    wide[i] = narrow[i] = i * 7 % 5 - 1;
  }
  slim_tensor *labels = slim_placeholder(net.graph, c->dtype, c->shape, "labels");
  test_feed(&net, labels, c->dtype == SLIM_INT32 ? (const void *)narrow : wide);
  slim_tensor *values = slim_dense_to_sparse(labels, .eos_token = c->token);
  int64_t *count = test_run(&net, slim_tensor_output(values, 2)), *places = test_run(&net, slim_tensor_output(values, 1));
  void *kept = test_run(&net, values);
  for (int64_t i = 0; i < *count; i++) {
    found[i] = (float)(c->dtype == SLIM_INT32 ? ((int32_t *)kept)[i] : ((int64_t *)kept)[i]);
  }
  (void)test_fixture_compare(c->name, "values", found, (size_t)*count, 0);
  for (int64_t i = 0; i < *count * c->shape.rank; i++) {
    found[i] = (float)places[i];
  }
  (void)test_fixture_compare(c->name, "places", found, (size_t)(*count * c->shape.rank), 0);
  free(kept);
  free(places);
  free(count);
  test_close(&net);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, read_fixture, test_fixture_free);
  tcase_add_loop_test(c, layer_computes_what_tf_slim_computes, 0, sizeof layers / sizeof *layers);
  tcase_add_test(c, gdn_starts_as_tf_slims);
  tcase_add_loop_test(c, sparse_labels_are_tf_slims, 0, sizeof sparse / sizeof *sparse);
}
TEST_MAIN("layer_parity", build, test_net_available)
