#include "backend/cpu/pool2d.h"

#include <math.h>

/* The first largest pixel of a window in one channel: its value, and where it is. */
static float best_of(const pool_job *j, const float *x, span rows, span columns, int32_t *where)
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

/* VL neighbouring channels: x and what follows are those channels of an image, with channels last. */
CPU_INLINE void best_of_channels(const pool_job *j, const float *x, span rows, span columns, float *y, int32_t *index)
{
  const vec lowest = { 0 };
  const ivec none = { 0 };
  vec best = lowest - HUGE_VALF;
  ivec at = none + (rows.begin * j->x.w + columns.begin) * j->x.c;
  for (int r = rows.begin; r < rows.end; r++) {
    for (int c = columns.begin; c < columns.end; c++) {
      const vec v = vec_load(x + (size_t)r * j->x.row + (size_t)c * j->x.pixel);
      const ivec better = (ivec)(v > best) | (ivec)(v != v);
      best = (vec)(((ivec)v & better) | ((ivec)best & ~better));
      at = ((none + (r * j->x.w + c) * j->x.c) & better) | (at & ~better);
    }
  }
  vec_store(y, best);
  *(ivec *)index = at;
}

/* The same in some vectors of channels, values alone. */
CPU_INLINE void best_of_vectors(const pool_job *j, const float *x, span rows, span columns, float *y, int vectors)
{
  const vec zero = { 0 };
  vec best[4] = { zero - HUGE_VALF, zero - HUGE_VALF, zero - HUGE_VALF, zero - HUGE_VALF };
  for (int r = rows.begin; r < rows.end; r++) {
    const float *pixel = x + (size_t)r * j->x.row + (size_t)columns.begin * j->x.pixel;
    for (int c = columns.begin; c < columns.end; c++, pixel += j->x.pixel) {
      CPU_UNROLL
      for (int k = 0; k < vectors; k++) {
        best[k] = vec_larger(best[k], vec_load(pixel + k * VL));
      }
    }
  }
  CPU_UNROLL
  for (int k = 0; k < vectors; k++) {
    vec_store(y + k * VL, best[k]);
  }
}

/* All whole vectors of channels of one output pixel. at: its first element in the output. @return how many channels. */
static int forward_vectors(const pool_job *j, const float *x, span rows, span columns, size_t at)
{
  int c = 0;
  for (; j->index && c + VL <= j->x.c; c += VL) {
    int32_t *index = j->index + at + c;
    best_of_channels(j, x + c, rows, columns, j->out + at + c, index);
    for (int i = 0; i < VL; i++) {
      index[i] += c + i;
    }
  }
  for (; !j->index && c + 4 * VL <= j->x.c; c += 4 * VL) {
    best_of_vectors(j, x + c, rows, columns, j->out + at + c, 4);
  }
  for (; !j->index && c + VL <= j->x.c; c += VL) {
    best_of_vectors(j, x + c, rows, columns, j->out + at + c, 1);
  }
  return c;
}

static void forward_pixel(const pool_job *j, size_t n, span rows, span columns, size_t at)
{
  const float *x = j->in + n * j->x.image;
  for (int c = j->x.channel == 1 ? forward_vectors(j, x, rows, columns, at) : 0; c < j->x.c; c++) {
    const size_t to = at + (size_t)c * j->y.channel;
    int32_t where;
    j->out[to] = best_of(j, x + (size_t)c * j->x.channel, rows, columns, &where);
    if (j->index) {
      j->index[to] = where * j->x.c + c;
    }
  }
}

static void forward(void *user, size_t begin, size_t end, int worker)
{
  const pool_job *j = user;
  (void)worker;
  for (size_t row = begin; row < end; row++) {
    const size_t n = row / (size_t)j->y.h;
    const int oy = (int)(row % (size_t)j->y.h);
    const span rows = pool_rows(j, oy);
    for (int ox = 0; ox < j->y.w; ox++) {
      const span columns = pool_columns(j, ox);
      forward_pixel(j, n, rows, columns, n * j->y.image + (size_t)oy * j->y.row + (size_t)ox * j->y.pixel);
    }
  }
}

void CPU_OP(max_pool2d_forward)(slim_cpu_step *step, pool_job *j)
{
  pool_for_rows(step, j, forward);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  pool_job j = pool_job_of(step, &step->in[0], &step->out[0]);
  (void)run_info;
  j.index = step->num_out > 1 ? step->out[1].host : NULL;
  CPU_OP(max_pool2d_forward)(step, &j);
}

/* --- gradient, with the gradient of a relu before the pool where fused -------------------------------------------- */

static size_t place_of(const image *x, size_t index)
{
  const size_t c = (size_t)x->c;
  return index / c * x->pixel + index % c * x->channel;
}

/* Windows that may overlap: an image at a time. */
static void scatter(void *user, size_t begin, size_t end, int worker)
{
  const pool_job *j = user;
  (void)worker;
  for (size_t n = begin; n < end; n++) {
    const float *dy = j->in + n * j->y.image;
    const int32_t *index = j->index + n * j->y.image;
    float *dx = j->out + n * j->x.image;
    memset(dx, 0, j->x.image * sizeof *dx);
    for (size_t i = 0; i < j->y.image; i++) {
      dx[place_of(&j->x, (size_t)index[i])] += dy[i];
    }
    const float *relu = j->relu ? j->relu + n * j->x.image : NULL;
    for (size_t i = 0; relu && i < j->x.image; i++) {
      dx[i] = relu[i] > 0.0f ? dx[i] : 0.0f;
    }
  }
}

/* One pixel of dx that a single window covers: dy where the index names this pixel. at: its first element. */
static void gather_pixel(const pool_job *j, float *dx, const float *relu, const float *dy, const int32_t *index,
                         int32_t at)
{
  for (int c = 0; c < j->x.c; c++) {
    const bool pass = index[c] == at + c && (!relu || relu[c] > 0.0f);
    dx[c] = pass ? dy[c] : 0.0f;
  }
}

/* Rows of dx, where windows do not overlap and channels are last. */
static void gather(void *user, size_t begin, size_t end, int worker)
{
  const pool_job *j = user;
  (void)worker;
  for (size_t row = begin; row < end; row++) {
    const size_t n = row / (size_t)j->x.h;
    const int y = (int)(row % (size_t)j->x.h), oy = (y + j->before_h) / j->attr.stride.h;
    for (int x = 0; x < j->x.w; x++) {
      const int ox = (x + j->before_w) / j->attr.stride.w;
      const size_t at = (size_t)y * j->x.row + (size_t)x * j->x.pixel, to = n * j->x.image + at;
      const size_t from = n * j->y.image + (size_t)oy * j->y.row + (size_t)ox * j->y.pixel;
      if (oy >= j->y.h || ox >= j->y.w) {
        memset(j->out + to, 0, (size_t)j->x.c * sizeof(float));
      } else {
        gather_pixel(j, j->out + to, j->relu ? j->relu + to : NULL, j->in + from, j->index + from, (int32_t)at);
      }
    }
  }
}

static void run_gradient(slim_cpu_step *step, const slim_run *run_info)
{
  pool_job j = pool_job_of(step, &step->out[0], &step->in[0]);
  const slim_hw kernel = j.attr.kernel, stride = j.attr.stride;
  (void)run_info;
  j.index = step->in[1].host;
  j.relu = step->group.count > 1 ? step->in[3].host : NULL;
  if (j.attr.nchw || stride.h < kernel.h || stride.w < kernel.w) {
    slim_cpu_for(step, (size_t)j.y.n, 1, scatter, &j);
  } else {
    slim_cpu_for(step, (size_t)j.x.n * (size_t)j.x.h, 1 + CPU_GRAIN / 4 / (1 + j.x.row), gather, &j);
  }
}

static bool fuses_relu(const slim_group *group, const slim_node *node)
{
  return group->count == 1 && node->op == &slim_op_activation_gradient && group->chain[1] == 0 &&
         ((const slim_activation_attr *)node->attr)->kind == SLIM_ACTIVATION_RELU;
}

const slim_cpu_op CPU_OP(max_pool2d) = { .run = run };
const slim_cpu_op CPU_OP(max_pool2d_gradient) = { .can_fuse = fuses_relu, .run = run_gradient };
