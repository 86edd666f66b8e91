#include "backend/opencl/blast.h"
#include "backend/opencl/epilogue.h"
#include "backend/opencl/gemm.h"
#include "backend/opencl/ops.h"
#include "backend/opencl/reduction.h"
#include "backend/opencl/tile.h"
#include "kernels/activation_params.h"
#include "kernels/bias_add_params.h"

/* a has any number of rows: all but its last axis. */
static slim_matmul_params params_of(const slim_group *group, const slim_view *in)
{
  const slim_matmul_attr *attr = group->nodes[0]->attr;
  const slim_shape *a = &in[0].shape, *b = &in[1].shape;
  const int last = a->dim[a->rank - 1], rows = last == 0 ? 0 : (int)(slim_cl_elements(&in[0]) / (unsigned)last);
  slim_matmul_params p = {
    .m = rows, .k = last, .n = b->dim[1], .a_row = last, .a_k = 1, .b_k = b->dim[1], .b_column = 1
  };
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

static bool is_empty(const slim_matmul_params *p)
{
  return p->m == 0 || p->n == 0 || p->k == 0;
}

static void arguments(slim_cl_build *b, const char *kernel, const slim_view *bias, const slim_view *y,
                      const slim_matmul_params *p)
{
  slim_cl_begin(b, kernel);
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, bias);
  slim_cl_arg_view(b, y);
  slim_cl_arg(b, p, sizeof(*p));
}

/* Bias and activation behind a product that cannot end with them, in place. */
static void launch_epilogue(slim_cl_build *b, const slim_view *bias, const slim_epilogue_params *e, int columns)
{
  const unsigned n = slim_cl_elements(&b->out[0]);
  if (e->has_bias) {
    const slim_bias_add_params p = { n, columns, 1 };
    slim_cl_begin(b, "slim_bias_add_naive_f32");
    slim_cl_arg_view(b, &b->out[0]);
    slim_cl_arg_view(b, bias);
    slim_cl_arg_view(b, &b->out[0]);
    slim_cl_arg(b, &p, sizeof(p));
    slim_cl_range(b, n);
  }
  if (e->activation != SLIM_ACTIVATION_NONE) {
    const slim_activation_params p = { n, e->activation };
    slim_cl_begin(b, "slim_activation_vector_f32");
    slim_cl_arg_view(b, &b->out[0]);
    slim_cl_arg_view(b, &b->out[0]);
    slim_cl_arg(b, &p, sizeof(p));
    slim_cl_range_vectors(b, n);
  }
}

static void launch_rows(slim_cl_build *b, const slim_view *bias, const slim_matmul_params *p)
{
  const slim_gemm_params g = slim_cl_gemm_blocks(b->device, p->m, p->n, p->k);
  arguments(b, "slim_matmul_rows_f32", bias, &b->out[0], p);
  slim_cl_arg(b, &g, sizeof(g));
  slim_cl_gemm_range(b, &g, p->m, p->n);
}

/* With slices, parts of the result come to the workspace and are added in order. */
static void launch_columns(slim_cl_build *b, const slim_view *bias, const slim_matmul_params *given)
{
  slim_matmul_params p = *given;
  const slim_gemm_params g = slim_cl_gemm_sliced(b->device, p.m, p.n, p.k);
  const int slices = slim_cl_gemm_slices(&g, p.k);
  slim_view parts = { .dtype = SLIM_FLOAT32, .shape = { 2, { slices, p.m * p.n } } };
  if (slices > 1) {
    parts.buffer = b->workspace->buffer;
    parts.offset = b->workspace->offset;
    p.epilogue = (slim_epilogue_params){ 0 };
  }
  arguments(b, "slim_matmul_columns_f32", bias, slices > 1 ? &parts : &b->out[0], &p);
  slim_cl_arg(b, &g, sizeof(g));
  slim_cl_gemm_range_sliced(b, &g, p.m, p.n, p.k);
  if (slices > 1) {
    slim_cl_reduce(b, &parts, &b->out[0], SLIM_REDUCE_SUM, 1u);
    launch_epilogue(b, bias, &given->epilogue, p.n);
  }
}

static size_t workspace(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  (void)out;
  const slim_matmul_params p = params_of(group, in);
  if (is_empty(&p) || p.a_k == 1 || slim_cl_blast_wanted(device) || !slim_cl_gemm_usable(device)) {
    return 0;
  }
  const slim_gemm_params g = slim_cl_gemm_sliced(device, p.m, p.n, p.k);
  const int slices = slim_cl_gemm_slices(&g, p.k);
  return slices == 1 ? 0 : (size_t)slices * (size_t)p.m * (size_t)p.n * sizeof(float);
}

static void prepare(slim_cl_build *b)
{
  const slim_cl_epilogue epilogue = slim_cl_epilogue_of(b, 2);
  slim_matmul_params p = params_of(b->group, b->in);
  p.epilogue = epilogue.params;
  b->step->base.flops = 2.0 * p.m * p.n * p.k;
  const bool empty = is_empty(&p);
  if (!empty && slim_cl_blast_wanted(b->device)) {
    slim_cl_blast(b, &p);
    launch_epilogue(b, epilogue.bias, &p.epilogue, p.n);
  } else if (!empty && slim_cl_gemm_usable(b->device)) {
    (p.a_k == 1 ? launch_rows : launch_columns)(b, epilogue.bias, &p);
  } else if (!empty && slim_cl_tile_usable(b->device)) {
    arguments(b, "slim_matmul_tile_f32", epilogue.bias, &b->out[0], &p);
    slim_cl_tile_range(b, p.m, p.n, 1);
  } else {
    arguments(b, "slim_matmul_naive_f32", epilogue.bias, &b->out[0], &p);
    slim_cl_range(b, (size_t)p.m * (size_t)p.n);
  }
}

const slim_cl_op slim_cl_op_matmul = { .prepare = prepare, .workspace = workspace };
