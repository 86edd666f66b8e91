/* A depthwise convolution with a 1x1 convolution fused behind it against loops in double. */
#include "test_convolution.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const test_convolution_ops ops = { true, { &slim_op_depthwise_conv2d, NULL, NULL } };

/* outputs: of the 1x1 convolution. The images are large enough for it to be fused. */
static const struct separable_case {
  test_convolution sums;
  int outputs;
} cases[] = {
  { { "odd", 2, 11, 13, 3, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 5 },
  { { "one_channel", 1, 14, 8, 1, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 1 },
  { { "block", 2, 14, 14, 32, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 64 },
  { { "pairs_and_a_row", 3, 13, 21, 37, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 33 },
  { { "wide_rows", 2, 3, 150, 20, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 16 },
  { { "one_column", 2, 120, 1, 20, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 24 },
  { { "many_channels", 2, 11, 13, 150, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 70 },
  { { "blocks_of_the_depth", 1, 14, 14, 530, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 40 },
  { { "many_outputs", 1, 15, 15, 40, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 290 },
  { { "many_tasks", 5, 28, 28, 8, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 8 },
  { { "valid", 2, 15, 17, 24, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 }, 20 },
  { { "stride", 2, 24, 25, 18, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 }, 32 },
  { { "stride_valid", 1, 36, 24, 70, 1, { 3, 3 }, { 3, 2 }, { 1, 1 }, SLIM_VALID, 0 }, 17 },
  { { "rate", 2, 13, 15, 33, 1, { 3, 3 }, { 1, 1 }, { 2, 3 }, SLIM_SAME, 0 }, 20 },
  { { "multiplier", 2, 12, 14, 9, 3, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 22 },
  { { "multiplier_stride", 1, 25, 23, 5, 2, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 }, 12 },
  { { "five", 2, 14, 12, 16, 1, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 48 },
  { { "vectors", 2, 11, 13, 48, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 33 },
  { { "vectors_one_column", 2, 120, 1, 32, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 24 },
  { { "vectors_of_blocks", 1, 14, 14, 528, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 40 },
  { { "vectors_many_outputs", 1, 15, 15, 48, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 290 },
  { { "vectors_many_rows", 5, 28, 28, 16, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 8 },
  { { "vectors_stride", 2, 24, 25, 32, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 }, 40 },
  { { "vectors_even_stride", 1, 28, 28, 64, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 }, 96 },
  { { "vectors_stride_valid", 1, 36, 24, 16, 1, { 3, 3 }, { 3, 2 }, { 1, 1 }, SLIM_VALID, 0 }, 17 },
  { { "vectors_rate", 2, 13, 15, 32, 1, { 3, 3 }, { 1, 1 }, { 2, 3 }, SLIM_SAME, 0 }, 20 },
  { { "vectors_rate_down", 1, 13, 21, 32, 1, { 3, 3 }, { 1, 1 }, { 2, 1 }, SLIM_SAME, 0 }, 20 },
  { { "vectors_past_the_caches", 4, 128, 200, 16, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 32 },
  { { "products_of_halves", 1, 11, 13, 512, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 128 },
  { { "tasks_of_halves", 6, 12, 14, 512, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 64 },
  { { "wide_products_of_halves", 1, 11, 13, 512, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 576 },
  { { "blocks_of_halves", 2, 12, 14, 544, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 512 },
  { { "one_by_one", 2, 12, 12, 18, 1, { 1, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 }, 18 },
};
#define CASES ((int)(sizeof cases / sizeof *cases))

/* What stands before and behind the 1x1 convolution; inputs: x, weights, [bias], weights, [bias, residual]. */
static const slim_conv2d_attr product = { .stride = { 1, 1 }, .rate = { 1, 1 }, .padding = SLIM_SAME };
static const slim_bias_attr bias = { 0 };
static const slim_binary_attr add = { SLIM_BINARY_ADD };
static const slim_activation_attr relu6 = { SLIM_ACTIVATION_RELU6 }, elu = { SLIM_ACTIVATION_ELU };
static const test_fused bare[] = { { &slim_op_conv2d, &product, 2, 0 } };
#define FULL_UP_TO(activation_)                                                                                        \
  {                                                                                                                    \
    { &slim_op_bias_add, &bias, 2, 0 }, { &slim_op_activation, &relu6, 1, 0 }, { &slim_op_conv2d, &product, 2, 0 },    \
    { &slim_op_bias_add, &bias, 2, 0 }, { &slim_op_binary, &add, 2, 0 }, { &slim_op_activation, &(activation_), 1, 0 } \
  }
static const test_fused full[] = FULL_UP_TO(elu), clamped[] = FULL_UP_TO(relu6);

enum variant { BARE, FULL, FOLDED, HALVES, VARIANTS }; /* FOLDED: clamped, so that products of halves can be made */

static double relu6_of(double x)
{
  return x < 0.0 ? 0.0 : x > 6.0 ? 6.0 : x;
}

/* A separable convolution in the making. sums: what the depthwise loops found, scale: of what they added up. */
typedef struct separable {
  const struct separable_case *c;
  enum variant variant;
  test_op t;
  double *sums, *scale;
} separable;

static int weights_at(enum variant variant)
{
  return variant == BARE ? 2 : 3;
}

/* The inputs but x. */
static void open_inputs(separable *s, int channels)
{
  test_op *t = &s->t;
  const int weights = weights_at(s->variant);
  t->in[weights] = test_random_tensor(SLIM_SHAPE(1, 1, channels, s->c->outputs), 5);
  t->num_in = weights + 1;
  if (s->variant != BARE) {
    t->in[2] = test_random_tensor(SLIM_SHAPE(channels), 3);
    t->in[4] = test_random_tensor(SLIM_SHAPE(s->c->outputs), 6);
    t->in[5] = test_random_tensor(t->out[0].shape, 7);
    t->num_in = 6;
  }
  t->folded = s->variant == FOLDED ? weights : 0;
}

static void separable_open(separable *s, const slim_conv2d_attr *attr)
{
  const test_convolution *c = &s->c->sums;
  test_op *t = &s->t;
  test_convolution_open(t, c, &ops, TEST_FORWARD, attr);
  if (s->variant == HALVES) {
    test_round_to_halves(&t->in[1]);
  }
  test_convolution_loops(t, c, true, TEST_FORWARD, &s->sums, &s->scale);
  slim_shape y = t->out[0].shape;
  y.dim[3] = s->c->outputs;
  free(t->out[0].data);
  t->out[0] = test_output(y);
  open_inputs(s, test_convolution_channels(c, true));
  if (s->variant == HALVES) {
    test_round_to_halves(&t->in[weights_at(HALVES)]);
  }
}

/* Output o of a pixel, and what the errors of its sums are measured by. */
static double output_of(const separable *s, size_t pixel, int o, double *scale)
{
  const test_op *t = &s->t;
  const int channels = test_convolution_channels(&s->c->sums, true);
  const float *weights = t->in[weights_at(s->variant)].data, *biases = t->in[2].data;
  double sum = 0.0;
  *scale = 2.0;
  for (int k = 0; k < channels; k++) {
    const size_t at = pixel * (size_t)channels + (size_t)k;
    const double weight = (double)weights[k * s->c->outputs + o];
    const double made = s->variant == BARE ? s->sums[at] : relu6_of(s->sums[at] + (double)biases[k]);
    sum += made * weight;
    *scale += (fabs(made) + s->scale[at] + 1.0) * fabs(weight);
  }
  if (s->variant != BARE) {
    const size_t at = pixel * (size_t)s->c->outputs + (size_t)o;
    sum += (double)((float *)t->in[4].data)[o] + (double)((float *)t->in[5].data)[at];
    sum = s->variant == FOLDED ? relu6_of(sum) : sum < 0.0 ? expm1(sum) : sum;
  }
  return sum;
}

/* All outputs, and their scales. Free both. */
static void separable_loops(const separable *s, double **want, double **scale)
{
  const size_t n = test_elements(s->t.out[0].shape), outputs = (size_t)s->c->outputs;
  *want = malloc(n * sizeof **want);
  *scale = malloc(n * sizeof **scale);
  ck_assert(*want && *scale);
  for (size_t i = 0; i < n; i++) {
    (*want)[i] = output_of(s, i / outputs, (int)(i % outputs), &(*scale)[i]);
  }
}

static double tolerance_of(const test_convolution *c)
{
  return test_sum_tolerance((size_t)(test_convolution_channels(c, true) + c->kernel.h * c->kernel.w));
}

static bool separable_run(separable *s)
{
  return s->variant == BARE ? test_op_run_fused(&s->t, bare, 1, NULL)
                            : test_op_run_fused(&s->t, s->variant == FOLDED ? clamped : full, 6, NULL);
}

static void separable_free(separable *s)
{
  free(s->sums);
  free(s->scale);
  test_op_free(&s->t);
}

START_TEST(matches_loops)
{
  separable s = { .c = &cases[_i / VARIANTS], .variant = (enum variant)(_i % VARIANTS) };
  const test_convolution *c = &s.c->sums;
  const slim_conv2d_attr attr = { .stride = c->stride, .rate = c->rate, .padding = c->padding, .nchw = c->nchw };
  double *want, *scale;
  separable_open(&s, &attr);
  separable_loops(&s, &want, &scale);
  if (s.variant == HALVES) {
    test_make_halves(&s.t.in[1]);
    test_make_halves(&s.t.in[weights_at(HALVES)]);
  }
  const bool ran = separable_run(&s);
  ck_assert_msg(ran || !test_op_on_cpu(), "%s: the 1x1 convolution is not fused", c->label);
  if (ran) {
    test_assert_sums(s.t.out[0].data, want, scale, test_elements(s.t.out[0].shape), tolerance_of(c), c->label);
  }
  free(want);
  free(scale);
  separable_free(&s);
}
END_TEST

/* Tasks are cut by the number of threads, of which there may be more than rows; the bits stay. */
START_TEST(threads_make_no_difference)
{
  separable s = { .c = &cases[_i / 2], .variant = _i % 2 ? FOLDED : FULL }, other = s;
  const test_convolution *c = &s.c->sums;
  const slim_conv2d_attr attr = { .stride = c->stride, .rate = c->rate, .padding = c->padding, .nchw = c->nchw };
  separable_open(&s, &attr);
  separable_open(&other, &attr);
  bool ran = separable_run(&s);
  test_op_close();
  setenv("SLIM_NUM_THREADS", c->c == 512 && _i % 2 ? "80" : "3", 1);
  ran = ran && separable_run(&other);
  test_op_close();
  unsetenv("SLIM_NUM_THREADS");
  ck_assert_msg(!ran || memcmp(s.t.out[0].data, other.t.out[0].data,
                               test_elements(s.t.out[0].shape) * sizeof(float)) == 0, "%s: other bits", c->label);
  separable_free(&s);
  separable_free(&other);
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_loop_test(tcase, matches_loops, 0, VARIANTS * CASES);
  if (test_op_on_cpu()) {
    tcase_add_loop_test(tcase, threads_make_no_difference, 0, 2 * CASES);
  }
}

TEST_OP_MAIN("separable", build)
