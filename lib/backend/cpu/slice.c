#include "backend/cpu/vec.h"

#include "backend/cpu/box.h"

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const slim_slice_attr *attr = step->attr;
  (void)run_info;
  box_copy(step, &(box){ .from = &step->in[0], .to = &step->out[0], .from_begin = attr->begin });
}

const slim_cpu_op CPU_OP(slice) = { .run = run };
