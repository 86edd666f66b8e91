#include "backend/opencl/ops.h"
#include "kernels/batch_norm_fold_params.h"

static void prepare(slim_cl_build *b)
{
  const slim_batch_norm_attr *attr = b->attr;
  const slim_batch_norm_fold_params p = { (int)slim_cl_elements(&b->in[0]), (int)slim_cl_elements(&b->in[1]),
                                          attr->epsilon };
  slim_cl_begin(b, SLIM_CL_READING(&b->in[0], "slim_batch_norm_fold_vector"));
  for (int i = 0; i < 5; i++) {
    slim_cl_arg_view(b, &b->in[i]);
  }
  slim_cl_arg_view(b, &b->out[0]);
  slim_cl_arg_view(b, &b->out[1]);
  slim_cl_arg_memory(b, b->cl->flag.memory);
  slim_cl_arg(b, &p, sizeof(p));
  b->step->fetch_flag = b->out[0].dtype == SLIM_FLOAT16;
  const size_t width = (size_t)b->cl->vector_width, rows = (size_t)(p.n / p.c);
  const size_t items[3] = { ((size_t)p.c + width - 1) / width, (rows + SLIM_FOLD_ROWS - 1) / SLIM_FOLD_ROWS, 1 };
  slim_cl_range_items(b, items, slim_cl_is_cpu(b) ? (const size_t[]){ 1, 1, 1 } : NULL);
}

const slim_cl_op slim_cl_op_batch_norm_fold = { .prepare = prepare, .halves = 1u << 0 };
