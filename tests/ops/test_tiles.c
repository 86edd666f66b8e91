/* What GPUs' kernels cut into blocks and slices, which views of the device make small, against loops in double. */
#include "test_convolution.h"

#include <stdlib.h>

#define BOUND 2e-5 /* of the largest result, as of Winograd's transforms */

static const test_convolution_ops ops = {
  false, { &slim_op_conv2d, &slim_op_conv2d_input_gradient, &slim_op_conv2d_weights_gradient }
};

static const test_convolution convolutions[] = {
  { "winograd_least", 16, 7, 8, 64, 64, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "winograd", 7, 19, 17, 64, 68, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "winograd_valid", 3, 26, 31, 128, 36, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 },
};
#define CONVOLUTIONS ((int)(sizeof convolutions / sizeof *convolutions))

/* The forward pass also with weights that stay. */
START_TEST(convolutions_match_loops)
{
  const test_convolution *c = &convolutions[_i / (TEST_PASSES + 1)];
  const int number = _i % (TEST_PASSES + 1);
  const test_pass pass = number < TEST_PASSES ? (test_pass)number : TEST_FORWARD;
  const slim_conv2d_attr attr = { .stride = c->stride, .rate = c->rate, .padding = c->padding, .nchw = c->nchw };
  double *want, *scale;
  test_op t;
  test_convolution_open(&t, c, &ops, pass, &attr);
  test_convolution_loops(&t, c, false, pass, &want, &scale);
  t.folded = number == TEST_PASSES;
  if (test_op_run(&t, NULL)) {
    test_assert_near(t.out[0].data, want, test_elements(t.out[0].shape), BOUND, c->label);
  }
  free(want);
  free(scale);
  test_op_free(&t);
}
END_TEST

START_TEST(product_matches_loops)
{
  enum { M = 72, N = 68, K = 700 };
  static const slim_matmul_attr attr = { 0, 0 };
  static double want[M * N];
  test_op t = { .op = &slim_op_matmul, .attr = &attr, .num_in = 2, .num_out = 1 };
  t.in[0] = test_random_tensor(SLIM_SHAPE(M, K), 1);
  t.in[1] = test_random_tensor(SLIM_SHAPE(K, N), 2);
  t.out[0] = test_output(SLIM_SHAPE(M, N));
  const float *a = t.in[0].data, *b = t.in[1].data;
  for (int i = 0; i < M * N * K; i++) {
    const int row = i / (N * K), column = i / K % N, k = i % K;
    want[row * N + column] += (double)a[row * K + k] * (double)b[k * N + column];
  }
  if (test_op_run(&t, NULL)) {
    test_assert_near(t.out[0].data, want, (size_t)M * N, BOUND, "product");
  }
  test_op_free(&t);
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_loop_test(tcase, convolutions_match_loops, 0, (TEST_PASSES + 1) * CONVOLUTIONS);
  tcase_add_test(tcase, product_matches_loops);
}

TEST_OP_MAIN("tiles", build)
