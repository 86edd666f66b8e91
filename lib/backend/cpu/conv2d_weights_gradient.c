#include "backend/cpu/conv2d.h"

typedef struct job {
  conv2d g;
  const float *dy, *x;
  float *dw;
} job;

/* Adds x's channel at one pixel times all channels of dy there. */
static void pixel(const job *j, float *dw, int i, size_t n, int oy, int ox, int r, int c)
{
  const conv2d *g = &j->g;
  const float x = j->x[n * g->x.image + (size_t)r * g->x.row + (size_t)c * g->x.pixel + (size_t)i * g->x.channel];
  const float *dy = j->dy + n * g->y.image + (size_t)oy * g->y.row + (size_t)ox * g->y.pixel;
  for (int o = 0; o < g->y.c; o++) {
    dw[o] += x * dy[(size_t)o * g->y.channel];
  }
}

/* Rows of the weights: a tap and an input channel each. */
static void rows(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const conv2d *g = &j->g;
  (void)worker;
  for (size_t row = begin; row < end; row++) {
    const int t = (int)(row / (size_t)g->x.c), i = (int)(row % (size_t)g->x.c);
    float *dw = j->dw + row * (size_t)g->y.c;
    memset(dw, 0, (size_t)g->y.c * sizeof *dw);
    for (int at = 0; at < g->y.n * g->y.h * g->y.w; at++) {
      const int ox = at % g->y.w, oy = at / g->y.w % g->y.h;
      const int r = oy * g->stride.h + t / g->kw * g->rate.h - g->before_h;
      const int c = ox * g->stride.w + t % g->kw * g->rate.w - g->before_w;
      if (r >= 0 && r < g->x.h && c >= 0 && c < g->x.w) {
        pixel(j, dw, i, (size_t)(at / g->y.w / g->y.h), oy, ox, r, c);
      }
    }
  }
}

static conv2d geometry(const slim_cpu_step *step)
{
  return conv2d_of(step->attr, &step->in[1].shape, &step->out[0].shape, &step->in[0].shape);
}

static double flops(const slim_cpu_step *step)
{
  const conv2d g = geometry(step);
  return conv2d_flops(&g);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  job j = { .g = geometry(step), .dy = step->in[0].host, .x = step->in[1].host, .dw = step->out[0].host };
  (void)run_info;
  slim_cpu_for(step, (size_t)(j.g.kh * j.g.kw * j.g.x.c), 1, rows, &j);
}

const slim_cpu_op CPU_OP(conv2d_weights_gradient) = { .flops = flops, .run = run };
