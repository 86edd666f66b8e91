#include "backend/cpu/vec.h"

#include <math.h>

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  (void)run_info;
  const float *x = step->in[0].host;
  for (size_t i = 0; i < elements_of(&step->in[0]); i++) {
    if (!isfinite(x[i])) {
      atomic_store(&step->device->not_finite, true);
    }
  }
  view_copy(&step->out[0], &step->in[0]);
}

const slim_cpu_op CPU_OP(finite_check) = { .run = run };
