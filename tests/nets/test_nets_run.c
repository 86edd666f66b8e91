/* Networks at work: narrow ones where they have a depth_multiplier. */
#include "run_net.h"

#define NARROW(...)                                                                                                    \
  {                                                                                                                    \
    .depth_multiplier = 0.125, __VA_ARGS__                                                                             \
  }

static const net_case cases[] = {
  { "lenet", 28, 3, { 0 } },
  { "resnet_v1_50", 65, 3, NARROW() },
  { "resnet_v1_50", 33, 3, NARROW(.output_stride = 8, .store_non_strided_activations = { 1 }) },
  { "inception_v3", 107, 3, { .depth_multiplier = 0.125, .min_depth = 4 } },
};

START_TEST(logits_do_not_depend_on_the_batch)
{
  net_check_inference(&cases[_i]);
}
END_TEST

START_TEST(training_reaches_every_variable)
{
  net_check_training(&cases[_i]);
}
END_TEST

static void build(TCase *c)
{
  const int count = sizeof cases / sizeof *cases;
  tcase_add_loop_test(c, logits_do_not_depend_on_the_batch, 0, count);
  tcase_add_loop_test(c, training_reaches_every_variable, 0, count);
}
TEST_MAIN("nets_run", build, test_net_available)
