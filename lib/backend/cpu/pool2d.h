/* What max and average pooling share. */
#ifndef SLIM_CPU_POOL2D_H
#define SLIM_CPU_POOL2D_H

#include "backend/cpu/window.h"

typedef struct pool_job {
  image x, y;
  slim_pool2d_attr attr;
  int before_h, before_w;
  const float *in;
  float *out;
  int32_t *index;    /* of the largest pixels; NULL when nobody reads it */
  const float *relu; /* what came out of a relu before the pool; NULL: none is fused */
} pool_job;

static inline pool_job pool_job_between(const slim_pool2d_attr *a, const slim_shape *x, const slim_shape *y)
{
  pool_job j = { .x = image_of(x, a->nchw), .y = image_of(y, a->nchw), .attr = *a };
  j.before_h = slim_window_of(j.x.h, a->kernel.h, a->stride.h, 1, a->padding).before;
  j.before_w = slim_window_of(j.x.w, a->kernel.w, a->stride.w, 1, a->padding).before;
  return j;
}

static inline pool_job pool_job_of(const slim_cpu_step *step, const slim_view *x, const slim_view *y)
{
  pool_job j = pool_job_between(step->attr, &x->shape, &y->shape);
  j.in = step->in[0].host;
  j.out = step->out[0].host;
  return j;
}

/* Rows and columns of x under the window of an output pixel. */
static inline span pool_rows(const pool_job *j, int oy)
{
  return window_span(oy * j->attr.stride.h - j->before_h, j->attr.kernel.h, j->x.h);
}

static inline span pool_columns(const pool_job *j, int ox)
{
  return window_span(ox * j->attr.stride.w - j->before_w, j->attr.kernel.w, j->x.w);
}

/* fn takes output rows of all images. */
static inline void pool_for_rows(slim_cpu_step *step, pool_job *j, slim_cpu_range_fn fn)
{
  slim_cpu_for(step, (size_t)j->y.n * (size_t)j->y.h, 1 + CPU_GRAIN / 4 / (1 + (size_t)j->y.w * (size_t)j->y.c), fn, j);
}

/* Max pooling; indices only where the job has them. */
void CPU_OP(max_pool2d_forward)(slim_cpu_step *step, pool_job *j);

#endif
