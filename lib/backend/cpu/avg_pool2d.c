/* Averages over the pixels inside the image only. */
#include "backend/cpu/pool2d.h"

static float share_of(span rows, span columns)
{
  return 1.0f / (float)((rows.end - rows.begin) * (columns.end - columns.begin));
}

/* Adds scale * from to to, channel by channel. */
static void add(float *to, size_t to_step, const float *from, size_t from_step, int c, float scale)
{
  if (to_step == 1 && from_step == 1) {
    for (int k = 0; k < c; k++) {
      to[k] += from[k] * scale;
    }
    return;
  }
  for (int k = 0; k < c; k++) {
    to[(size_t)k * to_step] += from[(size_t)k * from_step] * scale;
  }
}

/* The mean of a window in some vectors of neighbouring channels, with channels last. */
CPU_INLINE void mean_of_vectors(const pool_job *j, const float *x, span rows, span columns, float *y, int vectors)
{
  vec sum[4] = { { 0 } };
  const float share = share_of(rows, columns);
  for (int r = rows.begin; r < rows.end; r++) {
    const float *pixel = x + (size_t)r * j->x.row + (size_t)columns.begin * j->x.pixel;
    for (int c = columns.begin; c < columns.end; c++, pixel += j->x.pixel) {
      CPU_UNROLL
      for (int v = 0; v < vectors; v++) {
        sum[v] += vec_load(pixel + v * VL);
      }
    }
  }
  CPU_UNROLL
  for (int v = 0; v < vectors; v++) {
    vec_store(y + v * VL, sum[v] * share);
  }
}

static float mean_of(const pool_job *j, const float *x, span rows, span columns)
{
  float sum = 0.0f;
  for (int r = rows.begin; r < rows.end; r++) {
    for (int c = columns.begin; c < columns.end; c++) {
      sum += x[(size_t)r * j->x.row + (size_t)c * j->x.pixel];
    }
  }
  return sum * share_of(rows, columns);
}

static void forward_pixel(const pool_job *j, size_t n, int oy, int ox)
{
  const span rows = pool_rows(j, oy), columns = pool_columns(j, ox);
  const float *x = j->in + n * j->x.image;
  float *y = j->out + n * j->y.image + (size_t)oy * j->y.row + (size_t)ox * j->y.pixel;
  int c = 0;
  for (; j->x.channel == 1 && c + 4 * VL <= j->x.c; c += 4 * VL) {
    mean_of_vectors(j, x + c, rows, columns, y + c, 4);
  }
  for (; j->x.channel == 1 && c + VL <= j->x.c; c += VL) {
    mean_of_vectors(j, x + c, rows, columns, y + c, 1);
  }
  for (; c < j->x.c; c++) {
    y[(size_t)c * j->y.channel] = mean_of(j, x + (size_t)c * j->x.channel, rows, columns);
  }
}

static void forward(void *user, size_t begin, size_t end, int worker)
{
  const pool_job *j = user;
  (void)worker;
  for (size_t row = begin; row < end; row++) {
    for (int ox = 0; ox < j->y.w; ox++) {
      forward_pixel(j, row / (size_t)j->y.h, (int)(row % (size_t)j->y.h), ox);
    }
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  pool_job j = pool_job_of(step, &step->in[0], &step->out[0]);
  (void)run_info;
  pool_for_rows(step, &j, forward);
}

static void backward_pixel(const pool_job *j, size_t n, int oy, int ox)
{
  const span rows = pool_rows(j, oy), columns = pool_columns(j, ox);
  const float *dy = j->in + n * j->y.image + (size_t)oy * j->y.row + (size_t)ox * j->y.pixel;
  for (int r = rows.begin; r < rows.end; r++) {
    for (int c = columns.begin; c < columns.end; c++) {
      add(j->out + n * j->x.image + (size_t)r * j->x.row + (size_t)c * j->x.pixel, j->x.channel, dy, j->y.channel,
          j->y.c, share_of(rows, columns));
    }
  }
}

static void backward(void *user, size_t begin, size_t end, int worker)
{
  const pool_job *j = user;
  (void)worker;
  for (size_t n = begin; n < end; n++) {
    memset(j->out + n * j->x.image, 0, j->x.image * sizeof(float));
    for (int oy = 0; oy < j->y.h; oy++) {
      for (int ox = 0; ox < j->y.w; ox++) {
        backward_pixel(j, n, oy, ox);
      }
    }
  }
}

static void run_gradient(slim_cpu_step *step, const slim_run *run_info)
{
  pool_job j = pool_job_of(step, &step->out[0], &step->in[0]);
  (void)run_info;
  slim_cpu_for(step, (size_t)j.y.n, 1, backward, &j);
}

const slim_cpu_op CPU_OP(avg_pool2d) = { .run = run };
const slim_cpu_op CPU_OP(avg_pool2d_gradient) = { .run = run_gradient };
