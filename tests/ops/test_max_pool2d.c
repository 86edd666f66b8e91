/* max_pool2d with indices, its gradient, and that with a relu's gradient fused, against loops. */
#include "test_window.h"

static const struct pool_case {
  const char *label;
  int n, h, w, c;
  slim_hw kernel, stride;
  slim_padding padding;
  int nchw;
} cases[] = {
  { "one_pixel", 1, 1, 1, 1, { 1, 1 }, { 1, 1 }, SLIM_VALID, 0 },
  { "every_second", 2, 7, 6, 10, { 1, 1 }, { 2, 2 }, SLIM_SAME, 0 },
  { "lenet", 3, 28, 28, 32, { 2, 2 }, { 2, 2 }, SLIM_VALID, 0 },
  { "odd_same", 2, 7, 9, 17, { 2, 2 }, { 2, 2 }, SLIM_SAME, 0 },
  { "odd_valid", 2, 7, 9, 18, { 2, 2 }, { 2, 2 }, SLIM_VALID, 0 },
  { "overlap", 2, 13, 11, 5, { 3, 3 }, { 2, 2 }, SLIM_SAME, 0 },
  { "overlap_one", 1, 6, 5, 33, { 3, 3 }, { 1, 1 }, SLIM_SAME, 0 },
  { "gaps", 2, 11, 12, 7, { 2, 2 }, { 3, 4 }, SLIM_VALID, 0 },
  { "uneven", 2, 9, 10, 16, { 3, 1 }, { 2, 3 }, SLIM_SAME, 0 },
  { "global", 2, 7, 5, 20, { 7, 5 }, { 1, 1 }, SLIM_VALID, 0 },
  { "nchw", 2, 9, 7, 3, { 3, 2 }, { 2, 2 }, SLIM_SAME, 1 },
  { "no_channels", 2, 9, 8, 0, { 3, 3 }, { 2, 2 }, SLIM_SAME, 0 },
  { "no_images", 0, 9, 8, 32, { 3, 3 }, { 2, 2 }, SLIM_SAME, 0 },
};
#define CASES ((int)(sizeof cases / sizeof *cases))

typedef struct grid {
  int oh, ow, top, left;
} grid;

static grid grid_of(const struct pool_case *c)
{
  grid g = { test_windows(c->h, c->kernel.h, c->stride.h, 1, c->padding),
             test_windows(c->w, c->kernel.w, c->stride.w, 1, c->padding), 0, 0 };
  g.top = test_zeros_before(c->h, g.oh, c->kernel.h, c->stride.h, 1, c->padding);
  g.left = test_zeros_before(c->w, g.ow, c->kernel.w, c->stride.w, 1, c->padding);
  return g;
}

static slim_shape shape_of(const struct pool_case *c, int h, int w)
{
  return test_image_shape(c->nchw, c->n, h, w, c->c);
}

static size_t place(const struct pool_case *c, int h, int w, int n, int y, int x, int k)
{
  return test_image_place(c->nchw, h, w, c->c, n, y, x, k);
}

/* The first largest element of a window, in row order: (row * width + column) * channels + channel. */
static int best(const struct pool_case *c, const grid *g, const float *x, int n, int oy, int ox, int k)
{
  int found = -1;
  float value = 0.0f;
  for (int i = 0; i < c->kernel.h * c->kernel.w; i++) {
    const int y = oy * c->stride.h - g->top + i / c->kernel.w, col = ox * c->stride.w - g->left + i % c->kernel.w;
    if (y < 0 || y >= c->h || col < 0 || col >= c->w) {
      continue;
    }
    const float v = x[place(c, c->h, c->w, n, y, col, k)];
    if (found < 0 || v > value) {
      found = (y * c->w + col) * c->c + k;
      value = v;
    }
  }
  return found;
}

static size_t place_of_index(const struct pool_case *c, int n, int index)
{
  return place(c, c->h, c->w, n, index / c->c / c->w, index / c->c % c->w, index % c->c);
}

typedef void (*visit_fn)(void *user, size_t x, size_t y, int index);

static void visit(const struct pool_case *c, const float *x, visit_fn fn, void *user)
{
  const grid g = grid_of(c);
  for (int i = 0; i < c->n * g.oh * g.ow * c->c; i++) {
    const int k = i % c->c, ox = i / c->c % g.ow, oy = i / c->c / g.ow % g.oh, n = i / c->c / g.ow / g.oh;
    const int index = best(c, &g, x, n, oy, ox, k);
    fn(user, place_of_index(c, n, index), place(c, g.oh, g.ow, n, oy, ox, k), index);
  }
}

/* Few values, so that there are ties. */
static test_tensor coarse(slim_shape shape, unsigned seed)
{
  test_tensor t = test_random_tensor(shape, seed);
  float *x = t.data;
  for (size_t i = 0; i < test_elements(shape); i++) {
    x[i] = (float)(int)(x[i] * 3.0f);
  }
  return t;
}

typedef struct forward_want {
  const float *x, *y;
  const int32_t *index;
  const char *label;
} forward_want;

static void assert_forward(void *user, size_t x, size_t y, int index)
{
  const forward_want *w = user;
  ck_assert_msg(w->y[y] == w->x[x], "%s: y[%zu] is %g, want %g", w->label, y, (double)w->y[y], (double)w->x[x]);
  ck_assert_msg(!w->index || w->index[y] == index, "%s: index[%zu] is %d, want %d", w->label, y,
                w->index ? w->index[y] : 0, index);
}

START_TEST(forward_matches_loops)
{
  const struct pool_case *c = &cases[_i / 2];
  const bool indices = _i % 2;
  const slim_pool2d_attr attr = { c->kernel, c->stride, c->padding, c->nchw };
  const grid g = grid_of(c);
  const slim_shape shape = shape_of(c, g.oh, g.ow);
  test_op t = { .op = &slim_op_max_pool2d, .attr = &attr, .num_in = 1, .num_out = 2 };
  t.in[0] = coarse(shape_of(c, c->h, c->w), 3);
  t.out[0] = test_output(shape);
  t.out[1] = (test_tensor){ SLIM_INT32, shape, indices ? calloc(test_elements(shape), 4) : NULL };
  if (test_op_run(&t, NULL)) {
    visit(c, t.in[0].data, assert_forward, &(forward_want){ t.in[0].data, t.out[0].data, t.out[1].data, c->label });
  }
  test_op_free(&t);
}
END_TEST

typedef struct backward_want {
  const float *dy;
  double *dx;
  int32_t *index;
} backward_want;

static void add_backward(void *user, size_t x, size_t y, int index)
{
  const backward_want *w = user;
  w->dx[x] += (double)w->dy[y];
  w->index[y] = index;
}

static void check_gradient(const struct pool_case *c, bool relu)
{
  const slim_pool2d_attr attr = { c->kernel, c->stride, c->padding, c->nchw };
  const slim_activation_attr activation = { SLIM_ACTIVATION_RELU };
  const test_fused more = { &slim_op_activation_gradient, &activation, 2, 0 };
  const grid g = grid_of(c);
  const slim_shape x = shape_of(c, c->h, c->w), y = shape_of(c, g.oh, g.ow);
  test_op t = { .op = &slim_op_max_pool2d_gradient, .attr = &attr, .num_in = relu ? 4 : 3, .num_out = 1 };
  test_tensor image = coarse(x, 5);
  double *want = calloc(test_elements(x), sizeof *want);
  t.in[0] = test_random_tensor(y, 6);
  t.in[1] = (test_tensor){ SLIM_INT32, y, calloc(test_elements(y), 4) };
  t.in[2] = (test_tensor){ SLIM_FLOAT32, x, NULL };
  t.in[3] = relu ? test_random_tensor(x, 7) : (test_tensor){ 0 };
  t.out[0] = test_output(x);
  visit(c, image.data, add_backward, &(backward_want){ t.in[0].data, want, t.in[1].data });
  for (size_t i = 0; relu && i < test_elements(x); i++) {
    want[i] = ((const float *)t.in[3].data)[i] > 0.0f ? want[i] : 0.0;
  }
  if (relu ? test_op_run_fused(&t, &more, 1, NULL) : test_op_run(&t, NULL)) {
    test_assert_near(t.out[0].data, want, test_elements(x), test_sum_tolerance(9), c->label);
  }
  free(want);
  free(image.data);
  test_op_free(&t);
}

START_TEST(gradient_matches_loops)
{
  check_gradient(&cases[_i], false);
}
END_TEST

START_TEST(gradient_with_relu_matches_loops)
{
  check_gradient(&cases[_i], true);
}
END_TEST

static void build(TCase *tcase)
{
  tcase_add_loop_test(tcase, forward_matches_loops, 0, 2 * CASES);
  tcase_add_loop_test(tcase, gradient_matches_loops, 0, CASES);
  tcase_add_loop_test(tcase, gradient_with_relu_matches_loops, 0, CASES);
}

TEST_OP_MAIN("max_pool2d", build)
