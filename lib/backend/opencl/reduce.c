#include "backend/opencl/ops.h"
#include "backend/opencl/reduction.h"
#include "backend/opencl/strides.h"
#include "backend/opencl/sweep.h"
#include "kernels/reduce_params.h"

#define CHUNK_LEAST 512  /* elements that pay for a part of their own */
#define PARTS_A_UNIT 256 /* work-items that keep a compute unit busy */

static slim_strides_params walk_of(const slim_shape *x, const int *stride, unsigned axes)
{
  slim_strides_params s = { 0 };
  for (int i = 0; i < x->rank; i++) {
    if ((axes >> i & 1u) != 0) {
      s.dim[s.rank] = x->dim[i];
      s.a[s.rank++] = stride[i];
    }
  }
  return s;
}

static int elements_of(const slim_strides_params *s)
{
  int n = 1;
  for (int i = 0; i < s->rank; i++) {
    n *= s->dim[i];
  }
  return n;
}

/* b follows a, so that joining looks at a alone. */
static void join(slim_strides_params *s)
{
  for (int i = 0; i < s->rank; i++) {
    s->b[i] = s->a[i];
  }
  slim_cl_strides_join(s);
}

/* On GPUs and small devices sums of whole rows are a group's. */
static bool by_groups(const slim_device *device, const slim_reduce_params *p)
{
  return p->kept.rank == 1 && p->kept.a[0] == 1 && p->reduced.rank == 1 && p->reduced.a[0] == (int)p->n &&
         slim_cl_sweeps(device, (int)p->n);
}

static slim_reduce_params params_of(const slim_device *device, const slim_shape *x, unsigned axes)
{
  int stride[SLIM_MAX_RANK] = { 0 };
  slim_cl_strides(x, stride);
  slim_reduce_params p = { .scale = 1.0f, .kept = walk_of(x, stride, ~axes), .reduced = walk_of(x, stride, axes) };
  p.n = (unsigned)elements_of(&p.kept);
  p.count = elements_of(&p.reduced);
  join(&p.kept);
  join(&p.reduced);
  if (by_groups(device, &p)) {
    const slim_cl_sweep sweep = slim_cl_sweep_of(device, p.count, (int)p.n);
    p.across = sweep.across;
    p.chunks = p.count < 2 * CHUNK_LEAST ? 1 : sweep.pieces;
    p.length = p.chunks == 1 ? p.count : sweep.length;
    return p;
  }
  const int busy = PARTS_A_UNIT * device->info.compute_units;
  const int most = (int)p.n >= busy ? 1 : busy / (p.n > 0 ? (int)p.n : 1);
  const int useful = p.count / CHUNK_LEAST;
  p.chunks = useful < 1 ? 1 : useful < most ? useful : most;
  p.length = (p.count + p.chunks - 1) / p.chunks;
  return p;
}

size_t slim_cl_reduce_workspace(const slim_device *device, const slim_shape *x, unsigned axes)
{
  const slim_reduce_params p = params_of(device, x, axes);
  return p.chunks == 1 ? 0 : (size_t)p.n * (size_t)p.chunks * sizeof(float);
}

/* Neighbouring results whose elements lie together and fill vectors, or reduced elements that do. */
static bool by_columns(const slim_cl_build *b, const slim_reduce_params *p)
{
  const slim_strides_params *k = &p->kept;
  return p->reduced.rank == 1 && k->a[k->rank - 1] == 1 && k->dim[k->rank - 1] % b->cl->vector_width == 0;
}

static bool by_rows(const slim_reduce_params *p)
{
  return p->reduced.rank == 1 && p->reduced.a[0] == 1;
}

static const char *kernel_of(const slim_cl_build *b, const slim_reduce_params *p)
{
  return by_groups(b->device, p) ? "slim_reduce_group_f32"
         : by_columns(b, p)      ? "slim_reduce_columns_f32"
         : by_rows(p)            ? "slim_reduce_rows_f32"
                                 : "slim_reduce_naive_f32";
}

static void launch(slim_cl_build *b, const slim_view *x, const slim_view *y, const slim_reduce_params *p)
{
  const size_t parts = (size_t)p->n * (size_t)p->chunks;
  slim_cl_begin(b, kernel_of(b, p));
  slim_cl_arg_view(b, x);
  slim_cl_arg_view(b, y);
  slim_cl_arg(b, p, sizeof(*p));
  if (by_groups(b->device, p)) {
    slim_cl_range_sweep(b, (int)p->n, p->across, p->chunks);
  } else if (by_columns(b, p)) {
    slim_cl_range_vectors(b, parts);
  } else if (by_rows(p)) {
    slim_cl_range_rows(b, parts);
  } else {
    slim_cl_range(b, parts);
  }
}

/* The second launch: the chunks of each result, which lie as the first one left them. */
static slim_reduce_params merge_of(const slim_cl_build *b, const slim_reduce_params *p, slim_reduce_kind kind)
{
  const bool columns = by_columns(b, p);
  slim_reduce_params m = { .n = p->n, .count = p->chunks, .chunks = 1, .length = p->chunks };
  m.across = slim_cl_sweep_across(b->device, p->chunks);
  m.kind = (int)(kind == SLIM_REDUCE_MAX ? SLIM_REDUCE_MAX : SLIM_REDUCE_SUM);
  m.kept = (slim_strides_params){ .rank = 1, .dim = { (int)p->n }, .a = { columns ? 1 : p->chunks } };
  m.reduced = (slim_strides_params){ .rank = 1, .dim = { p->chunks }, .a = { columns ? (int)p->n : 1 } };
  return m;
}

void slim_cl_reduce(slim_cl_build *b, const slim_view *x, const slim_view *y, slim_reduce_kind kind, unsigned axes)
{
  slim_reduce_params p = params_of(b->device, &x->shape, axes);
  const float scale = kind == SLIM_REDUCE_MEAN ? 1.0f / (float)p.count : kind == SLIM_REDUCE_HALF_SQUARES ? 0.5f : 1.0f;
  p.kind = (int)kind;
  if (p.chunks == 1) {
    p.scale = scale;
    launch(b, x, y, &p);
    return;
  }
  const slim_view parts = { .buffer = b->workspace->buffer, .offset = b->workspace->offset };
  launch(b, x, &parts, &p);
  slim_reduce_params merge = merge_of(b, &p, kind);
  merge.scale = scale;
  launch(b, &parts, y, &merge);
}

static void prepare(slim_cl_build *b)
{
  const slim_reduce_attr *attr = b->attr;
  slim_cl_reduce(b, &b->in[0], &b->out[0], attr->kind, attr->axes);
}

static size_t workspace(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  (void)out;
  return slim_cl_reduce_workspace(device, &in[0].shape, ((const slim_reduce_attr *)group->nodes[0]->attr)->axes);
}

const slim_cl_op slim_cl_op_reduce = { .prepare = prepare, .workspace = workspace };
