#include "backend/cpu/conv2d.h"

typedef struct job {
  conv2d g;
  const float *dy, *w;
  float *dx;
} job;

/* The output position that tap k reads input position at for; false when there is none. */
static bool source(int at, int k, int stride, int rate, int before, int size, int *out)
{
  const int shifted = at + before - k * rate;
  *out = shifted / stride;
  return shifted >= 0 && shifted % stride == 0 && *out < size;
}

static void pixel(const job *j, size_t n, int row, int column)
{
  const conv2d *g = &j->g;
  float *dx = j->dx + n * g->x.image + (size_t)row * g->x.row + (size_t)column * g->x.pixel;
  for (int i = 0; i < g->x.c; i++) {
    float sum = 0.0f;
    for (int t = 0; t < g->kh * g->kw; t++) {
      int oy, ox;
      if (!source(row, t / g->kw, g->stride.h, g->rate.h, g->before_h, g->y.h, &oy) ||
          !source(column, t % g->kw, g->stride.w, g->rate.w, g->before_w, g->y.w, &ox)) {
        continue;
      }
      const float *dy = j->dy + n * g->y.image + (size_t)oy * g->y.row + (size_t)ox * g->y.pixel;
      const float *w = j->w + ((size_t)t * (size_t)g->x.c + (size_t)i) * (size_t)g->y.c;
      for (int o = 0; o < g->y.c; o++) {
        sum += dy[(size_t)o * g->y.channel] * w[o];
      }
    }
    dx[(size_t)i * g->x.channel] = sum;
  }
}

static void rows(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t row = begin; row < end; row++) {
    for (int column = 0; column < j->g.x.w; column++) {
      pixel(j, row / (size_t)j->g.x.h, (int)(row % (size_t)j->g.x.h), column);
    }
  }
}

static conv2d geometry(const slim_cpu_step *step)
{
  return conv2d_of(step->attr, &step->out[0].shape, &step->in[1].shape, &step->in[0].shape);
}

static double flops(const slim_cpu_step *step)
{
  const conv2d g = geometry(step);
  return conv2d_flops(&g);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  job j = { .g = geometry(step), .dy = step->in[0].host, .w = step->in[1].host, .dx = step->out[0].host };
  (void)run_info;
  slim_cpu_for(step, (size_t)j.g.x.n * (size_t)j.g.x.h, 1, rows, &j);
}

const slim_cpu_op CPU_OP(conv2d_input_gradient) = { .flops = flops, .run = run };
