#include "test_convolution.h"

#include <stdlib.h>

#include "test_window.h"

/* Sizes that follow from a case. */
typedef struct grid {
  int oh, ow, top, left;
} grid;

static grid grid_of(const test_convolution *c)
{
  grid g = { test_windows(c->h, c->kernel.h, c->stride.h, c->rate.h, c->padding),
             test_windows(c->w, c->kernel.w, c->stride.w, c->rate.w, c->padding), 0, 0 };
  g.top = test_zeros_before(c->h, g.oh, c->kernel.h, c->stride.h, c->rate.h, c->padding);
  g.left = test_zeros_before(c->w, g.ow, c->kernel.w, c->stride.w, c->rate.w, c->padding);
  return g;
}

int test_convolution_channels(const test_convolution *c, bool depthwise)
{
  return depthwise ? c->c * c->outputs : c->outputs;
}

void test_convolution_open(test_op *t, const test_convolution *c, const test_convolution_ops *ops, test_pass pass,
                           const slim_conv2d_attr *attr)
{
  const grid g = grid_of(c);
  const slim_shape x = test_image_shape(c->nchw, c->n, c->h, c->w, c->c);
  const slim_shape y = test_image_shape(c->nchw, c->n, g.oh, g.ow, test_convolution_channels(c, ops->depthwise));
  const slim_shape w = SLIM_SHAPE(c->kernel.h, c->kernel.w, c->c, c->outputs);
  *t = (test_op){ .op = ops->op[pass], .attr = attr, .num_in = pass == TEST_FORWARD ? 2 : 3, .num_out = 1 };
  t->in[0] = test_random_tensor(pass == TEST_FORWARD ? x : y, 1);
  t->in[1] = test_random_tensor(pass == TEST_WEIGHTS_GRADIENT ? x : w, 2);
  t->in[2] = (test_tensor){ SLIM_FLOAT32, pass == TEST_INPUT_GRADIENT ? x : w, NULL };
  t->out[0] = test_output(pass == TEST_FORWARD ? y : pass == TEST_INPUT_GRADIENT ? x : w);
}

/* Two of x, weights and y are multiplied into the third. */
typedef struct products {
  test_pass pass;
  const float *a, *b;
  double *want, *scale;
} products;

/* Values beside each other: where the first lies, and how far it is to the next. */
typedef struct values {
  size_t first, step;
} values;

static void add_product(const products *p, size_t to, double product)
{
  p->want[to] += product;
  p->scale[to] += product < 0.0 ? -product : product;
}

/* Adds the products of one factor and count others to as many sums. */
static void add_products(const products *p, values to, float factor, const float *others, values other, int count)
{
  for (size_t i = 0; i < (size_t)count; i++) {
    add_product(p, to.first + i * to.step, (double)factor * (double)others[other.first + i * other.step]);
  }
}

/* The products of one tap. x: channels of the pixel under it; weights: where the tap's begin; y: the result's channels.
 */
static void add_tap(const products *p, const test_convolution *c, values x, size_t weights, values y)
{
  if (p->pass == TEST_INPUT_GRADIENT) {
    for (size_t o = 0; o < (size_t)c->outputs; o++) {
      const values column = { weights + o, (size_t)c->outputs };
      add_products(p, x, p->a[y.first + o * y.step], p->b, column, c->c);
    }
    return;
  }
  for (size_t i = 0; i < (size_t)c->c; i++) {
    const size_t pixel = x.first + i * x.step;
    const values row = { weights + i * (size_t)c->outputs, 1 };
    if (p->pass == TEST_FORWARD) {
      add_products(p, y, p->a[pixel], p->b, row, c->outputs);
    } else {
      add_products(p, row, p->b[pixel], p->a, y, c->outputs);
    }
  }
}

static void add_depthwise_tap(const products *p, const test_convolution *c, values x, size_t weights, values y)
{
  const bool forward = p->pass == TEST_FORWARD, sums_pixels = p->pass == TEST_INPUT_GRADIENT;
  const size_t outputs = (size_t)c->outputs;
  for (size_t i = 0; i < (size_t)c->c; i++) {
    for (size_t o = i * outputs; o < (i + 1) * outputs; o++) {
      const size_t pixel = x.first + i * x.step, weight = weights + o, result = y.first + o * y.step;
      const float a = p->a[forward ? pixel : result], b = p->b[forward || sums_pixels ? weight : pixel];
      add_product(p, forward ? result : sums_pixels ? pixel : weight, (double)a * (double)b);
    }
  }
}

/* Those of all taps of the window of result pixel at[]: image, row, column. */
static void add_window(const products *p, const test_convolution *c, bool depthwise, const grid *g, const int at[3])
{
  const int all = test_convolution_channels(c, depthwise);
  const values y = { test_image_place(c->nchw, g->oh, g->ow, all, at[0], at[1], at[2], 0),
                     c->nchw ? (size_t)(g->oh * g->ow) : 1 };
  for (int tap = 0; tap < c->kernel.h * c->kernel.w; tap++) {
    const slim_hw in = { at[1] * c->stride.h - g->top + tap / c->kernel.w * c->rate.h,
                         at[2] * c->stride.w - g->left + tap % c->kernel.w * c->rate.w };
    if (in.h >= 0 && in.h < c->h && in.w >= 0 && in.w < c->w) {
      const values x = { test_image_place(c->nchw, c->h, c->w, c->c, at[0], in.h, in.w, 0),
                         c->nchw ? (size_t)(c->h * c->w) : 1 };
      (depthwise ? add_depthwise_tap : add_tap)(p, c, x, (size_t)(tap * c->c * c->outputs), y);
    }
  }
}

void test_convolution_loops(const test_op *t, const test_convolution *c, bool depthwise, test_pass pass, double **want,
                            double **scale)
{
  const grid g = grid_of(c);
  const size_t n = test_elements(t->out[0].shape);
  *want = calloc(n, sizeof **want);
  *scale = calloc(n, sizeof **scale);
  const products p = { pass, t->in[0].data, t->in[1].data, *want, *scale };
  for (int i = 0; i < c->n * g.oh * g.ow; i++) {
    const int at[3] = { i / (g.oh * g.ow), i / g.ow % g.oh, i % g.ow };
    add_window(&p, c, depthwise, &g, at);
  }
}

size_t test_convolution_terms(const test_op *t, const test_convolution *c, bool depthwise, test_pass pass)
{
  const int taps = c->kernel.h * c->kernel.w;
  if (pass == TEST_WEIGHTS_GRADIENT) {
    return test_elements(t->in[0].shape) / (size_t)test_convolution_channels(c, depthwise);
  }
  return (size_t)(taps * (pass == TEST_INPUT_GRADIENT ? c->outputs : depthwise ? 1 : c->c));
}
