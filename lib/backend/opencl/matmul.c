#include "backend/opencl/epilogue.h"
#include "backend/opencl/gemm.h"
#include "backend/opencl/ops.h"
#include "kernels/matmul_params.h"

/* a has any number of rows: all but its last axis. */
static slim_matmul_params params_of(const slim_group *group, const slim_view *in)
{
  const slim_matmul_attr *attr = group->nodes[0]->attr;
  const slim_shape *a = &in[0].shape, *b = &in[1].shape;
  const int last = a->dim[a->rank - 1], rows = last == 0 ? 0 : (int)(slim_cl_elements(&in[0]) / (unsigned)last);
  slim_matmul_params p = { .m = rows, .k = last, .n = b->dim[1], .a_row = last, .a_k = 1, .b_k = b->dim[1], .b_column = 1 };
  if (attr->transpose_a) {
    p.m = last;
    p.k = rows;
    p.a_row = 1;
    p.a_k = last;
  }
  if (attr->transpose_b) {
    p.n = b->dim[0];
    p.b_k = 1;
    p.b_column = b->dim[1];
  }
  return p;
}

static void arguments(slim_cl_build *b, const char *kernel, const slim_view *bias, const slim_matmul_params *p)
{
  slim_cl_begin(b, kernel);
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, bias);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, p, sizeof(*p));
}

static void prepare(slim_cl_build *b)
{
  const slim_cl_epilogue epilogue = slim_cl_epilogue_of(b, 2);
  slim_matmul_params p = params_of(b->group, b->in);
  p.epilogue = epilogue.params;
  b->step->base.flops = 2.0 * p.m * p.n * p.k;
  if (slim_cl_gemm_usable(b->device) && p.k > 0) {
    const slim_gemm_params g = slim_cl_gemm_blocks(b->device, p.m, p.n, p.k);
    arguments(b, "slim_matmul_cpu_f32", epilogue.bias, &p);
    slim_cl_arg(b, &g, sizeof(g));
    slim_cl_gemm_range(b, &g, p.m, p.n);
    return;
  }
  arguments(b, "slim_matmul_naive_f32", epilogue.bias, &p);
  slim_cl_range(b, (size_t)p.m * (size_t)p.n);
}

const slim_cl_op slim_cl_op_matmul = { .prepare = prepare };
