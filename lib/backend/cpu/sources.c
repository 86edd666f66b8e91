/* Placeholders, constants and variables: the session brings their values. */
#include "backend/cpu/vec.h"

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  (void)step;
  (void)run_info;
}

const slim_cpu_op CPU_OP(placeholder) = { .run = run };
const slim_cpu_op CPU_OP(constant) = { .run = run };
const slim_cpu_op CPU_OP(variable) = { .run = run };
