#include "backend/cpu/vec.h"
#include "base/rng.h"

#include <math.h>

#define LANES 64          /* Philox blocks made at once */
#define BATCH (4 * LANES) /* elements of so many blocks */

typedef struct job {
  const slim_dropout_attr *attr;
  slim_rng rng;
  uint32_t last; /* an element is kept when its word is not above */
  float keep_prob;
  const float *x;
  float *y;
  const slim_shape *shape;
} job;

/* One round of Philox over all lanes. */
static void philox_round(uint32_t *restrict w0, uint32_t *restrict w1, uint32_t *restrict w2, uint32_t *restrict w3,
                         uint32_t k0, uint32_t k1)
{
  for (int i = 0; i < LANES; i++) {
    const uint64_t a = (uint64_t)0xD2511F53u * w0[i], b = (uint64_t)0xCD9E8D57u * w2[i];
    w0[i] = (uint32_t)(b >> 32) ^ w1[i] ^ k0;
    w1[i] = (uint32_t)b;
    w2[i] = (uint32_t)(a >> 32) ^ w3[i] ^ k1;
    w3[i] = (uint32_t)a;
  }
}

/* Words of the blocks first .. first + LANES - 1 in order: slim_philox of all of them. */
static void draw(const slim_rng *rng, uint64_t first, uint32_t *restrict out)
{
  uint32_t word[4][LANES], k0 = rng->key[0], k1 = rng->key[1];
  for (int i = 0; i < LANES; i++) {
    word[0][i] = (uint32_t)(first + (uint64_t)i);
    word[1][i] = (uint32_t)((first + (uint64_t)i) >> 32);
    word[2][i] = rng->step[0];
    word[3][i] = rng->step[1];
  }
  for (int round = 0; round < 10; round++) {
    philox_round(word[0], word[1], word[2], word[3], k0, k1);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (int i = 0; i < LANES; i++) {
    out[4 * i] = word[0][i];
    out[4 * i + 1] = word[1][i];
    out[4 * i + 2] = word[2][i];
    out[4 * i + 3] = word[3][i];
  }
}

/* begin is a multiple of BATCH. */
static void drop(void *user, size_t begin, size_t end, int worker)
{
  const job *j = user;
  const uint32_t last = j->last;
  const float keep_prob = j->keep_prob;
  uint32_t word[BATCH];
  (void)worker;
  for (size_t at = begin; at < end; at += BATCH) {
    const size_t count = size_min(BATCH, end - at);
    const float *x = j->x + at;
    float *y = j->y + at;
    draw(&j->rng, at / 4, word);
    for (size_t i = 0; i < count; i++) {
      const float kept = x[i] / keep_prob;
      y[i] = word[i] <= last ? kept : 0.0f;
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
    const bool keep = slim_rng_u32(&j->rng, mask_index(j, i)) <= j->last;
    j->y[i] = keep ? j->x[i] / j->keep_prob : 0.0f;
  }
}

static void run(slim_cpu_step *step, const slim_run *run_info)
{
  const slim_dropout_attr *attr = step->attr;
  const uint64_t hash = (uint64_t)attr->hash_high << 32 | attr->hash_low;
  const double limit = (double)attr->keep_prob * 4294967296.0;
  job j = { .attr = attr, .keep_prob = attr->keep_prob, .x = step->in[0].host, .y = step->out[0].host, .shape = &step->in[0].shape };
  j.rng = slim_rng_make(run_info->seed, hash, (uint64_t)run_info->step);
  j.last = limit >= 4294967296.0 ? UINT32_MAX : (uint32_t)(ceil(limit) - 1.0);
  slim_cpu_for(step, elements_of(&step->out[0]), CPU_GRAIN / 4, attr->noise.rank ? drop_shared : drop, &j);
}

const slim_cpu_op CPU_OP(dropout) = { .run = run };
