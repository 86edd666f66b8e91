/* depthwise_conv2d and both its gradients against loops in double. */
#include "test_convolution.h"

#include <math.h>

static const test_convolution_ops ops = { true,
                                          { &slim_op_depthwise_conv2d, &slim_op_depthwise_conv2d_input_gradient,
                                            &slim_op_depthwise_conv2d_weights_gradient } };

static const test_convolution cases[] = {
  { "one_pixel", 1, 1, 1, 1, 1, { 1, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "pixel_below_kernel", 2, 1, 1, 3, 1, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "odd", 2, 7, 9, 3, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "block", 2, 14, 14, 32, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "pairs_and_a_row", 2, 9, 21, 32, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "rows_by_four", 2, 8, 11, 20, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "block_of_a_row", 2, 1, 7, 16, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "past_block", 1, 15, 23, 37, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "half_vector", 2, 9, 16, 24, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "many_channels", 3, 7, 7, 260, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "shared_channels", 2, 9, 5, 272, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "many_columns_and_channels", 1, 5, 19, 140, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "strips_of_columns", 2, 7, 19, 144, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "many_columns_made_apart", 1, 7, 19, 272, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_strips_of_columns", 1, 9, 35, 272, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_many_channels", 2, 9, 35, 140, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "bands", 2, 37, 13, 40, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "one_column", 2, 9, 1, 20, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "two_columns", 2, 9, 2, 20, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "five_rows", 2, 5, 9, 20, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "one_row", 2, 1, 9, 20, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "eleven_rows", 2, 11, 6, 84, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "valid", 2, 9, 18, 16, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 },
  { "stride", 2, 12, 30, 16, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_odd", 2, 11, 29, 35, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_five_rows", 2, 9, 8, 20, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_eight_rows", 1, 15, 7, 32, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_one_row", 2, 2, 1, 20, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_whole", 2, 11, 13, 16, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_VALID, 0 },
  { "stride_one_pixel", 2, 1, 1, 20, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_blocks", 2, 16, 21, 40, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_past_windows", 2, 12, 14, 20, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_VALID, 0 },
  { "stride_past_the_caches", 1, 151, 150, 40, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_rows_left_over", 2, 6, 12, 32, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_VALID, 0 },
  { "stride_fifteen_rows", 1, 29, 13, 48, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_valid", 2, 12, 13, 6, 1, { 3, 3 }, { 2, 3 }, { 1, 1 }, SLIM_VALID, 0 },
  { "stride_above_kernel", 2, 11, 12, 4, 2, { 2, 2 }, { 3, 3 }, { 1, 1 }, SLIM_VALID, 0 },
  { "five", 2, 14, 21, 32, 1, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "five_stride", 2, 13, 33, 17, 1, { 5, 5 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "seven_stride", 1, 23, 21, 3, 8, { 7, 7 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "flat_kernel", 2, 6, 19, 8, 1, { 1, 7 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "tall_kernel", 2, 19, 6, 8, 1, { 7, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "even_kernel", 2, 9, 20, 20, 1, { 4, 4 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "one_by_one", 2, 8, 9, 18, 1, { 1, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "rate", 2, 13, 31, 16, 1, { 3, 3 }, { 1, 1 }, { 2, 2 }, SLIM_SAME, 0 },
  { "rate_wide", 1, 9, 5, 7, 1, { 3, 3 }, { 1, 1 }, { 4, 7 }, SLIM_SAME, 0 },
  { "rate_valid", 1, 17, 14, 5, 1, { 3, 2 }, { 1, 1 }, { 3, 4 }, SLIM_VALID, 0 },
  { "multiplier", 2, 9, 14, 8, 2, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "multiplier_stride", 2, 10, 15, 5, 3, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "nchw", 2, 9, 17, 5, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 1 },
  { "nchw_multiplier", 2, 9, 8, 6, 3, { 3, 3 }, { 2, 1 }, { 1, 1 }, SLIM_SAME, 1 },
};
#define CASES ((int)(sizeof cases / sizeof *cases))

START_TEST(matches_loops)
{
  const test_convolution *c = &cases[_i / TEST_PASSES];
  const test_pass pass = (test_pass)(_i % TEST_PASSES);
  const slim_conv2d_attr attr = { .stride = c->stride, .rate = c->rate, .padding = c->padding, .nchw = c->nchw };
  double *want, *scale;
  test_op t;
  test_convolution_open(&t, c, &ops, pass, &attr);
  test_convolution_loops(&t, c, true, pass, &want, &scale);
  if (test_op_run(&t, NULL)) {
    const double tolerance = test_sum_tolerance(test_convolution_terms(&t, c, true, pass));
    test_assert_sums(t.out[0].data, want, scale, test_elements(t.out[0].shape), tolerance, c->label);
  }
  free(want);
  free(scale);
  test_op_free(&t);
}
END_TEST

/* What stands behind the forward pass. */
static const slim_bias_attr bias = { 0 };
static const slim_binary_attr add = { SLIM_BINARY_ADD };
static const slim_activation_attr relu = { SLIM_ACTIVATION_RELU }, relu6 = { SLIM_ACTIVATION_RELU6 };
static const struct epilogue_case {
  int count;
  test_fused ops[3];
  double ceiling;
} epilogues[] = {
  { 1, { { &slim_op_bias_add, &bias, 2, 0 } }, HUGE_VAL },
  { 2, { { &slim_op_bias_add, &bias, 2, 0 }, { &slim_op_activation, &relu6, 1, 0 } }, 6.0 },
  { 3,
    { { &slim_op_bias_add, &bias, 2, 0 }, { &slim_op_binary, &add, 2, 0 }, { &slim_op_activation, &relu, 1, 0 } },
    HUGE_VAL },
};
#define EPILOGUES ((int)(sizeof epilogues / sizeof *epilogues))

/* want: the sums; becomes what the epilogue makes of them. */
static void apply_epilogue(const struct epilogue_case *e, const test_op *t, int outputs, double *want, double *scale)
{
  const float *biases = t->in[2].data, *residual = t->in[3].data;
  for (size_t i = 0; i < test_elements(t->out[0].shape); i++) {
    const double sum = want[i] + (double)biases[i % (size_t)outputs] + (e->count == 3 ? (double)residual[i] : 0.0);
    want[i] = sum < 0.0 && e->count > 1 ? 0.0 : sum > e->ceiling ? e->ceiling : sum;
    scale[i] += 2.0;
  }
}

START_TEST(epilogue_matches_loops)
{
  const test_convolution *c = &cases[_i / EPILOGUES];
  const struct epilogue_case *e = &epilogues[_i % EPILOGUES];
  const slim_conv2d_attr attr = { .stride = c->stride, .rate = c->rate, .padding = c->padding, .nchw = c->nchw };
  const int channels = test_convolution_channels(c, true);
  double *want, *scale;
  test_op t;
  if (c->nchw) {
    return;
  }
  test_convolution_open(&t, c, &ops, TEST_FORWARD, &attr);
  test_convolution_loops(&t, c, true, TEST_FORWARD, &want, &scale);
  t.in[2] = test_random_tensor(SLIM_SHAPE(channels), 3);
  t.in[3] = test_random_tensor(t.out[0].shape, 4);
  t.num_in = e->count == 3 ? 4 : 3;
  apply_epilogue(e, &t, channels, want, scale);
  const bool ran = test_op_run_fused(&t, e->ops, e->count, NULL);
  ck_assert_msg(ran || test_op_takes_too_long(&t), "%s: the epilogue is not fused", c->label);
  if (ran) {
    const double tolerance = test_sum_tolerance(test_convolution_terms(&t, c, true, TEST_FORWARD));
    test_assert_sums(t.out[0].data, want, scale, test_elements(t.out[0].shape), tolerance, c->label);
  }
  t.num_in = 4;
  free(want);
  free(scale);
  test_op_free(&t);
}
END_TEST

/* A value that is not finite reaches the outputs whose window holds it, through the activation too, and no others. */
START_TEST(nan_stays_where_it_is)
{
  const test_convolution c = { "nan", 1, 9, 9, 16, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 };
  const slim_conv2d_attr attr = { .stride = c.stride, .rate = c.rate, .padding = c.padding, .nchw = c.nchw };
  test_op t;
  test_convolution_open(&t, &c, &ops, TEST_FORWARD, &attr);
  ((float *)t.in[0].data)[(4 * 9 + 8) * 16 + 5] = (float)NAN;
  if (test_op_run_fused(&t, &(const test_fused){ &slim_op_activation, &relu6, 1, 0 }, 1, NULL)) {
    for (int i = 0; i < 9 * 9 * 16; i++) {
      const int y = i / 16 / 9, x = i / 16 % 9;
      const bool near = i % 16 == 5 && y >= 3 && y <= 5 && x >= 7;
      ck_assert_int_eq(isnan(((float *)t.out[0].data)[i]) != 0, near);
    }
  }
  test_op_free(&t);
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_loop_test(tcase, epilogue_matches_loops, 0, EPILOGUES * CASES);
  tcase_add_test(tcase, nan_stays_where_it_is);
  tcase_add_loop_test(tcase, matches_loops, 0, TEST_PASSES * CASES);
}

TEST_OP_MAIN("depthwise_conv2d", build)
