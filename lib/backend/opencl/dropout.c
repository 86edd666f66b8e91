#include "backend/opencl/ops.h"
#include "backend/opencl/strides.h"
#include "kernels/dropout_params.h"

#define MANY 64u /* elements of a work-item of the CPU-like kernel, and its work-items a group */
#define GROUP 16u

/* Steps of the noise over x: 0 along its shared axes. */
static slim_strides_params noise_strides(const slim_dropout_attr *attr, const slim_shape *x)
{
  slim_strides_params s = { .rank = x->rank };
  int step = 1;
  for (int i = x->rank - 1; i >= 0; i--) {
    const bool shared = attr->noise.rank == x->rank && attr->noise.dim[i] == 1;
    s.dim[i] = x->dim[i];
    s.a[i] = shared ? 0 : step;
    step *= shared ? 1 : x->dim[i];
  }
  slim_cl_strides_join(&s);
  return s;
}

static void prepare(slim_cl_build *b)
{
  const slim_dropout_attr *attr = b->attr;
  const double limit = (double)attr->keep_prob * 4294967296.0;
  slim_dropout_params p = { .n = slim_cl_elements(&b->out[0]), .keep_prob = attr->keep_prob };
  p.keep_all = limit >= 4294967296.0;
  p.limit = p.keep_all ? 0 : (unsigned)limit;
  p.strides = noise_strides(attr, &b->out[0].shape);
  const bool blocks = attr->noise.rank == 0, many = blocks && slim_cl_is_cpu(b);
  slim_cl_begin(b, many ? "slim_dropout_cpu_f32" : blocks ? "slim_dropout_block_f32" : "slim_dropout_naive_f32");
  slim_cl_arg_view(b, &b->in[0]);
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg_key(b, (uint64_t)attr->hash_high << 32 | attr->hash_low);
  slim_cl_arg(b, &p, sizeof(p));
  if (many) {
    slim_cl_range_groups(b, (p.n + MANY * GROUP - 1) / (MANY * GROUP), GROUP);
  } else {
    slim_cl_range(b, blocks ? (p.n + 3) / 4 : p.n);
  }
}

const slim_cl_op slim_cl_op_dropout = { .prepare = prepare };
