/* A pixel of dx takes from dy at whole strides only, so dx falls into stride_h * stride_w phases; each is a convolution
 * of dy, of stride 1, with the taps that meet it. */
#include "backend/opencl/conv2d.h"

typedef struct axis {
  int at, outputs;        /* first pixel of the phase, and how many it has */
  int count, first, step; /* its taps, in the order of what they read, */
  int begin, distance;    /* which is so far from an output's own place, and from tap to tap */
} axis;

static axis axis_of(int number, int kernel, int stride, int rate, int before, int size)
{
  axis a = { .at = ((number - before) % stride + stride) % stride, .distance = 1 };
  a.outputs = a.at < size ? (size - a.at + stride - 1) / stride : 0;
  for (int k = kernel - 1; k >= 0; k--) {
    const int reads = a.at + before - k * rate;
    if (reads % stride != 0) {
      continue;
    }
    if (a.count == 0) {
      a.first = k;
      a.begin = reads / stride;
    } else if (a.count == 1) {
      a.step = k - a.first;
      a.distance = reads / stride - a.begin;
    }
    a.count++;
  }
  return a;
}

int slim_cl_conv2d_phases(const slim_conv2d_params *p)
{
  return p->stride_h * p->stride_w;
}

slim_cl_phase slim_cl_conv2d_phase(const slim_conv2d_params *p, int number)
{
  const axis rows = axis_of(number / p->stride_w, p->kernel_h, p->stride_h, p->rate_h, p->before_h, p->h);
  const axis columns = axis_of(number % p->stride_w, p->kernel_w, p->stride_w, p->rate_w, p->before_w, p->w);
  slim_cl_phase phase = { .conv = *p,
                          .turn = { p->c, p->o, p->kernel_w, rows.count, columns.count, rows.first, columns.first,
                                    rows.step, columns.step } };
  slim_conv2d_params *t = &phase.conv;
  t->h = p->oh;
  t->w = p->ow;
  t->c = p->o;
  t->oh = rows.outputs;
  t->ow = columns.outputs;
  t->o = p->c;
  t->kernel_h = rows.count;
  t->kernel_w = columns.count;
  t->stride_h = t->stride_w = 1;
  t->rate_h = rows.distance;
  t->rate_w = columns.distance;
  t->before_h = -rows.begin;
  t->before_w = -columns.begin;
  phase.move =
      (slim_move_params){ .n = (unsigned)(p->n * t->oh * t->ow * p->c),
                          .to = (unsigned)((rows.at * p->w + columns.at) * p->c),
                          .strides = { 4,
                                       { p->n, t->oh, t->ow, p->c },
                                       { t->oh * t->ow * p->c, t->ow * p->c, p->c, 1 },
                                       { p->h * p->w * p->c, p->stride_h * p->w * p->c, p->stride_w * p->c, 1 } } };
  return phase;
}
