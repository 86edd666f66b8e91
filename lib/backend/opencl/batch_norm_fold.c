#include "backend/opencl/ops.h"
#include "kernels/batch_norm_fold_params.h"

static void prepare(slim_cl_build *b)
{
  const slim_batch_norm_attr *attr = b->attr;
  const slim_batch_norm_fold_params p = { (int)slim_cl_elements(&b->in[0]), (int)slim_cl_elements(&b->in[1]),
                                          attr->epsilon };
  slim_cl_begin(b, "slim_batch_norm_fold_naive_f32");
  for (int i = 0; i < 5; i++) {
    slim_cl_arg_view(b, &b->in[i]);
  }
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg_view(b, &b->out[1]);
  slim_cl_arg(b, &p, sizeof(p));
  slim_cl_range(b, (size_t)p.n);
}

const slim_cl_op slim_cl_op_batch_norm_fold = { .prepare = prepare };
