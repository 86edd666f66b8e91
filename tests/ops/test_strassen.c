/*
 * The least products that go by Strassen's algorithm with vectors of 16 on an OpenCL device, alone and behind a
 * depthwise convolution, against loops in double. Oclgrind, which interprets kernels, runs them alone
 * (tools/check-full.sh).
 */
#include "test_convolution.h"

#include <stdlib.h>

#define BOUND 2e-5 /* of the largest result, as of Winograd's transforms */

enum { HEIGHT = 8, WIDTH = 14, PIXELS = HEIGHT * WIDTH, CHANNELS = 512 };

static const slim_conv2d_attr attr = { .stride = { 1, 1 }, .rate = { 1, 1 }, .padding = SLIM_SAME };

/* y [PIXELS, CHANNELS] = x by weights [CHANNELS, CHANNELS] */
static double *multiplied(const double *x, const float *weights)
{
  double *y = calloc((size_t)PIXELS * CHANNELS, sizeof *y);
  ck_assert_ptr_nonnull(y);
  for (int i = 0; i < PIXELS * CHANNELS; i++) {
    const float *row = weights + i % CHANNELS * CHANNELS;
    for (int o = 0; o < CHANNELS; o++) {
      y[i / CHANNELS * CHANNELS + o] += x[i] * (double)row[o];
    }
  }
  return y;
}

START_TEST(product_matches_loops)
{
  static double x[PIXELS * CHANNELS];
  test_op t = { .op = &slim_op_conv2d, .attr = &attr, .num_in = 2, .num_out = 1, .folded = 1 };
  t.in[0] = test_random_tensor(SLIM_SHAPE(1, HEIGHT, WIDTH, CHANNELS), 1);
  t.in[1] = test_random_tensor(SLIM_SHAPE(1, 1, CHANNELS, CHANNELS), 2);
  t.out[0] = test_output(t.in[0].shape);
  for (int i = 0; i < PIXELS * CHANNELS; i++) {
    x[i] = (double)((const float *)t.in[0].data)[i];
  }
  double *want = multiplied(x, t.in[1].data);
  if (test_op_run(&t, NULL)) {
    test_assert_near(t.out[0].data, want, (size_t)PIXELS * CHANNELS, BOUND, "product");
  }
  free(want);
  test_op_free(&t);
}
END_TEST

START_TEST(product_behind_a_depthwise_convolution_matches_loops)
{
  static const test_convolution sums = { "sums",   1,        HEIGHT,   WIDTH,     CHANNELS, 1,
                                         { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 };
  static const test_convolution_ops ops = { true, { &slim_op_depthwise_conv2d, NULL, NULL } };
  static const test_fused product[] = { { &slim_op_conv2d, &attr, 2, 0 } };
  double *x, *scale;
  test_op t;
  test_convolution_open(&t, &sums, &ops, TEST_FORWARD, &attr);
  test_convolution_loops(&t, &sums, true, TEST_FORWARD, &x, &scale);
  t.in[2] = test_random_tensor(SLIM_SHAPE(1, 1, CHANNELS, CHANNELS), 3);
  t.num_in = 3;
  t.folded = 2;
  double *want = multiplied(x, t.in[2].data);
  if (test_op_run_fused(&t, product, 1, NULL)) {
    test_assert_near(t.out[0].data, want, (size_t)PIXELS * CHANNELS, BOUND, "product behind sums");
  }
  free(x);
  free(scale);
  free(want);
  test_op_free(&t);
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_test(tcase, product_matches_loops);
  tcase_add_test(tcase, product_behind_a_depthwise_convolution_matches_loops);
}

TEST_OP_MAIN("strassen", build)
