#include "backend/cpu/vec.h"
#include "base/rng.h"

#define LANES 16            /* Philox blocks made at once */
#define BATCH (4 * LANES)   /* elements of so many blocks */

typedef struct job {
  const slim_dropout_attr *attr;
  slim_rng rng;
  uint64_t limit; /* an element is kept when its word is below */
  const float *x;
  float *y;
  const slim_shape *shape;
} job;

/* Words of the blocks first .. first + LANES - 1: the vector form of slim_philox. */
static void draw(const slim_rng *rng, uint64_t first, uint32_t word[4][LANES])
{
  uint32_t k0 = rng->key[0], k1 = rng->key[1];
  for (int i = 0; i < LANES; i++) {
    word[0][i] = (uint32_t)(first + (uint64_t)i);
    word[1][i] = (uint32_t)((first + (uint64_t)i) >> 32);
    word[2][i] = rng->step[0];
    word[3][i] = rng->step[1];
  }
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < LANES; i++) {
      const uint64_t a = (uint64_t)0xD2511F53u * word[0][i], b = (uint64_t)0xCD9E8D57u * word[2][i];
      word[0][i] = (uint32_t)(b >> 32) ^ word[1][i] ^ k0;
      word[1][i] = (uint32_t)b;
      word[2][i] = (uint32_t)(a >> 32) ^ word[3][i] ^ k1;
      word[3][i] = (uint32_t)a;
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

/* begin is a multiple of BATCH. */
static void drop(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  uint32_t word[4][LANES];
  (void)worker;
  for (size_t at = begin; at < end; at += BATCH) {
    const size_t count = size_min(BATCH, end - at);
    draw(&j->rng, at / 4, word);
    for (size_t i = 0; i < count; i++) {
      j->y[at + i] = word[i % 4][i / 4] < j->limit ? j->x[at + i] / j->attr->keep_prob : 0.0f;
    }
  }
}

/* Number of the mask's element that element i of x takes. */
static uint64_t mask_index(const job *j, size_t i)
{
  uint64_t index = 0, step = 1;
  for (int d = j->shape->rank - 1; d >= 0; d--) {
    const size_t dim = (size_t)j->shape->dim[d], at = i % dim;
    i /= dim;
    if (j->attr->noise.dim[d] != 1) {
      index += at * step;
      step *= dim;
    }
  }
  return index;
}

static void drop_shared(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    const bool keep = slim_rng_u32(&j->rng, mask_index(j, i)) < j->limit;
    j->y[i] = keep ? j->x[i] / j->attr->keep_prob : 0.0f;
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const slim_dropout_attr *attr = step->attr;
  const uint64_t hash = (uint64_t)attr->hash_high << 32 | attr->hash_low;
  job j = { .attr = attr, .x = step->in[0].host, .y = step->out[0].host, .shape = &step->in[0].shape };
  j.rng = slim_rng_make(run_info->seed, hash, (uint64_t)run_info->step);
  j.limit = (uint64_t)((double)attr->keep_prob * 4294967296.0);
  slim_cpu_for(step, elements_of(&step->out[0]), CPU_GRAIN / 4, attr->noise.rank ? drop_shared : drop, &j);
}

const slim_cpu_op CPU_OP(dropout) = { .run = run };
