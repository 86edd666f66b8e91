#include "backend/opencl/ops.h"
#include "backend/opencl/reduction.h"
#include "kernels/bias_add_params.h"

static bool is_nchw(const slim_cl_build *b)
{
  return ((const slim_bias_attr *)b->attr)->nchw != 0;
}

static void prepare(slim_cl_build *b)
{
  const int c = b->in[1].shape.dim[0];
  slim_bias_add_params p = { slim_cl_elements(&b->out[0]), c, 1 };
  if (is_nchw(b) && p.n > 0) {
    p.inner = (int)p.n / (b->out[0].shape.dim[0] * c);
  }
  const bool vectors = p.inner == 1 && c % b->cl->vector_width == 0;
  slim_cl_begin(b, vectors ? "slim_bias_add_vector_f32" : "slim_bias_add_naive_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->in[1]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg(b, &p, sizeof(p));
  if (vectors) {
    slim_cl_range_vectors(b, p.n);
  } else {
    slim_cl_range(b, p.n);
  }
}

/* All axes but the channels'. */
static unsigned axes_of(const slim_shape *x, const slim_group *group)
{
  const slim_bias_attr *attr = group->nodes[0]->attr;
  const int channel = attr->nchw ? 1 : x->rank - 1;
  return ((1u << x->rank) - 1u) & ~(1u << channel);
}

static void prepare_gradient(slim_cl_build *b)
{
  slim_cl_reduce(b, &b->in[0], &b->out[0], SLIM_REDUCE_SUM, axes_of(&b->in[0].shape, b->group));
}

static size_t workspace(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  (void)out;
  return slim_cl_reduce_workspace(device, &in[0].shape, axes_of(&in[0].shape, group));
}

const slim_cl_op slim_cl_op_bias_add = { .prepare = prepare };
const slim_cl_op slim_cl_op_bias_add_gradient = { .prepare = prepare_gradient, .workspace = workspace };
