#include "backend/cpu/vec.h"

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const slim_counter_attr *attr = step->attr;
  const double value = slim_cpu_scalar(&step->in[0]) * attr->multiply + attr->add;
  (void)run_info;
  slim_cpu_set_scalar(&step->in[0], value);
  if (step->num_out > 0 && step->out[0].host) {
    slim_cpu_set_scalar(&step->out[0], value);
  }
}

const slim_cpu_op CPU_OP(counter) = { .run = run };
