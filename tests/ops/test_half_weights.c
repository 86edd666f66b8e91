/* Ops whose weights are halves, against loops in double over the same numbers; and what halves are. */
#include "test_convolution.h"

#include "base/half.h"

#include <math.h>

/* --- the numbers --------------------------------------------------------------------------------------------------- */

/* By the definition: sign, 5 bits of exponent, 10 bits behind the point. */
static double value_of(unsigned half)
{
  const int exponent = (int)(half >> 10 & 31u), fraction = (int)(half & 1023u);
  const double size = exponent == 0    ? ldexp(fraction, -24)
                      : exponent == 31 ? (fraction ? (double)NAN : HUGE_VAL)
                                       : ldexp(1024 + fraction, exponent - 25);
  return half >> 15 ? -size : size;
}

START_TEST(every_half_is_read_and_written)
{
  for (unsigned half = 0; half < 65536; half++) {
    const double want = value_of(half);
    const float got = slim_half_to_float((uint16_t)half);
    if (!(isnan(want) ? isnan(got) != 0 : (double)got == want && !signbit(got) == !signbit(want))) {
      ck_abort_msg("%#x is %g, not %g", half, (double)got, want);
    }
    const unsigned back = slim_half_of(got);
    if (back != half && !isnan(want)) {
      ck_abort_msg("%#x comes back as %#x", half, back);
    }
  }
}
END_TEST

/* Between neighbours the nearer one is taken, in the middle the even one. */
START_TEST(numbers_are_rounded_to_the_nearest)
{
  for (unsigned half = 0; half < 0x7bffu; half++) {
    const float low = slim_half_to_float((uint16_t)half), high = slim_half_to_float((uint16_t)(half + 1));
    const float middle = low + (high - low) / 2;
    if (slim_half_of(middle) != half + (half & 1u) || slim_half_of(nextafterf(middle, 0.0f)) != half ||
        slim_half_of(nextafterf(middle, 1e9f)) != half + 1 ||
        slim_half_of(-nextafterf(middle, 1e9f)) != (0x8000u | (half + 1))) {
      ck_abort_msg("numbers between %#x and the next half are rounded wrong", half);
    }
  }
  ck_assert_uint_eq(slim_half_of(65519.0f), 0x7bffu);
  ck_assert_uint_eq(slim_half_of(65520.0f), 0x7c00u);
  ck_assert_uint_eq(slim_half_of(-3e38f), 0xfc00u);
  ck_assert_uint_eq(slim_half_of(1e-30f), 0u);
}
END_TEST

/* --- convolutions -------------------------------------------------------------------------------------------------- */

static const struct convolution_case {
  bool depthwise;
  test_convolution c;
} convolutions[] = {
  { false, { "one_pixel", 1, 1, 1, 1, 1, { 1, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "odd", 2, 7, 9, 3, 5, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "one_by_one", 3, 5, 7, 17, 33, { 1, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "one_by_one_deep", 1, 7, 7, 600, 130, { 1, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "one_by_one_stride", 2, 7, 8, 19, 21, { 1, 1 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "past_tile", 1, 15, 13, 17, 35, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "five", 2, 14, 14, 32, 64, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "stride_vectors", 2, 15, 13, 32, 48, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "stride_odd", 2, 11, 10, 5, 77, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "first_layer", 1, 23, 21, 3, 20, { 7, 7 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "rate", 2, 13, 12, 6, 10, { 3, 3 }, { 1, 1 }, { 2, 2 }, SLIM_SAME, 0 } },
  { false, { "whole_image", 1, 6, 6, 10, 40, { 6, 6 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 } },
  { false, { "whole_images", 4, 6, 6, 10, 43, { 6, 6 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 } },
  { false, { "winograd_blocks", 17, 7, 5, 64, 64, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "winograd_few_channels", 3, 14, 13, 32, 48, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "winograd_many_channels", 1, 9, 11, 272, 144, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "winograd_four_tiles", 1, 7, 7, 144, 80, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "winograd_whole_tiles", 1, 8, 8, 144, 80, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "winograd_many_tiles", 2, 61, 50, 16, 16, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "winograd_many_sixes", 5, 28, 32, 16, 16, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "winograd_five_sixes", 4, 4, 4, 32, 48, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "winograd_five_many_tiles", 3, 33, 23, 16, 16, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "winograd_five_many_sixes", 65, 4, 4, 16, 16, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "winograd_staged_sixes", 2, 8, 12, 48, 64, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "short_line", 2, 17, 17, 64, 48, { 1, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "line", 2, 17, 17, 32, 48, { 1, 7 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "column", 2, 17, 17, 32, 43, { 7, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "winograd_four_taps", 2, 14, 14, 32, 64, { 4, 4 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "winograd_four_taps_many_tiles", 4, 33, 33, 16, 16, { 4, 4 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "winograd_folded", 2, 31, 33, 3, 32, { 7, 7 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "winograd_odd", 2, 9, 9, 20, 37, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { false, { "nchw", 2, 9, 7, 5, 6, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 1 } },
  { true, { "depthwise", 2, 14, 14, 32, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { true, { "depthwise_odd", 1, 15, 23, 37, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 } },
  { true, { "depthwise_five", 2, 14, 21, 16, 1, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { true, { "depthwise_multiplier", 2, 9, 14, 8, 2, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 } },
  { true, { "depthwise_nchw", 2, 9, 8, 6, 3, { 3, 3 }, { 2, 1 }, { 1, 1 }, SLIM_SAME, 1 } },
};
#define CONVOLUTIONS ((int)(sizeof convolutions / sizeof *convolutions))

/* The least that run each of Winograd's kernels for vectors of 16, on one unit. */
static const test_convolution least[] = {
  { "four_tiles", 1, 7, 7, 16, 16, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "whole_tiles", 1, 8, 8, 16, 16, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "sixes", 1, 8, 9, 16, 16, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "sevens", 1, 5, 29, 16, 16, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "four_taps", 1, 8, 8, 16, 16, { 4, 4 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "five_sixes", 1, 4, 4, 16, 16, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "five_sevens", 1, 9, 9, 16, 16, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "folded", 1, 17, 18, 4, 16, { 7, 7 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "line", 1, 4, 12, 32, 32, { 1, 7 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "short_line", 1, 4, 12, 32, 32, { 1, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "tiles_sixes", 64, 1, 13, 16, 16, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "tiles_sevens", 64, 6, 9, 16, 16, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "tiles_four_taps", 64, 1, 13, 16, 16, { 4, 4 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "tiles_five_sixes", 64, 1, 7, 16, 16, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "tiles_five_sevens", 65, 1, 11, 16, 16, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
};
#define LEAST ((int)(sizeof least / sizeof *least))

static const test_convolution_ops dense = { false, { &slim_op_conv2d } }, depthwise = { true, { &slim_op_depthwise_conv2d } };

static void assert_loops(const test_convolution *c, bool is_depthwise, bool is_least)
{
  const slim_conv2d_attr attr = { .stride = c->stride, .rate = c->rate, .padding = c->padding, .nchw = c->nchw };
  double *want, *scale;
  test_op t;
  test_convolution_open(&t, c, is_depthwise ? &depthwise : &dense, TEST_FORWARD, &attr);
  test_round_to_halves(&t.in[1]);
  test_convolution_loops(&t, c, is_depthwise, TEST_FORWARD, &want, &scale);
  const size_t n = test_elements(t.out[0].shape);
  test_make_halves(&t.in[1]);
  t.least = is_least;
  if (test_op_run(&t, NULL)) {
    test_assert_near(t.out[0].data, want, n, 1e-5, c->label);
  }
  free(want);
  free(scale);
  test_op_free(&t);
}

START_TEST(convolutions_match_loops)
{
  assert_loops(&convolutions[_i].c, convolutions[_i].depthwise, false);
}
END_TEST

START_TEST(least_convolutions_match_loops)
{
  assert_loops(&least[_i], false, true);
}
END_TEST

/* --- products ------------------------------------------------------------------------------------------------------ */

static const struct matmul_case {
  const char *label;
  int m, n, k;
} products[] = {
  { "one", 1, 1, 1 },        { "row", 1, 37, 65 },       { "long_row", 1, 1003, 403 }, { "wide_row", 1, 4096, 517 },
  { "outer", 1800, 1760, 1 }, { "past_tile", 15, 33, 65 }, { "deep", 20, 17, 1500 },     { "few_rows", 9, 1037, 2050 },
  { "square", 60, 210, 220 }, { "fours", 60, 212, 220 },
};
#define PRODUCTS ((int)(sizeof products / sizeof *products))

START_TEST(products_match_loops)
{
  const struct matmul_case *c = &products[_i / 2];
  const slim_matmul_attr attr = { .transpose_a = _i & 1 };
  test_op t = { .op = &slim_op_matmul, .attr = &attr, .num_in = 2, .num_out = 1 };
  const size_t n = (size_t)c->m * (size_t)c->n;
  double *want = calloc(n, sizeof *want);
  t.in[0] = test_random_tensor(attr.transpose_a ? SLIM_SHAPE(c->k, c->m) : SLIM_SHAPE(c->m, c->k), 1);
  t.in[1] = test_random_tensor(SLIM_SHAPE(c->k, c->n), 2);
  t.out[0] = test_output(SLIM_SHAPE(c->m, c->n));
  test_round_to_halves(&t.in[1]);
  const float *a = t.in[0].data, *b = t.in[1].data;
  for (int r = 0; r < c->m; r++) {
    for (int k = 0; k < c->k; k++) {
      const double factor = (double)(attr.transpose_a ? a[k * c->m + r] : a[r * c->k + k]);
      for (int j = 0; j < c->n; j++) {
        want[r * c->n + j] += factor * (double)b[k * c->n + j];
      }
    }
  }
  test_make_halves(&t.in[1]);
  if (test_op_run(&t, NULL)) {
    test_assert_near(t.out[0].data, want, n, 1e-5, c->label);
  }
  free(want);
  test_op_free(&t);
}
END_TEST

/* --- what else reads weights --------------------------------------------------------------------------------------- */

/* Folds a batch norm into weights [5, c]. factor: of all channels. */
static test_op fold_open(int c, float factor, const slim_batch_norm_attr *attr)
{
  test_op t = { .op = &slim_op_batch_norm_fold, .attr = attr, .num_in = 5, .num_out = 2 };
  t.in[0] = test_random_tensor(SLIM_SHAPE(5, c), 1);
  for (int i = 1; i < 5; i++) {
    t.in[i] = test_random_tensor(SLIM_SHAPE(c), 1u + (unsigned)i);
  }
  for (int i = 0; i < c; i++) {
    ((float *)t.in[1].data)[i] = factor;
    ((float *)t.in[4].data)[i] = 1.0f + 0.5f * ((float *)t.in[4].data)[i];
  }
  t.out[0] = test_output(SLIM_SHAPE(5, c));
  t.out[1] = test_output(SLIM_SHAPE(c));
  test_round_to_halves(&t.in[0]);
  return t;
}

START_TEST(folded_weights_are_rounded_once)
{
  const int c = _i == 0 ? 48 : 37;
  const slim_batch_norm_attr attr = { .epsilon = 1e-3f };
  test_op t = fold_open(c, 3.0f, &attr);
  double want[5 * 48];
  const float *weights = t.in[0].data, *variance = t.in[4].data;
  for (int i = 0; i < 5 * c; i++) {
    want[i] = (double)weights[i] * 3.0 / sqrt((double)variance[i % c] + (double)attr.epsilon);
  }
  test_make_halves(&t.in[0]);
  test_make_halves(&t.out[0]);
  test_op_flag_clear();
  ck_assert(test_op_run(&t, NULL));
  ck_assert(!test_op_flag_read());
  for (int i = 0; i < 5 * c; i++) {
    const double got = (double)slim_half_to_float(((uint16_t *)t.out[0].data)[i]);
    ck_assert_double_le(fabs(got - want[i]), fabs(want[i]) * 0x1.01p-11 + 0x1p-25);
  }
  test_op_free(&t);
}
END_TEST

START_TEST(folded_weights_that_are_too_large_set_the_flag)
{
  const slim_batch_norm_attr attr = { .epsilon = 1e-3f };
  test_op t = fold_open(_i == 0 ? 48 : 37, 1e6f, &attr);
  test_make_halves(&t.in[0]);
  test_make_halves(&t.out[0]);
  test_op_flag_clear();
  ck_assert(test_op_run(&t, NULL));
  ck_assert(test_op_flag_read());
  test_op_flag_clear();
  test_op_free(&t);
}
END_TEST

START_TEST(halves_become_floats)
{
  const slim_cast_attr attr = { SLIM_FLOAT32 };
  test_op t = { .op = &slim_op_cast, .attr = &attr, .num_in = 1, .num_out = 1 };
  double want[7 * 19];
  t.in[0] = test_random_tensor(SLIM_SHAPE(7, 19), 1);
  t.out[0] = test_output(SLIM_SHAPE(7, 19));
  test_round_to_halves(&t.in[0]);
  for (int i = 0; i < 7 * 19; i++) {
    want[i] = (double)((float *)t.in[0].data)[i];
  }
  test_make_halves(&t.in[0]);
  ck_assert(test_op_run(&t, NULL));
  test_assert_near(t.out[0].data, want, 7 * 19, 0.0, "cast");
  test_op_free(&t);
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_test(tcase, every_half_is_read_and_written);
  tcase_add_test(tcase, numbers_are_rounded_to_the_nearest);
  tcase_add_loop_test(tcase, convolutions_match_loops, 0, CONVOLUTIONS);
  tcase_add_loop_test(tcase, least_convolutions_match_loops, 0, LEAST);
  tcase_add_loop_test(tcase, products_match_loops, 0, 2 * PRODUCTS);
  tcase_add_loop_test(tcase, folded_weights_are_rounded_once, 0, 2);
  tcase_add_loop_test(tcase, folded_weights_that_are_too_large_set_the_flag, 0, 2);
  tcase_add_test(tcase, halves_become_floats);
}

TEST_OP_MAIN("half_weights", build)
