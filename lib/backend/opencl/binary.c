#include "backend/opencl/ops.h"
#include "backend/opencl/strides.h"
#include "kernels/binary_params.h"

static slim_strides_params strides_of(const slim_cl_build *b)
{
  const slim_shape *like = &b->out[0].shape;
  slim_strides_params s = { .rank = like->rank };
  for (int i = 0; i < like->rank; i++) {
    s.dim[i] = like->dim[i];
  }
  slim_cl_strides_broadcast(&b->in[0].shape, like, s.a);
  slim_cl_strides_broadcast(&b->in[1].shape, like, s.b);
  slim_cl_strides_join(&s);
  return s;
}

static bool by_vectors(const slim_cl_build *b, const slim_strides_params *s)
{
  return b->in[0].dtype == SLIM_FLOAT32 && s->rank == 1 && s->a[0] <= 1 && s->b[0] <= 1;
}

static void prepare(slim_cl_build *b)
{
  const slim_binary_attr *attr = b->attr;
  const slim_binary_params p = { slim_cl_elements(&b->out[0]), (int)attr->kind, strides_of(b) };
  const bool vectors = by_vectors(b, &p.strides);
  slim_cl_begin(b, b->in[0].dtype == SLIM_INT32   ? "slim_binary_equal_i32"
                   : b->in[0].dtype == SLIM_INT64 ? "slim_binary_equal_i64"
                   : vectors                      ? "slim_binary_vector_f32"
                                                  : "slim_binary_naive_f32");
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

static bool supports(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out)
{
  (void)device;
  const slim_binary_attr *attr = group->nodes[0]->attr;
  if (in[0].dtype != in[1].dtype || out[0].dtype != SLIM_FLOAT32) {
    return false;
  }
  return in[0].dtype == SLIM_FLOAT32 ||
         (attr->kind == SLIM_BINARY_EQUAL && (in[0].dtype == SLIM_INT32 || in[0].dtype == SLIM_INT64));
}

const slim_cl_op slim_cl_op_binary = { .prepare = prepare, .supports = supports };
