/* conv2d and both its gradients against loops in double. */
#include "test_convolution.h"

static const test_convolution_ops ops = {
  false, { &slim_op_conv2d, &slim_op_conv2d_input_gradient, &slim_op_conv2d_weights_gradient }
};

static const test_convolution cases[] = {
  { "one_pixel", 1, 1, 1, 1, 1, { 1, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "pixel_below_kernel", 2, 1, 1, 3, 5, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "odd", 2, 7, 9, 3, 5, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "valid", 2, 9, 8, 7, 9, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 },
  { "one_by_one", 3, 5, 7, 17, 33, { 1, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "one_by_one_stride", 2, 7, 8, 19, 21, { 1, 1 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "one_by_one_stride_wide", 2, 5, 37, 19, 21, { 1, 1 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "tile", 1, 14, 14, 16, 32, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "past_tile", 1, 15, 13, 17, 35, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "lenet_conv1", 3, 28, 28, 1, 32, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "lenet_conv2", 2, 14, 14, 32, 64, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride", 2, 11, 10, 5, 18, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_valid", 2, 12, 13, 6, 7, { 3, 3 }, { 2, 3 }, { 1, 1 }, SLIM_VALID, 0 },
  { "stride_above_kernel", 2, 11, 12, 4, 6, { 2, 2 }, { 3, 3 }, { 1, 1 }, SLIM_VALID, 0 },
  { "stride_flat", 2, 9, 10, 5, 18, { 1, 5 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_vectors", 2, 15, 13, 32, 48, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "first_layer", 1, 23, 21, 3, 20, { 7, 7 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_chunks", 1, 53, 57, 17, 33, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "slices", 9, 20, 21, 2, 3, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_groups", 2, 9, 7, 131, 121, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_parts", 2, 22, 25, 64, 37, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_parts_valid", 3, 15, 13, 96, 70, { 5, 3 }, { 2, 2 }, { 1, 1 }, SLIM_VALID, 0 },
  { "stride_blocks", 1, 9, 10, 37, 70, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "first_layer_chunks", 1, 57, 55, 3, 20, { 7, 7 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "rate", 2, 13, 12, 6, 10, { 3, 3 }, { 1, 1 }, { 2, 2 }, SLIM_SAME, 0 },
  { "flat_large", 2, 17, 17, 24, 40, { 1, 7 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "tall_large", 2, 17, 17, 24, 40, { 7, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "tall_rate", 3, 5, 4, 6, 10, { 5, 3 }, { 1, 1 }, { 3, 2 }, SLIM_SAME, 0 },
  { "rate_valid", 1, 17, 14, 5, 9, { 3, 2 }, { 1, 1 }, { 3, 4 }, SLIM_VALID, 0 },
  { "flat_kernel", 2, 6, 19, 8, 12, { 1, 7 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "tall_kernel", 2, 19, 6, 8, 12, { 7, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "whole_image", 4, 6, 6, 10, 40, { 6, 6 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 },
  { "kernel_7x7", 2, 9, 8, 16, 16, { 7, 7 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "even_kernel", 2, 9, 9, 4, 6, { 4, 4 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "many_channels", 1, 5, 5, 300, 130, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "winograd_blocks", 19, 7, 5, 64, 68, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "winograd_3x3", 3, 14, 13, 32, 48, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "winograd_3x3_valid", 2, 19, 22, 16, 32, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 },
  { "winograd_5x5_odd", 3, 9, 7, 48, 16, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "winograd_3x3_sixes", 2, 8, 12, 48, 64, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "winograd_3x3_four_tiles", 1, 7, 8, 144, 80, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "winograd_5x5_sixes", 4, 4, 4, 32, 48, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "winograd_nchw", 4, 13, 9, 16, 16, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 1 },
  { "winograd_flat", 2, 9, 23, 48, 40, { 1, 7 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 },
  { "winograd_tall", 3, 14, 9, 37, 44, { 7, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "winograd_tall_nchw", 1, 9, 10, 64, 32, { 3, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 1 },
  { "winograd_4x4", 3, 13, 14, 32, 48, { 4, 4 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "winograd_4x4_valid", 1, 19, 17, 16, 32, { 4, 4 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 },
  { "folded_7x7", 2, 31, 34, 3, 32, { 7, 7 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "folded_7x7_valid", 1, 30, 29, 4, 48, { 7, 7 }, { 2, 2 }, { 1, 1 }, SLIM_VALID, 0 },
  { "folded_7x7_fused", 3, 61, 66, 3, 32, { 7, 7 }, { 2, 2 }, { 1, 1 }, SLIM_VALID, 0 },
  { "folded_7x7_nchw", 2, 21, 24, 3, 48, { 7, 7 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 1 },
  { "folded_11x11_valid", 1, 69, 78, 3, 16, { 11, 11 }, { 4, 4 }, { 1, 1 }, SLIM_VALID, 0 },
  { "strassen", 1, 7, 17, 512, 64, { 1, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "strassen_wide", 1, 16, 15, 512, 128, { 1, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "strassen_shallow", 3, 5, 9, 256, 128, { 1, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "strassen_blocks", 3, 7, 9, 544, 512, { 1, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "nchw", 2, 9, 7, 5, 6, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 1 },
  { "nchw_stride", 2, 9, 7, 17, 33, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 1 },
  { "nchw_deep", 1, 5, 6, 175, 6, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 1 },
  { "stride_deep", 1, 5, 4, 3, 390, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "past_the_caches", 1, 181, 182, 26, 96, { 1, 2 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
};
#define CASES ((int)(sizeof cases / sizeof *cases))
#define LARGE 1 /* the last, of which only the forward pass differs from others */

/* Winograd's transforms and Strassen's products round in proportion to the largest sums, and may round more; test_winograd
 * holds their own bound.
 * @return the tolerance. */
static double tolerance_of(const test_convolution *c, size_t terms, double *scale, size_t n)
{
  const bool square = c->kernel.h == c->kernel.w && c->kernel.h >= 3 && c->kernel.h <= 5;
  const bool line = c->kernel.h * c->kernel.w == 7 || c->kernel.h * c->kernel.w == 3;
  const bool plain = (square || line) && c->stride.h == 1 && c->c >= 8;
  const bool folded = c->kernel.h == c->kernel.w && c->kernel.h >= 7 && c->stride.h > 1;
  const bool halves = c->kernel.h * c->kernel.w == 1 && c->c >= 512;
  if ((!plain && !folded && !halves) || c->rate.h != 1) {
    return test_sum_tolerance(terms);
  }
  double most = 0.0;
  for (size_t i = 0; i < n; i++) {
    most = scale[i] > most ? scale[i] : most;
  }
  for (size_t i = 0; i < n; i++) {
    scale[i] = most;
  }
  return 2.0 * test_sum_tolerance(terms);
}

START_TEST(matches_loops)
{
  const test_convolution *c = &cases[_i / TEST_PASSES];
  const test_pass pass = (test_pass)(_i % TEST_PASSES);
  const slim_conv2d_attr attr = { .stride = c->stride, .rate = c->rate, .padding = c->padding, .nchw = c->nchw };
  double *want, *scale;
  test_op t;
  test_convolution_open(&t, c, &ops, pass, &attr);
  test_convolution_loops(&t, c, false, pass, &want, &scale);
  if (test_op_run(&t, NULL)) {
    const size_t n = test_elements(t.out[0].shape);
    const double tolerance = tolerance_of(c, test_convolution_terms(&t, c, false, pass), scale, n);
    test_assert_sums(t.out[0].data, want, scale, n, tolerance, c->label);
  }
  free(want);
  free(scale);
  test_op_free(&t);
}
END_TEST

/* Nothing to multiply, or nowhere to put it: then results are 0, if there are any. */
START_TEST(empty_tensors)
{
  static const test_convolution empties[] = {
    { "no_images", 0, 14, 14, 64, 64, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
    { "no_channels", 1, 14, 14, 0, 64, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
    { "no_outputs", 1, 14, 14, 64, 0, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
    { "no_outputs_stride", 1, 14, 14, 64, 0, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
    { "no_images_nchw", 0, 14, 14, 64, 64, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 1 },
    { "no_images_first_layer", 0, 31, 31, 3, 64, { 7, 7 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
    { "no_images_line", 0, 17, 17, 64, 64, { 1, 7 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  };
  const test_convolution *c = &empties[_i / TEST_PASSES];
  const test_pass pass = (test_pass)(_i % TEST_PASSES);
  const slim_conv2d_attr attr = { .stride = c->stride, .rate = c->rate, .padding = c->padding, .nchw = c->nchw };
  test_op t;
  test_convolution_open(&t, c, &ops, pass, &attr);
  if (test_op_run(&t, NULL)) {
    for (size_t i = 0; i < test_elements(t.out[0].shape); i++) {
      ck_assert_msg(((float *)t.out[0].data)[i] == 0.0f, "%s: element %zu is not 0", c->label, i);
    }
  }
  test_op_free(&t);
}
END_TEST

/* bias, residual and relu6 fused behind the forward pass; every other time with weights that stay. */
START_TEST(epilogue_matches_loops)
{
  const test_convolution *c = &cases[_i / 2];
  const slim_conv2d_attr attr = { .stride = c->stride, .rate = c->rate, .padding = c->padding, .nchw = c->nchw };
  const slim_bias_attr bias = { 0 };
  const slim_binary_attr add = { SLIM_BINARY_ADD };
  const slim_activation_attr activation = { SLIM_ACTIVATION_RELU6 };
  const test_fused more[] = { { &slim_op_bias_add, &bias, 2, 0 }, { &slim_op_binary, &add, 2, 0 },
                              { &slim_op_activation, &activation, 1, 0 } };
  double *want, *scale;
  test_op t;
  test_convolution_open(&t, c, &ops, TEST_FORWARD, &attr);
  test_convolution_loops(&t, c, false, TEST_FORWARD, &want, &scale);
  t.folded = _i % 2;
  t.num_in = 4;
  t.in[2] = test_random_tensor(SLIM_SHAPE(c->outputs), 3);
  t.in[3] = test_random_tensor(t.out[0].shape, 4);
  const float *biases = t.in[2].data, *residual = t.in[3].data;
  const size_t n = test_elements(t.out[0].shape);
  for (size_t i = 0; i < n; i++) {
    const double sum = want[i] + (double)biases[i % (size_t)c->outputs] + (double)residual[i];
    want[i] = sum < 0.0 ? 0.0 : sum > 6.0 ? 6.0 : sum;
    scale[i] += 2.0;
  }
  if (test_op_run_fused(&t, more, 3, NULL)) {
    const double tolerance = tolerance_of(c, test_convolution_terms(&t, c, false, TEST_FORWARD), scale, n);
    test_assert_sums(t.out[0].data, want, scale, n, tolerance, c->label);
  }
  free(want);
  free(scale);
  test_op_free(&t);
}
END_TEST

/* The largest of 2 x 2 pixels of numbers that are not negative. */
static double *largest_of_four(const test_convolution *c, slim_shape y, slim_shape pooled, const double *of)
{
  double *largest = calloc(test_elements(pooled), sizeof *largest);
  ck_assert_ptr_nonnull(largest);
  for (size_t i = 0; i < test_elements(y); i++) {
    const int k = (int)(i % (size_t)c->outputs), pixel = (int)(i / (size_t)c->outputs);
    const int x = pixel % y.dim[2] / 2, row = pixel / y.dim[2] % y.dim[1] / 2, n = pixel / y.dim[2] / y.dim[1];
    double *to = &largest[((n * pooled.dim[1] + row) * pooled.dim[2] + x) * c->outputs + k];
    if (row < pooled.dim[1] && x < pooled.dim[2]) {
      *to = of[i] > *to ? of[i] : *to;
    }
  }
  return largest;
}

/* Those that pool in further schedules of Winograd's: fused, and of weights that stay, fused and in two stages. */
static const test_convolution pooled_cases[] = {
  { "pooled_many_tiles", 1, 63, 62, 16, 32, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "pooled_kept", 1, 23, 26, 16, 48, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "pooled_kept_staged", 1, 25, 24, 144, 16, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 },
};
#define POOLED_CASES ((int)(sizeof pooled_cases / sizeof *pooled_cases))

/* Must the device fuse the pool? OpenCL devices that are like CPUs take whole vectors of channels. */
static bool must_pool(const test_convolution *c)
{
  return test_op_on_cpu() || (test_op_like_cpu() && c->c % 16 == 0 && c->outputs % 16 == 0);
}

static const slim_pool2d_attr pools[] = { { { 2, 2 }, { 2, 2 }, SLIM_SAME, 0 }, { { 2, 2 }, { 2, 2 }, SLIM_VALID, 0 } };

/* The same with the largest of 2 x 2 pixels last, behind bias, relu, and perhaps a residual of all pixels. */
static void check_pooled(const test_convolution *c, const slim_pool2d_attr *pool, bool folded, bool adds)
{
  const slim_conv2d_attr attr = { .stride = c->stride, .rate = c->rate, .padding = c->padding };
  const slim_bias_attr bias = { 0 };
  const slim_binary_attr add = { SLIM_BINARY_ADD };
  const slim_activation_attr activation = { SLIM_ACTIVATION_RELU };
  const test_fused full[] = { { &slim_op_bias_add, &bias, 2, 0 }, { &slim_op_binary, &add, 2, 0 },
                              { &slim_op_activation, &activation, 1, 0 }, { &slim_op_max_pool2d, pool, 1, 0 } };
  const test_fused few[] = { full[0], full[2], full[3] };
  double *want, *scale;
  test_op t;
  test_convolution_open(&t, c, &ops, TEST_FORWARD, &attr);
  test_convolution_loops(&t, c, false, TEST_FORWARD, &want, &scale);
  const slim_shape y = t.out[0].shape;
  const size_t n = test_elements(y);
  const int round_up = pool->padding == SLIM_SAME;
  const slim_shape pooled = SLIM_SHAPE(y.dim[0], (y.dim[1] + round_up) / 2, (y.dim[2] + round_up) / 2, y.dim[3]);
  t.folded = folded;
  t.num_in = adds ? 4 : 3;
  t.in[2] = test_random_tensor(SLIM_SHAPE(c->outputs), 3);
  t.in[3] = test_random_tensor(y, 4);
  const float *biases = t.in[2].data, *residual = t.in[3].data;
  for (size_t i = 0; i < n; i++) {
    const double sum = want[i] + (double)biases[i % (size_t)c->outputs] + (adds ? (double)residual[i] : 0.0);
    want[i] = sum < 0.0 ? 0.0 : sum;
    scale[i] += 2.0;
  }
  const double tolerance = tolerance_of(c, test_convolution_terms(&t, c, false, TEST_FORWARD), scale, n);
  double *most = largest_of_four(c, y, pooled, want), *scales = largest_of_four(c, y, pooled, scale);
  free(t.out[0].data);
  t.out[0] = test_output(pooled);
  t.unpooled = y;
  const bool ran = test_op_run_fused(&t, adds ? full : few, adds ? 4 : 3, NULL);
  if (ran) {
    test_assert_sums(t.out[0].data, most, scales, test_elements(pooled), tolerance, c->label);
  }
  ck_assert_msg(ran || !must_pool(c) || test_op_takes_too_long(&t), "%s: the pool is not fused", c->label);
  t.num_in = 4;
  free(want);
  free(scale);
  free(most);
  free(scales);
  test_op_free(&t);
}

START_TEST(pooled_matches_loops)
{
  const int number = _i / 4;
  const test_convolution *c = number < CASES ? &cases[number] : &pooled_cases[number - CASES];
  const bool fits = c->kernel.h == 3 && c->kernel.w == 3 && c->stride.h == 1 && !c->nchw;
  if (fits) {
    check_pooled(c, &pools[_i % 2], _i / 2 % 2, (_i + _i / 4) % 2);
  }
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_loop_test(tcase, pooled_matches_loops, 0, 4 * (CASES + POOLED_CASES));
  tcase_add_loop_test(tcase, epilogue_matches_loops, 0, 2 * CASES);
  tcase_add_loop_test(tcase, matches_loops, 0, TEST_PASSES * (CASES - LARGE));
  tcase_add_loop_test(tcase, empty_tensors, 0, TEST_PASSES * 7);
}

TEST_OP_MAIN("conv2d", build)
