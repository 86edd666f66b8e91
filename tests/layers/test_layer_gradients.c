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

static const struct gradient_case {
  const char *label;
  slim_shape in;
  build_fn build;
} cases[] = {
  { "up_same", { 4, { 2, 3, 4, 3 } }, up_same },
  { "up_one_pixel", { 4, { 1, 1, 1, 1 } }, up_same },
  { "up_valid", { 4, { 3, 4, 3, 5 } }, up_valid },
  { "up_gaps", { 4, { 2, 3, 2, 3 } }, up_gaps },
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
