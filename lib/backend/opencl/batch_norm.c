#include "backend/opencl/epilogue.h"
#include "backend/opencl/ops.h"
#include "backend/opencl/sweep.h"
#include "kernels/batch_norm_params.h"

#define LENGTH_LEAST 256 /* elements that pay for a part of their own */
#define PARTS_A_UNIT 256
#define PIECE_ELEMENTS 16384 /* of all channels of a piece: they fit a CPU core's cache */
#define PIECE_ROWS 512       /* most rows: they are summed in float32 */

/* On CPU-like devices a work-item goes through rows of all channels, where those fill whole vectors. */
static bool by_rows(const slim_device *device, const slim_batch_norm_params *p)
{
  return device->info.device_class == SLIM_CLASS_CPU && p->inner == 1 && p->c % slim_cl_of(device)->vector_width == 0;
}

/* On others a work-group goes through some vectors of channels. */
static bool by_groups(const slim_device *device, const slim_batch_norm_params *p)
{
  return p->inner == 1 && slim_cl_sweeps(device, p->c);
}

static void cut_into_pieces(slim_batch_norm_params *p)
{
  const int rows = 16 + PIECE_ELEMENTS / p->c;
  p->length = rows < PIECE_ROWS ? rows : PIECE_ROWS;
  p->slices = (p->outer + p->length - 1) / p->length;
}

static slim_batch_norm_params params_of(const slim_device *device, const slim_group *group, const slim_view *x)
{
  const slim_batch_norm_attr *attr = group->nodes[0]->attr;
  const int rank = x->shape.rank, channel = attr->nchw ? 1 : rank - 1;
  slim_batch_norm_params p = { .outer = 1, .c = x->shape.dim[channel], .inner = 1, .training = attr->training };
  for (int i = 0; i < rank; i++) {
    *(i < channel ? &p.outer : &p.inner) *= i == channel ? 1 : x->shape.dim[i];
  }
  const int count = p.outer * p.inner, busy = PARTS_A_UNIT * device->info.compute_units;
  const int useful = count / LENGTH_LEAST, most = p.c >= busy || p.c == 0 ? 1 : busy / p.c;
  p.slices = useful < 1 ? 1 : useful < most ? useful : most;
  p.length = (count + p.slices - 1) / p.slices;
  if (by_rows(device, &p) && p.c > 0) {
    cut_into_pieces(&p);
  } else if (by_groups(device, &p)) {
    const slim_cl_sweep sweep = slim_cl_sweep_of(device, p.outer, p.c);
    p.across = sweep.across;
    p.slices = sweep.pieces;
    p.length = sweep.length;
  }
  p.epsilon = attr->epsilon;
  p.unbias = attr->unbiased && count > 1 ? (float)count / (float)(count - 1) : 1.0f;
  return p;
}

/* The name of this device's kernel for these channels. */
static const char *kernel_of(const slim_cl_build *b, const slim_batch_norm_params *p, const char *rows,
                             const char *groups, const char *naive)
{
  return by_rows(b->device, p) ? rows : by_groups(b->device, p) ? groups : naive;
}

/* Places in the workspace. */
static size_t row_bytes(const slim_batch_norm_params *p, int rows)
{
  return slim_cl_float_bytes((size_t)rows * (size_t)p->c);
}

static slim_view scratch(const slim_cl_build *b, size_t bytes)
{
  return (slim_view){ .buffer = b->workspace->buffer, .offset = b->workspace->offset + bytes };
}

/* Output k, or scratch when nobody reads it. */
static slim_view output_or(const slim_cl_build *b, int k, slim_view other)
{
  return slim_cl_wanted(slim_cl_out(b, k)) ? *slim_cl_out(b, k) : other;
}

static void sums(slim_cl_build *b, const slim_view *mean, const slim_view *partial, int squares,
                 const slim_batch_norm_params *p)
{
  slim_cl_begin(b, "slim_batch_norm_sums_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, mean);
  slim_cl_arg_view(b, partial);
  slim_cl_arg(b, &squares, sizeof(squares));
  slim_cl_arg(b, p, sizeof(*p));
  slim_cl_range(b, (size_t)p->c * (size_t)p->slices);
}

static void statistics_of_parts(slim_cl_build *b, const slim_view *mean, const slim_view *inverse,
                                const slim_view *partial, const slim_batch_norm_params *p)
{
  sums(b, mean, partial, 0, p);
  slim_cl_begin(b, "slim_batch_norm_mean_f32");
  slim_cl_arg_view(b, partial);
  slim_cl_arg_view(b, mean);
  slim_cl_arg(b, p, sizeof(*p));
  slim_cl_range(b, (size_t)p->c);
  sums(b, mean, partial, 1, p);
  slim_cl_begin(b, "slim_batch_norm_variance_f32");
  slim_cl_arg_view(b, partial);
  slim_cl_arg_view(b, slim_cl_out(b, 2));
  slim_cl_arg_view(b, inverse);
  slim_cl_arg(b, p, sizeof(*p));
  slim_cl_range(b, (size_t)p->c);
}

/* A work-item a piece, or a group a piece and some channels; naive: all elements, one each. */
static void range_pieces(slim_cl_build *b, const slim_batch_norm_params *p, size_t naive)
{
  if (by_rows(b->device, p)) {
    slim_cl_range_groups(b, (size_t)p->slices, 1);
  } else if (by_groups(b->device, p)) {
    slim_cl_range_sweep(b, p->c, p->across, p->slices);
  } else {
    slim_cl_range(b, naive);
  }
}

/* The last argument of a kernel that merges pieces by groups, and its range. */
static void merge_by_groups(slim_cl_build *b, const slim_batch_norm_params *p)
{
  slim_batch_norm_params merge = *p;
  merge.across = slim_cl_sweep_across(b->device, p->slices);
  slim_cl_arg(b, &merge, sizeof(merge));
  slim_cl_range_sweep(b, p->c, merge.across, 1);
}

static void statistics_of_pieces(slim_cl_build *b, const slim_view *mean, const slim_view *inverse,
                                 const slim_view *partial, const slim_batch_norm_params *p)
{
  const bool rows = by_rows(b->device, p);
  slim_cl_begin(b, rows ? "slim_batch_norm_pieces_f32" : "slim_batch_norm_group_pieces_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, partial);
  slim_cl_arg(b, p, sizeof(*p));
  range_pieces(b, p, 0);
  slim_cl_begin(b, rows ? "slim_batch_norm_merge_f32" : "slim_batch_norm_group_merge_f32");
  slim_cl_arg_view(b, partial);
  slim_cl_arg_view(b, mean);
  slim_cl_arg_view(b, slim_cl_out(b, 2));
  slim_cl_arg_view(b, inverse);
  if (rows) {
    slim_cl_arg(b, p, sizeof(*p));
    slim_cl_range_vectors(b, (size_t)p->c);
  } else {
    merge_by_groups(b, p);
  }
}

static void statistics(slim_cl_build *b, const slim_view *mean, const slim_view *inverse,
                       const slim_batch_norm_params *p)
{
  const slim_view partial = scratch(b, 2 * row_bytes(p, 1));
  if (by_rows(b->device, p) || by_groups(b->device, p)) {
    statistics_of_pieces(b, mean, inverse, &partial, p);
  } else {
    statistics_of_parts(b, mean, inverse, &partial, p);
  }
}

static void given(slim_cl_build *b, const slim_view *inverse, const slim_batch_norm_params *p)
{
  slim_cl_begin(b, "slim_batch_norm_given_f32");
  slim_cl_arg_view(b, &b->in[3]);
  slim_cl_arg_view(b, &b->in[4]);
  slim_cl_arg_view(b, slim_cl_out(b, 1));
  slim_cl_arg_view(b, slim_cl_out(b, 2));
  slim_cl_arg_view(b, inverse);
  slim_cl_arg(b, p, sizeof(*p));
  slim_cl_range(b, (size_t)p->c);
}

/* The last sweep, over all elements. */
static void range_elements(slim_cl_build *b, const slim_batch_norm_params *p)
{
  range_pieces(b, p, (size_t)p->outer * (size_t)p->c * (size_t)p->inner);
}

static void prepare(slim_cl_build *b)
{
  slim_batch_norm_params p = params_of(b->device, b->group, &b->in[0]);
  const slim_cl_epilogue epilogue = slim_cl_epilogue_of(b, 5);
  p.want = slim_cl_wants(b);
  p.activation = epilogue.params.activation;
  p.has_residual = epilogue.params.has_residual;
  const slim_view inverse = output_or(b, 3, scratch(b, row_bytes(&p, 1)));
  slim_view mean = b->in[3];
  if (p.training) {
    mean = output_or(b, 1, scratch(b, 0));
    statistics(b, &mean, &inverse, &p);
  } else {
    given(b, &inverse, &p);
  }
  slim_cl_begin(b,
                kernel_of(b, &p, "slim_batch_norm_rows_f32", "slim_batch_norm_group_f32", "slim_batch_norm_naive_f32"));
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, &b->in[2]);
  slim_cl_arg_view(b, &mean);
  slim_cl_arg_view(b, &inverse);
  slim_cl_arg_view(b, epilogue.residual);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  range_elements(b, &p);
}

/* dy, x, gamma, mean, inverse deviation, and beta where an activation is undone. */
static void inputs(slim_cl_build *b)
{
  static const slim_view none = { 0 };
  for (int i = 0; i < 6; i++) {
    slim_cl_arg_view(b, i < b->group->num_in ? &b->in[i] : &none);
  }
}

static void gradient_sums(slim_cl_build *b, const slim_view *partial, const slim_view *both,
                          const slim_batch_norm_params *p)
{
  slim_cl_begin(b, kernel_of(b, p, "slim_batch_norm_gradient_pieces_f32", "slim_batch_norm_gradient_group_pieces_f32",
                             "slim_batch_norm_gradient_sums_f32"));
  inputs(b);
  slim_cl_arg_view(b, partial);
  slim_cl_arg(b, p, sizeof(*p));
  range_pieces(b, p, (size_t)p->c * (size_t)p->slices);
  const bool groups = by_groups(b->device, p);
  slim_cl_begin(b, groups ? "slim_batch_norm_gradient_group_merge_f32" : "slim_batch_norm_gradient_finish_f32");
  slim_cl_arg_view(b, partial);
  slim_cl_arg_view(b, both);
  slim_cl_arg_view(b, slim_cl_out(b, 1));
  slim_cl_arg_view(b, slim_cl_out(b, 2));
  if (groups) {
    merge_by_groups(b, p);
  } else {
    slim_cl_arg(b, p, sizeof(*p));
    slim_cl_range(b, (size_t)p->c);
  }
}

static void prepare_gradient(slim_cl_build *b)
{
  slim_batch_norm_params p = params_of(b->device, b->group, &b->in[0]);
  p.want = slim_cl_wants(b);
  p.activation = (int)((const slim_batch_norm_attr *)b->attr)->activation;
  const slim_view both = scratch(b, 0), partial = scratch(b, row_bytes(&p, 2));
  gradient_sums(b, &partial, &both, &p);
  if ((p.want & 1) == 0) {
    return;
  }
  slim_cl_begin(b, kernel_of(b, &p, "slim_batch_norm_gradient_rows_f32", "slim_batch_norm_gradient_group_f32",
                             "slim_batch_norm_gradient_naive_f32"));
  inputs(b);
  slim_cl_arg_view(b, &both);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  range_elements(b, &p);
}

static size_t workspace(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  (void)out;
  const slim_batch_norm_params p = params_of(device, group, &in[0]);
  return 2 * row_bytes(&p, 1) + row_bytes(&p, 2 * p.slices); /* one row or two lie before the parts */
}

const slim_cl_op slim_cl_op_batch_norm = { .prepare = prepare, .workspace = workspace };
const slim_cl_op slim_cl_op_batch_norm_gradient = { .prepare = prepare_gradient, .workspace = workspace };
