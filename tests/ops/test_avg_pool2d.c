/* avg_pool2d and its gradient against loops: only pixels inside the image count. */
#include "test_window.h"

static const struct pool_case {
  const char *label;
  int n, h, w, c;
  slim_hw kernel, stride;
  slim_padding padding;
  int nchw;
} cases[] = {
  { "one_pixel", 1, 1, 1, 1, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 },
  { "odd_same", 2, 7, 9, 17, { 2, 2 }, { 2, 2 }, SLIM_SAME, 0 },
  { "overlap", 2, 13, 11, 5, { 3, 3 }, { 2, 2 }, SLIM_SAME, 0 },
  { "gaps", 2, 11, 12, 7, { 2, 2 }, { 3, 4 }, SLIM_VALID, 0 },
  { "global", 2, 7, 5, 20, { 7, 5 }, { 1, 1 }, SLIM_VALID, 0 },
  { "nchw", 2, 9, 7, 3, { 3, 2 }, { 2, 2 }, SLIM_SAME, 1 },
  { "no_channels", 2, 9, 8, 0, { 3, 3 }, { 2, 2 }, SLIM_SAME, 0 },
  { "no_images", 0, 9, 8, 32, { 3, 3 }, { 2, 2 }, SLIM_SAME, 0 },
};
#define CASES ((int)(sizeof cases / sizeof *cases))

static size_t place(const struct pool_case *c, int h, int w, int n, int y, int x, int k)
{
  return test_image_place(c->nchw, h, w, c->c, n, y, x, k);
}

/* Pixels of a window inside the image; the elements of x go into at. */
static int window(const struct pool_case *c, int n, int oy, int ox, int k, size_t *at)
{
  const int oh = test_windows(c->h, c->kernel.h, c->stride.h, 1, c->padding);
  const int ow = test_windows(c->w, c->kernel.w, c->stride.w, 1, c->padding);
  const int top = test_zeros_before(c->h, oh, c->kernel.h, c->stride.h, 1, c->padding);
  const int left = test_zeros_before(c->w, ow, c->kernel.w, c->stride.w, 1, c->padding);
  int count = 0;
  for (int i = 0; i < c->kernel.h * c->kernel.w; i++) {
    const int y = oy * c->stride.h - top + i / c->kernel.w, x = ox * c->stride.w - left + i % c->kernel.w;
    if (y >= 0 && y < c->h && x >= 0 && x < c->w) {
      at[count++] = place(c, c->h, c->w, n, y, x, k);
    }
  }
  return count;
}

static void expect(const struct pool_case *c, bool gradient, const float *in, double *want)
{
  const int oh = test_windows(c->h, c->kernel.h, c->stride.h, 1, c->padding);
  const int ow = test_windows(c->w, c->kernel.w, c->stride.w, 1, c->padding);
  size_t at[64];
  for (int i = 0; i < c->n * oh * ow * c->c; i++) {
    const int k = i % c->c, ox = i / c->c % ow, oy = i / c->c / ow % oh, n = i / c->c / ow / oh;
    const size_t y = place(c, oh, ow, n, oy, ox, k);
    const int count = window(c, n, oy, ox, k, at);
    for (int p = 0; p < count; p++) {
      if (gradient) {
        want[at[p]] += (double)in[y] / count;
      } else {
        want[y] += (double)in[at[p]] / count;
      }
    }
  }
}

START_TEST(matches_loops)
{
  const struct pool_case *c = &cases[_i / 2];
  const bool gradient = _i % 2;
  const slim_pool2d_attr attr = { c->kernel, c->stride, c->padding, c->nchw };
  const int oh = test_windows(c->h, c->kernel.h, c->stride.h, 1, c->padding);
  const int ow = test_windows(c->w, c->kernel.w, c->stride.w, 1, c->padding);
  const slim_shape x = test_image_shape(c->nchw, c->n, c->h, c->w, c->c);
  const slim_shape y = test_image_shape(c->nchw, c->n, oh, ow, c->c);
  test_op t = { .op = gradient ? &slim_op_avg_pool2d_gradient : &slim_op_avg_pool2d, .attr = &attr,
                .num_in = gradient ? 2 : 1, .num_out = 1 };
  t.in[0] = test_random_tensor(gradient ? y : x, 3);
  t.in[1] = (test_tensor){ SLIM_FLOAT32, x, NULL };
  t.out[0] = test_output(gradient ? x : y);
  const size_t n = test_elements(t.out[0].shape);
  double *want = calloc(n, sizeof *want);
  expect(c, gradient, t.in[0].data, want);
  if (test_op_run(&t, NULL)) {
    test_assert_near(t.out[0].data, want, n, test_sum_tolerance((size_t)(c->kernel.h * c->kernel.w)), c->label);
  }
  free(want);
  test_op_free(&t);
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_loop_test(tcase, matches_loops, 0, 2 * CASES);
}

TEST_OP_MAIN("avg_pool2d", build)
