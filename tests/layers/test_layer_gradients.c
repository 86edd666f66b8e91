/* The gradients of layers that are made of several ops, or turn their gradients round, against central differences. */
#include "test_net.h"

#include "slim/slim.h"

typedef slim_tensor *(*build_fn)(slim_tensor *x);

#define LAYER_CASE(name_, ...)                                                                                         \
  static slim_tensor *name_(slim_tensor *x)                                                                            \
  {                                                                                                                    \
    return __VA_ARGS__;                                                                                                \
  }
LAYER_CASE(up_same, slim_conv2d_transpose(x, 5, SLIM_HW(3, 3), .stride = SLIM_HW(2, 3), .activation = slim_tanh))
LAYER_CASE(up_valid, slim_conv2d_transpose(x, 2, SLIM_HW(3, 2), .stride = SLIM_HW(2, 2), .padding = SLIM_VALID,
                                           .activation = slim_tanh))
LAYER_CASE(up_gaps, slim_conv2d_transpose(x, 3, SLIM_HW(1, 2), .stride = SLIM_HW(3, 3), .padding = SLIM_VALID,
                                          .activation = slim_tanh))
LAYER_CASE(up_nchw, slim_conv2d_transpose(x, 4, SLIM_HW(5, 3), .stride = SLIM_HW(2, 2), .data_format = SLIM_NCHW,
                                          .activation = slim_tanh))
LAYER_CASE(row, slim_conv1d(x, 4, { 3 }, .stride = { 2 }, .activation = slim_tanh))
LAYER_CASE(row_nchw, slim_conv1d(x, 4, { 2 }, .data_format = SLIM_NCHW, .activation = slim_tanh))
LAYER_CASE(plane, slim_conv2d_in_plane(x, SLIM_HW(3, 2), .activation = slim_tanh))
LAYER_CASE(volume, slim_conv3d(x, 3, SLIM_HW(3, 2), .depth = { .kernel = 2 }, .activation = slim_tanh))
LAYER_CASE(volume_stride, slim_conv3d(x, 2, SLIM_HW(3, 3), .stride = SLIM_HW(2, 1), .activation = slim_tanh))
LAYER_CASE(volume_rate, slim_conv3d(x, 2, SLIM_HW(2, 2), .rate = SLIM_HW(2, 2), .activation = slim_tanh))
LAYER_CASE(volume_nchw, slim_conv3d(x, 3, SLIM_HW(2, 2), .data_format = SLIM_NCHW, .activation = slim_tanh))
LAYER_CASE(up_volume, slim_conv3d_transpose(x, 2, SLIM_HW(2, 3), .depth = { .kernel = 3, .stride = 2 },
                                            .activation = slim_tanh))
LAYER_CASE(up_volume_nchw, slim_conv3d_transpose(x, 2, SLIM_HW(3, 3), .stride = SLIM_HW(2, 2), .padding = SLIM_VALID,
                                                 .data_format = SLIM_NCHW, .activation = slim_tanh))
LAYER_CASE(max_volume, slim_max_pool3d(x, SLIM_HW(2, 2), .padding = SLIM_SAME))
LAYER_CASE(avg_volume_nchw, slim_avg_pool3d(x, SLIM_HW(2, 2), .data_format = SLIM_NCHW))
LAYER_CASE(pool_row_nchw, slim_pool(x, { 2 }, SLIM_MAX_POOLING, .data_format = SLIM_NCHW))
LAYER_CASE(layer_norm, slim_tanh(slim_layer_norm(x)))
LAYER_CASE(instance_norm, slim_tanh(slim_instance_norm(x)))
LAYER_CASE(instance_norm_nchw, slim_tanh(slim_instance_norm(x, .data_format = SLIM_NCHW)))
LAYER_CASE(group_norm, slim_tanh(slim_group_norm(x, .groups = 2)))
LAYER_CASE(unit_norm, slim_unit_norm(x, 2))
LAYER_CASE(maxout, slim_maxout(x, 2))
LAYER_CASE(keypoints, slim_spatial_softmax(x))
LAYER_CASE(elu, slim_elu(slim_scale(x, 3, 0)))

static const struct gradient_case {
  const char *label;
  slim_shape in;
  build_fn build;
} cases[] = {
  { "up_same", { 4, { 2, 3, 4, 3 } }, up_same },
  { "up_one_pixel", { 4, { 1, 1, 1, 1 } }, up_same },
  { "up_valid", { 4, { 3, 4, 3, 5 } }, up_valid },
  { "up_gaps", { 4, { 2, 3, 2, 3 } }, up_gaps },
  { "row", { 3, { 2, 7, 3 } }, row },
  { "row_nchw", { 3, { 2, 3, 6 } }, row_nchw },
  { "plane", { 4, { 2, 5, 4, 3 } }, plane },
  { "volume", { 5, { 2, 3, 4, 3, 2 } }, volume },
  { "volume_one", { 5, { 1, 1, 1, 1, 1 } }, volume },
  { "volume_stride", { 5, { 1, 5, 4, 3, 2 } }, volume_stride },
  { "volume_rate", { 5, { 1, 4, 4, 3, 2 } }, volume_rate },
  { "volume_nchw", { 5, { 2, 2, 3, 4, 3 } }, volume_nchw },
  { "up_volume", { 5, { 2, 3, 2, 2, 2 } }, up_volume },
  { "up_volume_nchw", { 5, { 1, 3, 2, 2, 2 } }, up_volume_nchw },
  { "max_volume", { 5, { 1, 3, 4, 3, 2 } }, max_volume },
  { "avg_volume_nchw", { 5, { 2, 2, 3, 4, 2 } }, avg_volume_nchw },
  { "pool_row_nchw", { 3, { 2, 3, 5 } }, pool_row_nchw },
  { "layer_norm", { 4, { 2, 3, 4, 3 } }, layer_norm },
  { "instance_norm", { 4, { 2, 3, 4, 3 } }, instance_norm },
  { "instance_norm_nchw", { 5, { 2, 2, 3, 2, 3 } }, instance_norm_nchw },
  { "group_norm", { 4, { 2, 3, 3, 4 } }, group_norm },
  { "unit_norm", { 3, { 2, 3, 5 } }, unit_norm },
  { "maxout", { 3, { 2, 3, 6 } }, maxout },
  { "keypoints", { 4, { 2, 3, 4, 3 } }, keypoints },
  { "elu", { 2, { 3, 5 } }, elu },
  { "up_nchw", { 4, { 2, 3, 3, 4 } }, up_nchw },
};

START_TEST(gradient_matches_central_differences)
{
  test_net net = test_open_shape(cases[_i].in, 3);
  slim_tensor *y = cases[_i].build(net.input);
  ck_assert_str_eq(slim_graph_error(net.graph), "");
  test_assert_gradient(&net, y, 0, 0);
  test_close(&net);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, gradient_matches_central_differences, 0, (int)(sizeof cases / sizeof *cases));
}
TEST_MAIN("layer_gradients", build, test_net_available)
