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

#define LAYER_CASE(name_, ...)                                                                                         \
  static slim_tensor *name_(slim_tensor *x)                                                                            \
  {                                                                                                                    \
    return __VA_ARGS__;                                                                                                \
  }
LAYER_CASE(up_same, slim_conv2d_transpose(x, 4, SLIM_HW(3, 3), .stride = SLIM_HW(2, 2), .scope = "u"))
LAYER_CASE(up_valid, slim_conv2d_transpose(x, 3, SLIM_HW(5, 3), .stride = SLIM_HW(2, 2), .padding = SLIM_VALID,
                                           .activation = slim_identity, .scope = "u"))
LAYER_CASE(up_gaps, slim_conv2d_transpose(x, 3, SLIM_HW(2, 2), .stride = SLIM_HW(3, 3), .padding = SLIM_VALID,
                                          .activation = slim_tanh, .scope = "u"))
LAYER_CASE(up_norm, slim_conv2d_transpose(x, 4, SLIM_HW(3, 3), .normalizer = slim_batch_norm,
                                          .normalizer_args = SLIM_ARGS(.scale = SLIM_YES, .decay = 0.9f),
                                          .scope = "u"))

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
  { "softmax", { 2, { 3, 5 } }, softmax },
  { "up_same", { 4, { 2, 4, 5, 3 } }, up_same },
  { "up_valid", { 4, { 2, 4, 3, 5 } }, up_valid },
  { "up_gaps", { 4, { 2, 3, 2, 3 } }, up_gaps },
  { "up_norm", { 4, { 2, 4, 5, 3 } }, up_norm },
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
