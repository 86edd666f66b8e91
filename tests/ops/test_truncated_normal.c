/* Random numbers on the device. */
#include "test_op.h"

#include "base/rng.h"

#include <math.h>

static const int lengths[] = { 1, 63, 257, 20000 };

/* The part of a normal distribution within two deviations that is below a number is the word it was made of. */
START_TEST(numbers_are_those_of_their_words)
{
  const uint64_t hash = slim_hash("gradient_noise");
  const slim_truncated_normal_attr attr = { 0.25f, (uint32_t)hash, (uint32_t)(hash >> 32) };
  const slim_run run = { .seed = 12345, .step = 7 + ((int64_t)_i << 33) };
  const slim_rng rng = slim_rng_make(run.seed, hash, (uint64_t)run.step);
  const int n = lengths[_i];
  test_op t = { .op = &slim_op_truncated_normal, .attr = &attr, .num_in = 1, .num_out = 1 };
  t.in[0] = test_random_tensor(SLIM_SHAPE(n), 1);
  t.out[0] = test_output(SLIM_SHAPE(n));
  if (test_op_run(&t, &run)) {
    for (int i = 0; i < n; i++) {
      const double y = (double)((float *)t.out[0].data)[i] / 0.25, word = slim_rng_u32(&rng, (uint64_t)i);
      const double part = (erf(y / sqrt(2.0)) / erf(sqrt(2.0)) + 1.0) / 2.0;
      if (fabs(part - word / 4294967296.0) > 1e-6 || fabs(y) > 2.0) {
        ck_abort_msg("element %d of %d: %g is at %.9f, must be at %.9f", i, n, y, part, word / 4294967296.0);
      }
    }
  }
  test_op_free(&t);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_loop_test(c, numbers_are_those_of_their_words, 0, sizeof lengths / sizeof *lengths);
}
TEST_OP_MAIN("truncated_normal", build)
