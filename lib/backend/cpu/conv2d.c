#include "backend/cpu/conv2d.h"

typedef struct job {
  conv2d g;
  const float *x, *w;
  float *y;
} job;

static void pixel(const job *j, size_t n, int oy, int ox)
{
  const conv2d *g = &j->g;
  float *y = j->y + n * g->y.image + (size_t)oy * g->y.row + (size_t)ox * g->y.pixel;
  for (int o = 0; o < g->y.c; o++) {
    float sum = 0.0f;
    for (int t = 0; t < g->kh * g->kw; t++) {
      const int r = oy * g->stride.h + t / g->kw * g->rate.h - g->before_h;
      const int c = ox * g->stride.w + t % g->kw * g->rate.w - g->before_w;
      if (r < 0 || r >= g->x.h || c < 0 || c >= g->x.w) {
        continue;
      }
      const float *x = j->x + n * g->x.image + (size_t)r * g->x.row + (size_t)c * g->x.pixel;
      const float *w = j->w + (size_t)t * (size_t)g->x.c * (size_t)g->y.c + (size_t)o;
      for (int i = 0; i < g->x.c; i++) {
        sum += x[(size_t)i * g->x.channel] * w[(size_t)i * (size_t)g->y.c];
      }
    }
    y[(size_t)o * g->y.channel] = sum;
  }
}

static void rows(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t row = begin; row < end; row++) {
    for (int ox = 0; ox < j->g.y.w; ox++) {
      pixel(j, row / (size_t)j->g.y.h, (int)(row % (size_t)j->g.y.h), ox);
    }
  }
}

static conv2d geometry(const slim_cpu_step *step)
{
  return conv2d_of(step->attr, &step->in[0].shape, &step->in[1].shape, &step->out[0].shape);
}

static double flops(const slim_cpu_step *step)
{
  const conv2d g = geometry(step);
  return conv2d_flops(&g);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  job j = { .g = geometry(step), .x = step->in[0].host, .w = step->in[1].host, .y = step->out[0].host };
  (void)run_info;
  slim_cpu_for(step, (size_t)j.g.y.n * (size_t)j.g.y.h, 1, rows, &j);
}

const slim_cpu_op CPU_OP(conv2d) = { .flops = flops, .run = run };
