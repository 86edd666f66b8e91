#include "backend/cpu/vec.h"

typedef struct job {
  size_t m, n, k;
  size_t a_row, a_column, b_row, b_column; /* strides */
  const float *a, *b;
  float *c;
} job;

static job job_of(const slim_cpu_step *step)
{
  const slim_matmul_attr *attr = step->attr;
  const slim_shape *a = &step->in[0].shape, *b = &step->in[1].shape;
  const size_t last = (size_t)a->dim[a->rank - 1], rows = last ? elements_of(&step->in[0]) / last : 0;
  job j = { .a = step->in[0].host, .b = step->in[1].host, .c = step->out[0].host };
  j.m = attr->transpose_a ? last : rows;
  j.k = attr->transpose_a ? rows : last;
  j.n = (size_t)b->dim[attr->transpose_b ? 0 : 1];
  j.a_row = attr->transpose_a ? 1 : last;
  j.a_column = attr->transpose_a ? last : 1;
  j.b_row = attr->transpose_b ? 1 : j.n;
  j.b_column = attr->transpose_b ? j.k : 1;
  return j;
}

static void rows(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t r = begin; r < end; r++) {
    for (size_t c = 0; c < j->n; c++) {
      float sum = 0.0f;
      for (size_t k = 0; k < j->k; k++) {
        sum += j->a[r * j->a_row + k * j->a_column] * j->b[k * j->b_row + c * j->b_column];
      }
      j->c[r * j->n + c] = sum;
    }
  }
}

static double flops(const slim_cpu_step *step)
{
  const job j = job_of(step);
  return 2.0 * (double)j.m * (double)j.n * (double)j.k;
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  job j = job_of(step);
  (void)run_info;
  slim_cpu_for(step, j.m, 1, rows, &j);
}

const slim_cpu_op CPU_OP(matmul) = { .flops = flops, .run = run };
