#include "backend/cpu/window.h"

#include <math.h>

typedef struct job {
  image x, y;
  slim_pool2d_attr attr;
  int before_h, before_w;
  const float *in;
  float *out;
  int32_t *index; /* NULL when nobody reads it */
} job;

static job job_of(const slim_cpu_step *step, const slim_view *x, const slim_view *y)
{
  const slim_pool2d_attr *a = step->attr;
  job j = { .x = image_of(&x->shape, a->nchw), .y = image_of(&y->shape, a->nchw), .attr = *a };
  j.before_h = slim_window_of(j.x.h, a->kernel.h, a->stride.h, 1, a->padding).before;
  j.before_w = slim_window_of(j.x.w, a->kernel.w, a->stride.w, 1, a->padding).before;
  return j;
}

/* The first largest pixel of a window in one channel: its value, and where it is. */
static float best_of(const job *j, const float *x, span rows, span columns, int32_t *where)
{
  float best = -INFINITY;
  int32_t at = (int32_t)(rows.begin * j->x.w + columns.begin);
  for (int r = rows.begin; r < rows.end; r++) {
    for (int c = columns.begin; c < columns.end; c++) {
      const float v = x[(size_t)r * j->x.row + (size_t)c * j->x.pixel];
      const bool better = v > best || v != v;
      best = better ? v : best;
      at = better ? r * j->x.w + c : at;
    }
  }
  *where = at;
  return best;
}

/* Output rows of all images. */
static void forward(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t row = begin; row < end; row++) {
    const size_t n = row / (size_t)j->y.h;
    const int oy = (int)(row % (size_t)j->y.h);
    const span rows = window_span(oy * j->attr.stride.h - j->before_h, j->attr.kernel.h, j->x.h);
    for (int ox = 0; ox < j->y.w; ox++) {
      const span columns = window_span(ox * j->attr.stride.w - j->before_w, j->attr.kernel.w, j->x.w);
      for (int c = 0; c < j->y.c; c++) {
        const size_t at = n * j->y.image + (size_t)oy * j->y.row + (size_t)ox * j->y.pixel + (size_t)c * j->y.channel;
        int32_t where;
        j->out[at] = best_of(j, j->in + n * j->x.image + (size_t)c * j->x.channel, rows, columns, &where);
        if (j->index) {
          j->index[at] = where * j->x.c + c;
        }
      }
    }
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  job j = job_of(step, &step->in[0], &step->out[0]);
  (void)run_info;
  j.in = step->in[0].host;
  j.out = step->out[0].host;
  j.index = step->num_out > 1 ? step->out[1].host : NULL;
  slim_cpu_for(step, (size_t)j.y.n * (size_t)j.y.h, 1 + CPU_GRAIN / 4 / (1 + (size_t)j.y.w * (size_t)j.y.c), forward,
               &j);
}

/* --- gradient: an image at a time ---------------------------------------------------------------------------------- */

static size_t place_of(const image *x, size_t index)
{
  const size_t c = (size_t)x->c;
  return index / c * x->pixel + index % c * x->channel;
}

static void backward(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t n = begin; n < end; n++) {
    const float *dy = j->in + n * j->y.image;
    const int32_t *index = j->index + n * j->y.image;
    float *dx = j->out + n * j->x.image;
    memset(dx, 0, j->x.image * sizeof *dx);
    for (size_t i = 0; i < j->y.image; i++) {
      dx[place_of(&j->x, (size_t)index[i])] += dy[i];
    }
  }
}

static void run_gradient(slim_cpu_step *step, const slim_run *run_info)
{
  job j = job_of(step, &step->out[0], &step->in[0]);
  (void)run_info;
  j.in = step->in[0].host;
  j.index = step->in[1].host;
  j.out = step->out[0].host;
  slim_cpu_for(step, (size_t)j.y.n, 1, backward, &j);
}

const slim_cpu_op CPU_OP(max_pool2d) = { .run = run };
const slim_cpu_op CPU_OP(max_pool2d_gradient) = { .run = run_gradient };
