/* conv2d and both its gradients against loops in double. */
#include "test_op.h"

static const struct conv_case {
  const char *label;
  int n, h, w, c, outputs;
  slim_hw kernel, stride, rate;
  slim_padding padding;
  int nchw;
} cases[] = {
  { "one_pixel", 1, 1, 1, 1, 1, { 1, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "pixel_below_kernel", 2, 1, 1, 3, 5, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "odd", 2, 7, 9, 3, 5, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "valid", 2, 9, 8, 7, 9, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 },
  { "one_by_one", 3, 5, 7, 17, 33, { 1, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "one_by_one_stride", 2, 7, 8, 19, 21, { 1, 1 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "tile", 1, 14, 14, 16, 32, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "past_tile", 1, 15, 13, 17, 35, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "lenet_conv1", 3, 28, 28, 1, 32, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "lenet_conv2", 2, 14, 14, 32, 64, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride", 2, 11, 10, 5, 18, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "stride_valid", 2, 12, 13, 6, 7, { 3, 3 }, { 2, 3 }, { 1, 1 }, SLIM_VALID, 0 },
  { "stride_above_kernel", 2, 11, 12, 4, 6, { 2, 2 }, { 3, 3 }, { 1, 1 }, SLIM_VALID, 0 },
  { "first_layer", 1, 23, 21, 3, 20, { 7, 7 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 0 },
  { "rate", 2, 13, 12, 6, 10, { 3, 3 }, { 1, 1 }, { 2, 2 }, SLIM_SAME, 0 },
  { "rate_valid", 1, 17, 14, 5, 9, { 3, 2 }, { 1, 1 }, { 3, 4 }, SLIM_VALID, 0 },
  { "flat_kernel", 2, 6, 19, 8, 12, { 1, 7 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "tall_kernel", 2, 19, 6, 8, 12, { 7, 1 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "whole_image", 4, 6, 6, 10, 40, { 6, 6 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 },
  { "kernel_7x7", 2, 9, 8, 16, 16, { 7, 7 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "even_kernel", 2, 9, 9, 4, 6, { 4, 4 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "many_channels", 1, 5, 5, 300, 130, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "winograd_3x3", 3, 14, 13, 32, 48, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "winograd_3x3_valid", 2, 19, 22, 16, 32, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 },
  { "winograd_5x5_odd", 3, 9, 7, 48, 16, { 5, 5 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 0 },
  { "winograd_nchw", 4, 13, 9, 16, 16, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 1 },
  { "nchw", 2, 9, 7, 5, 6, { 3, 3 }, { 1, 1 }, { 1, 1 }, SLIM_SAME, 1 },
  { "nchw_stride", 2, 9, 7, 17, 33, { 3, 3 }, { 2, 2 }, { 1, 1 }, SLIM_SAME, 1 },
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

static slim_shape image_shape(const struct conv_case *c, int h, int w, int channels)
{
  return c->nchw ? SLIM_SHAPE(c->n, channels, h, w) : SLIM_SHAPE(c->n, h, w, channels);
}

static size_t place(const struct conv_case *c, int h, int w, int channels, int n, int y, int x, int k)
{
  return (size_t)(c->nchw ? ((n * channels + k) * h + y) * w + x : ((n * h + y) * w + x) * channels + k);
}

/* One product of the convolution: elements of x, weights and y. */
typedef void (*visit_fn)(void *user, size_t x, size_t w, size_t y);

static void visit_tap(const struct conv_case *c, const int at[3], const int tap[2], const int in[2], visit_fn fn,
                      void *user, int oh, int ow)
{
  for (int i = 0; i < c->c; i++) {
    for (int o = 0; o < c->outputs; o++) {
      fn(user, place(c, c->h, c->w, c->c, at[0], in[0], in[1], i),
         (size_t)(((tap[0] * c->kernel.w + tap[1]) * c->c + i) * c->outputs + o),
         place(c, oh, ow, c->outputs, at[0], at[1], at[2], o));
    }
  }
}

static void visit_products(const struct conv_case *c, visit_fn fn, void *user)
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

static void set_up(test_op *t, const struct conv_case *c, int pass, const slim_conv2d_attr *attr)
{
  const slim_op *ops[] = { &slim_op_conv2d, &slim_op_conv2d_input_gradient, &slim_op_conv2d_weights_gradient };
  const int oh = size_out(c->h, c->kernel.h, c->stride.h, c->rate.h, c->padding);
  const int ow = size_out(c->w, c->kernel.w, c->stride.w, c->rate.w, c->padding);
  const slim_shape x = image_shape(c, c->h, c->w, c->c), y = image_shape(c, oh, ow, c->outputs);
  const slim_shape w = SLIM_SHAPE(c->kernel.h, c->kernel.w, c->c, c->outputs);
  *t = (test_op){ .op = ops[pass], .attr = attr, .num_in = pass == 0 ? 2 : 3, .num_out = 1 };
  t->in[0] = test_random_tensor(pass == 0 ? x : y, 1);
  t->in[1] = test_random_tensor(pass == 2 ? x : w, 2);
  t->in[2] = (test_tensor){ SLIM_FLOAT32, pass == 1 ? x : w, NULL };
  t->out[0] = test_output(pass == 0 ? y : pass == 1 ? x : w);
}

/* Longest sum of a pass. */
static size_t reduction(const test_op *t, const struct conv_case *c, int pass)
{
  return (size_t)(pass == 0   ? c->kernel.h * c->kernel.w * c->c
                  : pass == 1 ? c->kernel.h * c->kernel.w * c->outputs
                              : (int)(test_elements(t->in[0].shape) / (size_t)c->outputs));
}

/* Winograd's transforms round in proportion to the largest sums, and may round more; test_winograd holds their own bound.
 * @return the tolerance. */
static double tolerance_of(const struct conv_case *c, size_t terms, double *scale, size_t n)
{
  const bool square = c->kernel.h == c->kernel.w && (c->kernel.h == 3 || c->kernel.h == 5);
  if (!square || c->stride.h != 1 || c->rate.h != 1 || c->c < 8) {
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
  const struct conv_case *c = &cases[_i / 3];
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
    const double tolerance = tolerance_of(c, reduction(&t, c, p.pass), p.scale, n);
    test_assert_sums(t.out[0].data, p.want, p.scale, n, tolerance, c->label);
  }
  free(p.want);
  free(p.scale);
  test_op_free(&t);
}
END_TEST

/* bias, residual and relu6 fused behind the forward pass. */
START_TEST(epilogue_matches_loops)
{
  const struct conv_case *c = &cases[_i];
  const slim_conv2d_attr attr = { c->stride, c->rate, c->padding, c->nchw };
  const slim_bias_attr bias = { 0 };
  const slim_binary_attr add = { SLIM_BINARY_ADD };
  const slim_activation_attr activation = { SLIM_ACTIVATION_RELU6 };
  const test_fused more[] = { { &slim_op_bias_add, &bias, 2, 0 }, { &slim_op_binary, &add, 2, 0 },
                              { &slim_op_activation, &activation, 1, 0 } };
  products p = { .pass = 0 };
  test_op t;
  set_up(&t, c, 0, &attr);
  const size_t n = test_elements(t.out[0].shape);
  t.num_in = 4;
  t.in[2] = test_random_tensor(SLIM_SHAPE(c->outputs), 3);
  t.in[3] = test_random_tensor(t.out[0].shape, 4);
  p.a = t.in[0].data;
  p.b = t.in[1].data;
  p.want = calloc(n, sizeof *p.want);
  p.scale = calloc(n, sizeof *p.scale);
  visit_products(c, accumulate, &p);
  for (size_t i = 0; i < n; i++) {
    const double sum = p.want[i] + (double)((float *)t.in[2].data)[i % (size_t)c->outputs] + (double)((float *)t.in[3].data)[i];
    p.want[i] = sum < 0.0 ? 0.0 : sum > 6.0 ? 6.0 : sum;
    p.scale[i] += 2.0;
  }
  if (test_op_run_fused(&t, more, 3, NULL)) {
    const double tolerance = tolerance_of(c, reduction(&t, c, 0), p.scale, n);
    test_assert_sums(t.out[0].data, p.want, p.scale, n, tolerance, c->label);
  }
  free(p.want);
  free(p.scale);
  test_op_free(&t);
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_loop_test(tcase, epilogue_matches_loops, 0, CASES);
  tcase_add_loop_test(tcase, matches_loops, 0, 3 * CASES);
}

TEST_MAIN("conv2d", build, test_op_available)
