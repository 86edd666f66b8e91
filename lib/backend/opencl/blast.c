#include "backend/opencl/blast.h"

#ifdef SLIM_HAVE_CLBLAST
#include <clblast_c.h>
#include <stdlib.h>

bool slim_cl_blast_wanted(void)
{
  const char *given = getenv("SLIM_CLBLAST");
  return given != NULL && given[0] == '1';
}

/* A stride as CLBlast wants it, also of one row, where it is never used. */
static size_t stride_of(int stride, int row)
{
  return (size_t)(stride > row ? stride : row);
}

static cl_int call(slim_cl *cl, const slim_cl_launch *l, cl_event *event)
{
  const slim_cl_product *p = &l->product;
  const CLBlastStatusCode code =
      CLBlastSgemm(CLBlastLayoutRowMajor, p->a_transposed ? CLBlastTransposeYes : CLBlastTransposeNo,
                   p->b_transposed ? CLBlastTransposeYes : CLBlastTransposeNo, p->m, p->n, p->k, 1.0f, p->a, p->a_at,
                   p->a_stride, p->b, p->b_at, p->b_stride, 0.0f, p->y, p->y_at, p->n, &cl->queue, event);
  return (cl_int)code; /* OpenCL's, or one of its own below -1000 */
}

void slim_cl_blast(slim_cl_build *build, const slim_view *a, const slim_view *b, const slim_view *y,
                   const slim_matmul_params *p)
{
  const bool a_transposed = p->a_k != 1, b_transposed = p->b_column != 1;
  const slim_cl_product product = { .m = (size_t)p->m,
                                    .n = (size_t)p->n,
                                    .k = (size_t)p->k,
                                    .a_transposed = a_transposed,
                                    .b_transposed = b_transposed,
                                    .a = a->buffer->memory,
                                    .b = b->buffer->memory,
                                    .y = y->buffer->memory,
                                    .a_at = a->offset / sizeof(float),
                                    .b_at = b->offset / sizeof(float),
                                    .y_at = y->offset / sizeof(float),
                                    .a_stride = a_transposed ? stride_of(p->a_k, p->m) : stride_of(p->a_row, p->k),
                                    .b_stride = b_transposed ? stride_of(p->b_column, p->k) : stride_of(p->b_k, p->n) };
  slim_cl_call(build, "matmul_clblast", call, &product);
}
#else
bool slim_cl_blast_wanted(void)
{
  return false;
}

void slim_cl_blast(slim_cl_build *build, const slim_view *a, const slim_view *b, const slim_view *y,
                   const slim_matmul_params *p)
{
  (void)a;
  (void)b;
  (void)y;
  (void)p;
  build->status =
      slim_cl_fail(build->device, SLIM_ERR_UNSUPPORTED, "%s: built without CLBlast", build->device->info.selector);
}
#endif
