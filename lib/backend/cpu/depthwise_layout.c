/* Tensors as depthwise sums take them. */
#include "backend/cpu/depthwise.h"

typedef struct job {
  image im;
  int repeats;
  const float *from;
  float *to;
} job;

/* Of an image row: where it lies in the tensor, and with channels last. */
static size_t tensor_row(const job *j, size_t row)
{
  return row / (size_t)j->im.h * j->im.image + row % (size_t)j->im.h * j->im.row;
}

static size_t spread_row(const job *j, size_t row)
{
  return row * (size_t)j->im.w * (size_t)j->im.c * (size_t)j->repeats;
}

static void spread_rows(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t row = begin; row < end; row++) {
    float *to = j->to + spread_row(j, row);
    for (int x = 0; x < j->im.w; x++) {
      const float *from = j->from + tensor_row(j, row) + (size_t)x * j->im.pixel;
      for (int k = 0; k < j->im.c; k++) {
        for (int i = 0; i < j->repeats; i++) {
          *to++ = from[(size_t)k * j->im.channel];
        }
      }
    }
  }
}

static void gather_rows(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t row = begin; row < end; row++) {
    const float *from = j->from + spread_row(j, row);
    for (int x = 0; x < j->im.w; x++) {
      float *to = j->to + tensor_row(j, row) + (size_t)x * j->im.pixel;
      for (int k = 0; k < j->im.c; k++) {
        float sum = 0.0f;
        for (int i = 0; i < j->repeats; i++) {
          sum += *from++;
        }
        to[(size_t)k * j->im.channel] = sum;
      }
    }
  }
}

static size_t grain_of(const image *im)
{
  return 1 + CPU_GRAIN / (1 + (size_t)im->w * (size_t)im->c);
}

void CPU_OP(depthwise_spread)(const slim_cpu_step *step, const image *im, int repeats, const float *from, float *to)
{
  job j = { *im, repeats, from, to };
  slim_cpu_for(step, (size_t)im->n * (size_t)im->h, grain_of(im), spread_rows, &j);
}

void CPU_OP(depthwise_gather)(const slim_cpu_step *step, const image *im, int repeats, const float *from, float *to)
{
  job j = { *im, repeats, from, to };
  slim_cpu_for(step, (size_t)im->n * (size_t)im->h, grain_of(im), gather_rows, &j);
}
