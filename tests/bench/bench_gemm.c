/* matmul against OpenBLAS, which computes on copies in host memory. Products are queued as in a plan, a wait behind
 * several, since a plan waits for none: a wait alone takes longer than the smallest products. For a fair ratio run both on one instruction set:
 * SLIM_ISA=avx2 OPENBLAS_CORETYPE=Haswell, or SLIM_ISA=avx512 OPENBLAS_CORETYPE=SkylakeX. */
#include "bench.h"

#include <cblas.h>

static const struct gemm_case {
  const char *label;
  int m, n, k, ta, tb;
} cases[] = {
  { "fc forward", 64, 1024, 3136, 0, 0 },
  { "fc input gradient", 64, 3136, 1024, 0, 1 },
  { "fc weights gradient", 3136, 1024, 64, 1, 0 },
  { "classes", 64, 10, 1024, 0, 0 },
  { "classes weights", 1024, 10, 64, 1, 0 },
  { "classes input", 64, 1024, 10, 0, 1 },
  { "square", 512, 512, 512, 0, 0 },
  { "square tt", 512, 512, 512, 1, 1 },
  { "large", 1024, 1024, 1024, 0, 0 },
  { "odd", 333, 501, 777, 0, 0 },
  { "1x1 conv", 6272, 128, 256, 0, 0 },
  { "1x1 conv weights", 256, 128, 6272, 1, 0 },
  { "single row", 1, 4096, 1024, 0, 0 },
  { "single row, far", 1, 4096, 6400, 0, 0 },
  { "8 rows, far", 8, 4096, 6400, 0, 0 },
};

typedef struct blas {
  const struct gemm_case *c;
  const float *a, *b;
  float *y;
} blas;

static void run_blas(void *user)
{
  const blas *x = user;
  const struct gemm_case *c = x->c;
  cblas_sgemm(CblasRowMajor, c->ta ? CblasTrans : CblasNoTrans, c->tb ? CblasTrans : CblasNoTrans, c->m, c->n, c->k,
              1.0f, x->a, c->ta ? c->m : c->k, x->b, c->tb ? c->k : c->n, 0.0f, x->y, c->n);
}

/* Runs of a step between two waits. */
enum { QUEUED = 16 };

static void run_queued(void *user)
{
  bench_step *b = user;
  const slim_run run = { 0 };
  for (int i = 0; i < QUEUED; i++) {
    (void)slim_step_enqueue(b->device, b->step, &run);
  }
  (void)b->device->backend->finish(b->device);
}

static void bench_case(slim_device *device, const struct gemm_case *c)
{
  const slim_matmul_attr attr = { c->ta, c->tb };
  bench_step b = { 0 };
  b.in[0] = bench_tensor(device, c->ta ? SLIM_SHAPE(c->k, c->m) : SLIM_SHAPE(c->m, c->k));
  b.in[1] = bench_tensor(device, c->tb ? SLIM_SHAPE(c->n, c->k) : SLIM_SHAPE(c->k, c->n));
  b.out[0] = bench_tensor(device, SLIM_SHAPE(c->m, c->n));
  bench_prepare(&b, device, &slim_op_matmul, &attr, 2, 1);
  float *y = malloc((size_t)c->m * (size_t)c->n * sizeof *y);
  if (!y) {
    bench_die("out of memory");
  }
  blas peer = { c, bench_copy(device, &b.in[0]), bench_copy(device, &b.in[1]), y };
  bench_entry entries[] = { { "slim", run_queued, &b, 0, 0 }, { "openblas", run_blas, &peer, 0, 0 } };
  const double gflop = 2e-6 * c->m * c->n * c->k;
  bench_run(entries, 2);
  entries[0].median /= QUEUED;
  (void)printf("%-20s %5d x %5d x %5d %s%s  slim %7.1f GFLOP/s  openblas %7.1f  ratio %.2f\n", c->label, c->m, c->n,
               c->k, c->ta ? "T" : "N", c->tb ? "T" : "N", gflop / entries[0].median, gflop / entries[1].median,
               entries[1].median / entries[0].median);
  bench_release(&b);
  free((void *)peer.a);
  free((void *)peer.b);
  free(y);
}

int main(int argc, char **argv)
{
  (void)argc;
  bench_settle(argv);
  slim_device *device = bench_device();
  (void)printf("device %s, %s; OpenBLAS %s\n", device->info.name, device->info.driver, openblas_get_corename());
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bench_case(device, &cases[i]);
  }
  slim_device_close(device);
  return EXIT_SUCCESS;
}
