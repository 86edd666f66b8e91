/* depthwise_conv2d and both its gradients against loops in double. */
#include "test_op.h"

#include <math.h>

static const struct depthwise_case {
  const char *label;
  int n, h, w, c, multiplier;
  slim_hw kernel, stride, rate;
  slim_padding padding;
  int nchw;
} cases[] = {
  { "one_pixel", 1, 1, 1, 1, 1, { 1, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "pixel_below_kernel", 2, 1, 1, 3, 1, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "odd", 2, 7, 9, 3, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "block", 2, 14, 14, 32, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "past_block", 1, 15, 23, 37, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "half_vector", 2, 9, 16, 24, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "many_channels", 3, 7, 7, 260, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "valid", 2, 9, 18, 16, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 },
  { "stride", 2, 12, 30, 16, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_odd", 2, 11, 29, 35, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
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

static int size_out(int in, int kernel, int stride, int rate, slim_padding padding)
{
  return padding == SLIM_SAME ? (in + stride - 1) / stride : (in - (kernel - 1) * rate - 1) / stride + 1;
}

static int pixels_before(int in, int out, int kernel, int stride, int rate, slim_padding padding)
{
  const int missing = (out - 1) * stride + (kernel - 1) * rate + 1 - in;
  return padding == SLIM_SAME && missing > 0 ? missing / 2 : 0;
}

static slim_shape image_shape(const struct depthwise_case *c, int h, int w, int channels)
{
  return c->nchw ? SLIM_SHAPE(c->n, channels, h, w) : SLIM_SHAPE(c->n, h, w, channels);
}

static size_t place(const struct depthwise_case *c, int h, int w, int channels, int n, int y, int x, int k)
{
  return (size_t)(c->nchw ? ((n * channels + k) * h + y) * w + x : ((n * h + y) * w + x) * channels + k);
}

/* One product of the convolution: elements of x, weights and y. */
typedef void (*visit_fn)(void *user, size_t x, size_t w, size_t y);

static int outputs_of(const struct depthwise_case *c)
{
  return c->c * c->multiplier;
}

static void visit_tap(const struct depthwise_case *c, const int at[3], const int tap[2], const int in[2], visit_fn fn,
                      void *user, int oh, int ow)
{
  for (int o = 0; o < outputs_of(c); o++) {
    fn(user, place(c, c->h, c->w, c->c, at[0], in[0], in[1], o / c->multiplier),
       (size_t)((tap[0] * c->kernel.w + tap[1]) * outputs_of(c) + o),
       place(c, oh, ow, outputs_of(c), at[0], at[1], at[2], o));
  }
}

static void visit_products(const struct depthwise_case *c, visit_fn fn, void *user)
{
  const int oh = size_out(c->h, c->kernel.h, c->stride.h, c->rate.h, c->padding);
  const int ow = size_out(c->w, c->kernel.w, c->stride.w, c->rate.w, c->padding);
  const int top = pixels_before(c->h, oh, c->kernel.h, c->stride.h, c->rate.h, c->padding);
  const int left = pixels_before(c->w, ow, c->kernel.w, c->stride.w, c->rate.w, c->padding);
  for (int p = 0; p < c->n * oh * ow; p++) {
    const int at[3] = { p / (oh * ow), p / ow % oh, p % ow };
    for (int t = 0; t < c->kernel.h * c->kernel.w; t++) {
      const int tap[2] = { t / c->kernel.w, t % c->kernel.w };
      const int in[2] = { at[1] * c->stride.h - top + tap[0] * c->rate.h, at[2] * c->stride.w - left + tap[1] * c->rate.w };
      if (in[0] >= 0 && in[0] < c->h && in[1] >= 0 && in[1] < c->w) {
        visit_tap(c, at, tap, in, fn, user, oh, ow);
      }
    }
  }
}

/* a and b are multiplied into want; which of the three is which depends on the pass. */
typedef struct products {
  int pass; /* 0: forward, 1: input gradient, 2: weights gradient */
  const float *a, *b;
  double *want, *scale;
} products;

static void accumulate(void *user, size_t x, size_t w, size_t y)
{
  const products *p = user;
  const size_t a = p->pass == 0 ? x : y, b = p->pass == 2 ? x : w, to = p->pass == 0 ? y : p->pass == 1 ? x : w;
  const double product = (double)p->a[a] * (double)p->b[b];
  p->want[to] += product;
  p->scale[to] += product < 0.0 ? -product : product;
}

static void set_up(test_op *t, const struct depthwise_case *c, int pass, const slim_conv2d_attr *attr)
{
  const slim_op *ops[] = { &slim_op_depthwise_conv2d, &slim_op_depthwise_conv2d_input_gradient, &slim_op_depthwise_conv2d_weights_gradient };
  const int oh = size_out(c->h, c->kernel.h, c->stride.h, c->rate.h, c->padding);
  const int ow = size_out(c->w, c->kernel.w, c->stride.w, c->rate.w, c->padding);
  const slim_shape x = image_shape(c, c->h, c->w, c->c), y = image_shape(c, oh, ow, outputs_of(c));
  const slim_shape w = SLIM_SHAPE(c->kernel.h, c->kernel.w, c->c, c->multiplier);
  *t = (test_op){ .op = ops[pass], .attr = attr, .num_in = pass == 0 ? 2 : 3, .num_out = 1 };
  t->in[0] = test_random_tensor(pass == 0 ? x : y, 1);
  t->in[1] = test_random_tensor(pass == 2 ? x : w, 2);
  t->in[2] = (test_tensor){ SLIM_FLOAT32, pass == 1 ? x : w, NULL };
  t->out[0] = test_output(pass == 0 ? y : pass == 1 ? x : w);
}

/* Longest sum of a pass. */
static size_t reduction(const test_op *t, const struct depthwise_case *c, int pass)
{
  const int taps = c->kernel.h * c->kernel.w;
  return (size_t)(pass == 0   ? taps
                  : pass == 1 ? taps * c->multiplier
                              : (int)(test_elements(t->in[0].shape) / (size_t)outputs_of(c)));
}

START_TEST(matches_loops)
{
  const struct depthwise_case *c = &cases[_i / 3];
  const slim_conv2d_attr attr = { c->stride, c->rate, c->padding, c->nchw };
  products p = { .pass = _i % 3 };
  test_op t;
  set_up(&t, c, p.pass, &attr);
  const size_t n = test_elements(t.out[0].shape);
  p.a = t.in[0].data;
  p.b = t.in[1].data;
  p.want = calloc(n, sizeof *p.want);
  p.scale = calloc(n, sizeof *p.scale);
  visit_products(c, accumulate, &p);
  if (test_op_run(&t, NULL)) {
    test_assert_sums(t.out[0].data, p.want, p.scale, n, test_sum_tolerance(reduction(&t, c, p.pass)), c->label);
  }
  free(p.want);
  free(p.scale);
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
  const struct depthwise_case *c = &cases[_i / EPILOGUES];
  const struct epilogue_case *e = &epilogues[_i % EPILOGUES];
  const slim_conv2d_attr attr = { c->stride, c->rate, c->padding, c->nchw };
  products p = { .pass = 0 };
  test_op t;
  if (c->nchw) {
    return;
  }
  set_up(&t, c, 0, &attr);
  const size_t n = test_elements(t.out[0].shape);
  t.in[2] = test_random_tensor(SLIM_SHAPE(outputs_of(c)), 3);
  t.in[3] = test_random_tensor(t.out[0].shape, 4);
  t.num_in = e->count == 3 ? 4 : 3;
  p.a = t.in[0].data;
  p.b = t.in[1].data;
  p.want = calloc(n, sizeof *p.want);
  p.scale = calloc(n, sizeof *p.scale);
  visit_products(c, accumulate, &p);
  apply_epilogue(e, &t, outputs_of(c), p.want, p.scale);
  const bool ran = test_op_run_fused(&t, e->ops, e->count, NULL);
  ck_assert_msg(ran, "%s: the epilogue is not fused", c->label);
  if (ran) {
    test_assert_sums(t.out[0].data, p.want, p.scale, n, test_sum_tolerance(reduction(&t, c, 0)), c->label);
  }
  t.num_in = 4;
  free(p.want);
  free(p.scale);
  test_op_free(&t);
}
END_TEST

/* A value that is not finite reaches the outputs whose window holds it, through the activation too, and no others. */
START_TEST(nan_stays_where_it_is)
{
  const struct depthwise_case c = { "nan", 1, 9, 9, 16, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 };
  const slim_conv2d_attr attr = { c.stride, c.rate, c.padding, c.nchw };
  test_op t;
  set_up(&t, &c, 0, &attr);
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
  tcase_add_loop_test(tcase, matches_loops, 0, 3 * CASES);
}

TEST_MAIN("depthwise_conv2d", build, test_op_available)
