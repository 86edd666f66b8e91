#include "backend/opencl/matmul.h"

#include "backend/opencl/blast.h"
#include "backend/opencl/gemm.h"
#include "backend/opencl/ops.h"
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

/* --- which kernels make a product --------------------------------------------------------------------------------- */

#define FEW_MOST 16                          /* rows, or terms of a sum, that are few */
#define FEW_ELEMENTS_LEAST ((size_t)1 << 21) /* of the matrix that is gone through once: it fits no cache */
#define ROW_ELEMENTS_LEAST ((size_t)1 << 15) /* for one row, which pays for no packing */
#define FEW_SUMS_MOST ((size_t)16384)        /* of a group: they stay in a core's own cache, rows of b long enough */
#define GROUPS_A_UNIT 4
#define OUTER_ROWS 256 /* of a group */
#define OUTER_COLUMNS 256

/* Whose rows are few, or whose sums are short; the others are cut into blocks. */
enum method { BLAST, FEW_ROWS, FEW_DOTS, FEW_OUTER, ROWS, COLUMNS, TILES, NAIVE };

static size_t product_of(int a, int b)
{
  return (size_t)a * (size_t)b;
}

static bool few_fit(size_t local_memory)
{
  return local_memory >= 2 * FEW_SUMS_MOST * sizeof(float);
}

/* half: b has halves, which few dots and outer products do not read. */
static enum method few_of(const slim_device *device, const slim_matmul_params *p, bool half)
{
  const int width = slim_cl_of(device)->vector_width;
  const size_t least = p->m == 1 && p->b_column == 1 ? ROW_ELEMENTS_LEAST : FEW_ELEMENTS_LEAST;
  if (p->a_k == 1 && p->m <= FEW_MOST && product_of(p->n, p->k) >= least) {
    const enum method by_rows = p->n >= width && few_fit(device->info.local_memory) ? FEW_ROWS : ROWS;
    return p->b_column == 1 ? by_rows : half ? ROWS : FEW_DOTS;
  }
  const bool outer = p->a_row == 1 && p->b_column == 1 && p->k <= FEW_MOST && p->n >= width && !half;
  return outer && product_of(p->m, p->n) >= FEW_ELEMENTS_LEAST ? FEW_OUTER : p->a_k == 1 ? ROWS : COLUMNS;
}

static enum method method_of(const slim_device *device, const slim_matmul_params *p, bool has_residual, bool half)
{
  if (is_empty(p)) {
    return NAIVE;
  }
  if (slim_cl_blast_wanted() && !has_residual && !half) {
    return BLAST;
  }
  if (slim_cl_gemm_usable(device)) {
    return has_residual ? ROWS : few_of(device, p, half);
  }
  return slim_cl_tile_usable(device) ? TILES : NAIVE;
}

bool slim_cl_matmul_is_blocked(const slim_device *device, const slim_matmul_params *p, bool has_residual)
{
  return method_of(device, p, has_residual, false) == ROWS;
}

/* Rows of sums, in whole steps of the kernel. */
static int few_rows(int m)
{
  return (m + 1) / 2 * 2;
}

/* Columns and slices of k of a group of few rows: sums that fit, and enough groups. */
static slim_gemm_params few_blocks(const slim_device *device, const slim_matmul_params *p)
{
  const int width = slim_cl_of(device)->vector_width, wanted = device->info.compute_units * GROUPS_A_UNIT;
  const int across = (int)((product_of(few_rows(p->m), p->n) + FEW_SUMS_MOST - 1) / FEW_SUMS_MOST);
  const int slices = (wanted + across - 1) / across;
  return (slim_gemm_params){ .block_n = ((p->n + across - 1) / across + width - 1) / width * width,
                             .slice = ((p->k + slices - 1) / slices + 7) / 8 * 8 };
}

/* Do the factors and the result come in fours along what their vectors in tiles lie along? Those of a and b lie along k
 * where that lies together. */
static bool in_fours(const slim_matmul_params *p)
{
  const int along_a = p->a_k == 1 ? p->k : p->m, along_b = p->b_column == 1 ? p->n : p->k;
  return p->n % 4 == 0 && along_a % 4 == 0 && along_b % 4 == 0;
}

static slim_gemm_params columns_blocks(const slim_device *device, const slim_matmul_params *p)
{
  const bool b_lies =
      p->b_column == 1 && p->n % slim_cl_gemm_columns(device) == 0 && p->b_k % SLIM_GEMM_SET_FLOATS != 0;
  return slim_cl_gemm_sliced(device, p->m, p->n, p->k, b_lies && p->a_k % SLIM_GEMM_SET_FLOATS != 0);
}

/* Parts of the result that are added up. */
static int slices_of(const slim_device *device, const slim_matmul_params *p, enum method method)
{
  const slim_gemm_params g = method == FEW_ROWS  ? few_blocks(device, p)
                             : method == COLUMNS ? columns_blocks(device, p)
                             : method == TILES
                                 ? (slim_gemm_params){ .slice = slim_cl_tile_slice(device, 1, p->m, p->n, p->k) }
                                 : (slim_gemm_params){ .slice = p->k };
  return slim_cl_gemm_slices(&g, p->k);
}

size_t slim_cl_matmul_workspace(const slim_device *device, const slim_matmul_params *p, bool has_residual, bool half)
{
  const enum method method = method_of(device, p, has_residual, half);
  const int slices = method == NAIVE ? 1 : slices_of(device, p, method);
  return slices == 1 ? 0 : (size_t)slices * product_of(p->m, p->n) * sizeof(float);
}

/* --- launches ----------------------------------------------------------------------------------------------------- */

typedef struct product {
  const slim_view *a, *b, *y;
  const slim_cl_epilogue *epilogue;
  slim_matmul_params p;
} product;

static void begin(slim_cl_build *b, const char *kernel, const product *t)
{
  slim_cl_begin(b, kernel);
  slim_cl_arg_view(b, t->a);
  slim_cl_arg_view(b, t->b);
}

static void arguments(slim_cl_build *b, const char *kernel, const product *t, const slim_view *y)
{
  begin(b, kernel, t);
  slim_cl_arg_view(b, t->epilogue->bias);
  slim_cl_arg_view(b, y);
  slim_cl_arg(b, &t->p, sizeof(t->p));
}

/* Bias and activation behind a product that cannot end with them, in place. */
static void launch_epilogue(slim_cl_build *b, const product *t, const slim_epilogue_params *e)
{
  const unsigned n = (unsigned)product_of(t->p.m, t->p.n);
  if (e->has_bias) {
    const slim_bias_add_params p = { n, t->p.n, 1 };
    slim_cl_begin(b, "slim_bias_add_naive_f32");
    slim_cl_arg_view(b, t->y);
    slim_cl_arg_view(b, t->epilogue->bias);
    slim_cl_arg_view(b, t->y);
    slim_cl_arg(b, &p, sizeof(p));
    slim_cl_range(b, n);
  }
  if (e->activation != SLIM_ACTIVATION_NONE) {
    const slim_activation_params p = { n, e->activation };
    slim_cl_begin(b, "slim_activation_vector_f32");
    slim_cl_arg_view(b, t->y);
    slim_cl_arg_view(b, t->y);
    slim_cl_arg(b, &p, sizeof(p));
    slim_cl_range_vectors(b, n);
  }
}

static void launch_rows(slim_cl_build *b, const product *t)
{
  const slim_gemm_params g = slim_cl_gemm_blocks(b->device, t->p.m, t->p.n, t->p.k);
  begin(b, SLIM_CL_READING(t->b, "slim_matmul_rows"), t);
  slim_cl_arg_view(b, t->epilogue->bias);
  slim_cl_arg_view(b, t->epilogue->residual);
  slim_cl_arg_view(b, t->y);
  slim_cl_arg(b, &t->p, sizeof(t->p));
  slim_cl_arg(b, &g, sizeof(g));
  slim_cl_gemm_range(b, &g, t->p.m, t->p.n);
}

static void launch_few_rows(slim_cl_build *b, const product *t, const slim_view *y)
{
  const slim_gemm_params g = few_blocks(b->device, &t->p);
  arguments(b, SLIM_CL_READING(t->b, "slim_matmul_few_rows"), t, y);
  slim_cl_arg(b, &g, sizeof(g));
  slim_cl_arg_local(b, product_of(few_rows(t->p.m), g.block_n) * sizeof(float));
  slim_cl_range_dealt(b, (const size_t[3]){ (size_t)((t->p.n + g.block_n - 1) / g.block_n),
                                            (size_t)slim_cl_gemm_slices(&g, t->p.k), 1 });
}

static void launch_columns(slim_cl_build *b, const product *t, const slim_view *y)
{
  const slim_gemm_params g = columns_blocks(b->device, &t->p);
  arguments(b, SLIM_CL_READING(t->b, "slim_matmul_columns"), t, y);
  slim_cl_arg(b, &g, sizeof(g));
  slim_cl_gemm_range_sliced(b, &g, t->p.m, t->p.n, t->p.k);
}

/* With slices, parts of the result come to the workspace and are added in order. */
static void launch_slices(slim_cl_build *b, const product *given, enum method method)
{
  product t = *given;
  const int slices = slices_of(b->device, &t.p, method);
  slim_view parts = { .dtype = SLIM_FLOAT32, .shape = { 2, { slices, t.p.m * t.p.n } } };
  if (slices > 1) {
    parts.buffer = b->workspace->buffer;
    parts.offset = b->workspace->offset;
    t.p.epilogue = (slim_epilogue_params){ 0 };
  }
  (method == FEW_ROWS ? launch_few_rows : launch_columns)(b, &t, slices > 1 ? &parts : t.y);
  if (slices > 1) {
    slim_cl_begin(b, "slim_matmul_slices_f32");
    slim_cl_arg_view(b, &parts);
    slim_cl_arg_view(b, given->epilogue->bias);
    slim_cl_arg_view(b, given->y);
    slim_cl_arg(b, &given->p, sizeof(given->p));
    slim_cl_arg(b, &slices, sizeof(slices));
    slim_cl_range_vectors(b, product_of(t.p.m, t.p.n));
  }
}

static void launch_dots(slim_cl_build *b, const product *t)
{
  const int wanted = b->device->info.compute_units * GROUPS_A_UNIT;
  const slim_gemm_params g = { .block_n = ((t->p.n + wanted - 1) / wanted + 3) / 4 * 4 };
  arguments(b, "slim_matmul_few_dots_f32", t, t->y);
  slim_cl_arg(b, &g, sizeof(g));
  slim_cl_range_groups(b, (size_t)((t->p.n + g.block_n - 1) / g.block_n), 1);
}

static void launch_outer(slim_cl_build *b, const product *t)
{
  const slim_gemm_params g = { .block_m = OUTER_ROWS, .block_n = OUTER_COLUMNS };
  const int stream = t->p.n % b->cl->vector_width == 0;
  begin(b, "slim_matmul_few_outer_f32", t);
  slim_cl_arg_view(b, t->y);
  slim_cl_arg(b, &t->p, sizeof(t->p));
  slim_cl_arg(b, &g, sizeof(g));
  slim_cl_arg(b, &stream, sizeof(stream));
  const size_t groups[3] = { (size_t)((t->p.m + OUTER_ROWS - 1) / OUTER_ROWS),
                             (size_t)((t->p.n + OUTER_COLUMNS - 1) / OUTER_COLUMNS), 1 };
  slim_cl_range_3d(b, groups, (const size_t[3]){ 1, 1, 1 });
  launch_epilogue(b, t, &t->p.epilogue);
}

static void launch_tiles(slim_cl_build *b, const product *t)
{
  const slim_matmul_params *p = &t->p;
  const int slice = slim_cl_tile_slice(b->device, 1, p->m, p->n, p->k), slices = slim_cl_ceil_div(p->k, slice);
  const slim_matmul_tile_params tile = { .slice = slice, .slices = slices };
  product part = *t;
  if (slices > 1) {
    part.p.epilogue = (slim_epilogue_params){ 0 };
  }
  arguments(b, in_fours(p) ? SLIM_CL_READING(t->b, "slim_matmul_tile_v4") : SLIM_CL_READING(t->b, "slim_matmul_tile"),
            &part, slices > 1 ? b->workspace : t->y);
  slim_cl_arg(b, &tile, sizeof(tile));
  slim_cl_tile_range(b, p->m, p->n, slices);
  if (slices > 1) {
    slim_cl_tile_add(b, 0, t->epilogue, t->y, p->m, p->n, slices);
  }
}

void slim_cl_matmul(slim_cl_build *build, const slim_view *a, const slim_view *b, const slim_view *y,
                    const slim_cl_epilogue *epilogue, const slim_matmul_params *p)
{
  product t = { a, b, y, epilogue, *p };
  t.p.epilogue = epilogue->params;
  const enum method method = method_of(build->device, p, epilogue->params.has_residual != 0, b->dtype == SLIM_FLOAT16);
  switch (method) {
  case BLAST:
    slim_cl_blast(build, a, b, y, p);
    launch_epilogue(build, &t, &t.p.epilogue);
    break;
  case FEW_ROWS:
  case COLUMNS:
    launch_slices(build, &t, method);
    break;
  case FEW_DOTS:
    launch_dots(build, &t);
    break;
  case FEW_OUTER:
    launch_outer(build, &t);
    break;
  case ROWS:
    launch_rows(build, &t);
    break;
  case TILES:
    launch_tiles(build, &t);
    break;
  default:
    arguments(build, SLIM_CL_READING(b, "slim_matmul_naive"), &t, y);
    slim_cl_range(build, product_of(p->m, p->n));
  }
}

/* --- the op ------------------------------------------------------------------------------------------------------- */

static size_t workspace(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  (void)out;
  const slim_matmul_params p = params_of(group, in);
  return slim_cl_matmul_workspace(device, &p, false, in[1].dtype == SLIM_FLOAT16);
}

static void prepare(slim_cl_build *b)
{
  const slim_cl_epilogue epilogue = slim_cl_epilogue_of(b, 2);
  const slim_matmul_params p = params_of(b->group, b->in);
  b->step->base.flops = 2.0 * p.m * p.n * p.k;
  slim_cl_matmul(b, &b->in[0], &b->in[1], &b->out[0], &epilogue, &p);
}

const slim_cl_op slim_cl_op_matmul = { .prepare = prepare, .workspace = workspace, .halves = 1u << 1 };
