/* Networks at work that are large at any size, or deep. */
#include "run_net.h"

static const net_case cases[] = {
  { "alexnet_v2", 195, 2, { 0 } },
  { "vgg_a", 32, 2, { .fc_conv_padding = SLIM_SAME } },
  { "vgg_16", 32, 2, { .fc_conv_padding = SLIM_SAME } },
  { "vgg_19", 32, 2, { .fc_conv_padding = SLIM_SAME } },
  { "resnet_v1_101", 65, 2, { .depth_multiplier = 0.125 } },
  { "resnet_v1_152", 65, 2, { .depth_multiplier = 0.125 } },
  { "resnet_v1_200", 65, 2, { .depth_multiplier = 0.125 } },
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
TEST_MAIN("nets_run_large", build, test_net_available)
