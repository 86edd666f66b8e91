/* A pixel of dx takes from dy at whole strides only, so dx falls into stride_h * stride_w phases; each is a convolution
 * of dy, of stride 1, with the taps that meet it. */
#include "backend/opencl/conv2d.h"

int slim_cl_conv2d_phases(const slim_conv2d_params *p)
{
  return p->stride_h * p->stride_w;
}

slim_cl_phase slim_cl_conv2d_phase(const slim_conv2d_params *p, int number)
{
  const slim_phase rows = slim_phase_of(number / p->stride_w, p->kernel_h, p->stride_h, p->rate_h, p->before_h, p->h);
  const slim_phase columns =
      slim_phase_of(number % p->stride_w, p->kernel_w, p->stride_w, p->rate_w, p->before_w, p->w);
  const slim_taps *down = &rows.taps, *across = &columns.taps;
  slim_cl_phase phase = { .conv = *p,
                          .turn = { p->c, p->o, p->kernel_w, down->count, across->count, down->first, across->first,
                                    down->step, across->step } };
  slim_conv2d_params *t = &phase.conv;
  t->h = p->oh;
  t->w = p->ow;
  t->c = p->o;
  t->oh = rows.count;
  t->ow = columns.count;
  t->o = p->c;
  t->kernel_h = down->count;
  t->kernel_w = across->count;
  t->stride_h = t->stride_w = 1;
  t->rate_h = down->distance;
  t->rate_w = across->distance;
  t->before_h = -down->begin;
  t->before_w = -across->begin;
  phase.move =
      (slim_move_params){ .n = (unsigned)(p->n * t->oh * t->ow * p->c),
                          .to = (unsigned)((rows.first * p->w + columns.first) * p->c),
                          .strides = { 4,
                                       { p->n, t->oh, t->ow, p->c },
                                       { t->oh * t->ow * p->c, t->ow * p->c, p->c, 1 },
                                       { p->h * p->w * p->c, p->stride_h * p->w * p->c, p->stride_w * p->c, 1 } } };
  return phase;
}

size_t slim_cl_conv2d_phase_bytes(const slim_conv2d_params *p)
{
  const int count = slim_cl_conv2d_phases(p);
  size_t most = 0;
  for (int i = 0; i < count && count > 1; i++) {
    const slim_cl_phase phase = slim_cl_conv2d_phase(p, i);
    most = phase.move.n > most ? phase.move.n : most;
  }
  return most * sizeof(float);
}
