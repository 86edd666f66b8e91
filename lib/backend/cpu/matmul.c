#include "backend/cpu/epilogue.h"
#include "backend/cpu/gemm.h"

static gemm gemm_of(const slim_cpu_step *step)
{
  const slim_matmul_attr *attr = step->attr;
  const slim_shape *a = &step->in[0].shape, *b = &step->in[1].shape;
  const int last = a->dim[a->rank - 1], rows = last ? (int)(elements_of(&step->in[0]) / (size_t)last) : 0;
  gemm g = { .a = step->in[0].host, .b = step->in[1].host, .c = step->out[0].host };
  g.m = attr->transpose_a ? last : rows;
  g.k = attr->transpose_a ? rows : last;
  g.n = b->dim[attr->transpose_b ? 0 : 1];
  g.lda = (size_t)last;
  g.ldb = (size_t)b->dim[1];
  g.ldc = (size_t)g.n;
  g.a_transposed = attr->transpose_a;
  g.b_transposed = attr->transpose_b;
  g.b_half = halves_of(&step->in[1]);
  g.epilogue = epilogue_of(step, 2);
  return g;
}

static double flops(const slim_cpu_step *step)
{
  const gemm g = gemm_of(step);
  return 2.0 * (double)g.m * (double)g.n * (double)g.k;
}

static size_t workspace(const slim_cpu_step *step)
{
  const gemm g = gemm_of(step);
  return CPU_OP(gemm_workspace)(step, &g);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const gemm g = gemm_of(step);
  (void)run_info;
  CPU_OP(gemm_run)(step, &g, step->workspace);
}

static bool supports(const slim_cpu_step *step)
{
  return !halves_of(&step->in[1]) || !((const slim_matmul_attr *)step->attr)->transpose_b;
}

const slim_cpu_op CPU_OP(matmul) = {
  .kernel = "gemm", .halves = 1u << 1, .supports = supports, .can_fuse = epilogue_fits, .flops = flops, .workspace = workspace, .run = run
};
