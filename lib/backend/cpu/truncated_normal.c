#include "kernels/truncated_normal.h"
#include "backend/cpu/vec.h"
#include "base/rng.h"

typedef struct job {
  slim_rng rng;
  float stddev, *y;
} job;

static void piece(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    j->y[i] = j->stddev * slim_truncated_normal(slim_rng_u32(&j->rng, i));
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const slim_truncated_normal_attr *attr = step->attr;
  const uint64_t hash = (uint64_t)attr->hash_high << 32 | attr->hash_low;
  job j = { .stddev = attr->stddev, .y = step->out[0].host };
  j.rng = slim_rng_make(run_info->seed, hash, (uint64_t)run_info->step);
  slim_cpu_for(step, elements_of(&step->out[0]), CPU_GRAIN / 16, piece, &j);
}

const slim_cpu_op CPU_OP(truncated_normal) = { .run = run };
