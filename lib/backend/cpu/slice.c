#include "backend/cpu/vec.h"

#include "backend/cpu/box.h"

/* Inputs from 2 on lie before the slice along the axis: their sizes add up to where it begins. */
static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const slim_slice_attr *attr = step->attr;
  int begin[SLIM_MAX_RANK];
  (void)run_info;
  for (int i = 0; i < SLIM_MAX_RANK; i++) {
    begin[i] = attr->begin[i];
  }
  for (int k = 2; k < step->num_in; k++) {
    begin[attr->axis] += step->in[k].shape.dim[attr->axis];
  }
  box_copy(step, &(box){ .from = &step->in[0], .to = &step->out[0], .from_begin = begin });
}

const slim_cpu_op CPU_OP(slice) = { .run = run };
