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
  return slim_conv2d(x, 5, SLIM_HW(5, 3), .stride = SLIM_HW(2, 2), .activation = slim_identity, .scope = "c");
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
LAYER_CASE(up_same, slim_conv2d_transpose(x, 4, SLIM_HW(3, 3), .stride = SLIM_HW(2, 2), .scope = "u"))
LAYER_CASE(up_valid, slim_conv2d_transpose(x, 3, SLIM_HW(5, 3), .stride = SLIM_HW(2, 2), .padding = SLIM_VALID,
                                           .activation = slim_identity, .scope = "u"))
LAYER_CASE(up_gaps, slim_conv2d_transpose(x, 3, SLIM_HW(2, 2), .stride = SLIM_HW(3, 3), .padding = SLIM_VALID,
                                          .activation = slim_tanh, .scope = "u"))
LAYER_CASE(up_norm, slim_conv2d_transpose(x, 4, SLIM_HW(3, 3), .normalizer = slim_batch_norm,
                                          .normalizer_args = SLIM_ARGS(.scale = SLIM_YES, .decay = 0.9f),
                                          .scope = "u"))

LAYER_CASE(row_same, slim_conv1d(x, 4, { 3 }, .scope = "c"))
LAYER_CASE(row_valid, slim_conv1d(x, 4, { 4 }, .stride = { 2 }, .padding = SLIM_VALID, .activation = slim_tanh,
                                  .scope = "c"))
LAYER_CASE(row_rate, slim_convolution(x, 3, { 3 }, .rate = { 2 }, .activation = slim_identity, .scope = "c"))
LAYER_CASE(row_norm, slim_conv1d(x, 4, { 3 }, .normalizer = slim_batch_norm,
                                 .normalizer_args = SLIM_ARGS(.scale = SLIM_YES, .decay = 0.9f), .scope = "c"))
LAYER_CASE(any_image, slim_convolution(x, 4, SLIM_HW(3, 2), .scope = "c"))
LAYER_CASE(plane, slim_conv2d_in_plane(x, SLIM_HW(3, 2), .scope = "p"))
LAYER_CASE(plane_stride, slim_conv2d_in_plane(x, SLIM_HW(2, 2), .stride = SLIM_HW(2, 2), .padding = SLIM_VALID,
                                              .activation = slim_identity, .scope = "p"))
LAYER_CASE(volume, slim_conv3d(x, 3, SLIM_HW(3, 3), .scope = "v"))
LAYER_CASE(volume_stride, slim_conv3d(x, 3, SLIM_HW(3, 2), .depth = { .kernel = 2, .stride = 2 }, .stride = SLIM_HW(2,
                                      2), .activation = slim_tanh, .scope = "v"))
LAYER_CASE(volume_valid, slim_convolution(x, 3, SLIM_HW(2, 3), .depth = { .kernel = 3, .stride = 3 },
                                          .padding = SLIM_VALID, .activation = slim_identity, .scope = "v"))
LAYER_CASE(up_volume, slim_conv3d_transpose(x, 3, SLIM_HW(3, 3), .stride = SLIM_HW(2, 2), .scope = "v"))
LAYER_CASE(up_volume_valid, slim_conv3d_transpose(x, 2, SLIM_HW(3, 2), .depth = { .kernel = 4, .stride = 3 },
                                                  .stride = SLIM_HW(2, 2), .padding = SLIM_VALID,
                                                  .activation = slim_tanh, .scope = "v"))
LAYER_CASE(max_volume, slim_max_pool3d(x, SLIM_HW(2, 3)))
LAYER_CASE(avg_volume, slim_avg_pool3d(x, SLIM_HW(3, 3), .depth = { .kernel = 2, .stride = 1 }, .padding = SLIM_SAME))
LAYER_CASE(pool_row, slim_pool(x, { 3 }, SLIM_AVG_POOLING, .stride = { 2 }, .padding = SLIM_SAME))
LAYER_CASE(pool_image, slim_pool(x, SLIM_HW(2, 3), SLIM_MAX_POOLING))
LAYER_CASE(pool_volume, slim_pool(x, SLIM_HW(2, 2), SLIM_MAX_POOLING, .padding = SLIM_SAME))
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

static void build(TCase *c)
{
  tcase_add_checked_fixture(c, read_fixture, test_fixture_free);
  tcase_add_loop_test(c, layer_computes_what_tf_slim_computes, 0, sizeof layers / sizeof *layers);
}
TEST_MAIN("layer_parity", build, test_net_available)
