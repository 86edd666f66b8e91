#include "backend/cpu/vec.h"

#include "backend/cpu/box.h"

static void clear(void *user, size_t begin, size_t end, int worker)
{
  (void)worker;
  memset((char *)user + begin, 0, end - begin);
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const slim_pad_attr *attr = step->attr;
  const slim_view *y = &step->out[0];
  (void)run_info;
  slim_cpu_for(step, elements_of(y) * slim_dtype_size(y->dtype), CPU_GRAIN * 4, clear, y->host);
  box_copy(step, &(box){ .from = &step->in[0], .to = y, .to_begin = attr->before });
}

const slim_cpu_op CPU_OP(pad) = { .run = run };
