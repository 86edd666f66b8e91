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

static void accumulate(const products *p, size_t x, size_t w, size_t y)
{
  const size_t a = p->pass == TEST_FORWARD ? x : y, b = p->pass == TEST_WEIGHTS_GRADIENT ? x : w;
  const size_t to = p->pass == TEST_FORWARD ? y : p->pass == TEST_INPUT_GRADIENT ? x : w;
  const double product = (double)p->a[a] * (double)p->b[b];
  p->want[to] += product;
  p->scale[to] += product < 0.0 ? -product : product;
}

/* The products of one tap of the window of result pixel at[]: image, row, column. in: the pixel under the tap. */
static void add_tap(const products *p, const test_convolution *c, bool depthwise, const int at[3], int tap, slim_hw in)
{
  const grid g = grid_of(c);
  const int channels = test_convolution_channels(c, depthwise);
  for (int o = 0; o < channels; o++) {
    const size_t y = test_image_place(c->nchw, g.oh, g.ow, channels, at[0], at[1], at[2], o);
    const int first = depthwise ? o / c->outputs : 0, last = depthwise ? first : c->c - 1;
    for (int i = first; i <= last; i++) {
      const int weight = depthwise ? tap * channels + o : (tap * c->c + i) * channels + o;
      accumulate(p, test_image_place(c->nchw, c->h, c->w, c->c, at[0], in.h, in.w, i), (size_t)weight, y);
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
    for (int tap = 0; tap < c->kernel.h * c->kernel.w; tap++) {
      const slim_hw in = { at[1] * c->stride.h - g.top + tap / c->kernel.w * c->rate.h,
                           at[2] * c->stride.w - g.left + tap % c->kernel.w * c->rate.w };
      if (in.h >= 0 && in.h < c->h && in.w >= 0 && in.w < c->w) {
        add_tap(&p, c, depthwise, at, tap, in);
      }
    }
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
