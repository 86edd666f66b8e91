/* Networks at work that are large at any size, or deep. */
#include "run_net.h"
#include "test_fixture.h"

static const net_case cases[] = {
  { "alexnet_v2", 195, 2, { 0 } },
  { "vgg_a", 32, 2, { .fc_conv_padding = SLIM_SAME } },
  { "resnet_v1_101", 65, 2, { .depth_multiplier = 0.125 } },
  { "resnet_v1_152", 65, 2, { .depth_multiplier = 0.125 } },
  { "resnet_v1_200", 65, 2, { .depth_multiplier = 0.125 } },
  { "resnet_v2_101", 65, 2, { .depth_multiplier = 0.125 } },
  { "resnet_v2_152", 65, 2, { .depth_multiplier = 0.125 } },
  { "resnet_v2_200", 65, 2, { .depth_multiplier = 0.125 } },
  { "inception_v4", 107, 3, { .depth_multiplier = 0.125, .min_depth = 4 } },
  { "inception_resnet_v2", 107, 3, { .depth_multiplier = 0.125, .min_depth = 4 } },
};

/* Too large to be trained in a test, and like others that are. */
static const net_case inference[] = {
  { "overfeat", 231, 2, { 0 } },
  { "vgg_16", 32, 2, { .fc_conv_padding = SLIM_SAME } },
  { "vgg_19", 32, 2, { .fc_conv_padding = SLIM_SAME } },
};

/* clang-format off */
static const net_case parity[] = {
  { "alexnet_v2", 224, 2, { 0 } },
  { "vgg_16", 224, 2, { 0 } },
  { "resnet_v1_50", 224, 2, { 0 } },
  { "resnet_v2_50", 65, 2, { 0 } },
  { "mobilenet_v1", 224, 2, { 0 } },
  { "inception_v3", 299, 2, { 0 } },
  { "inception_v4", 107, 2, { 0 } },
  { "inception_resnet_v2", 107, 2, { 0 } },
};
/* clang-format on */

static const net_case training_parity[] = {
  { "alexnet_v2", 224, 2, { 0 } },
  { "vgg_a", 32, 2, { .fc_conv_padding = SLIM_SAME } },
};

START_TEST(logits_do_not_depend_on_the_batch)
{
  net_check_inference(&cases[_i]);
}
END_TEST

START_TEST(large_logits_do_not_depend_on_the_batch)
{
  net_check_inference(&inference[_i]);
}
END_TEST

START_TEST(training_reaches_every_variable)
{
  net_check_training(&cases[_i]);
}
END_TEST

START_TEST(logits_are_tf_slims)
{
  net_check_parity(&parity[_i]);
}
END_TEST

START_TEST(gradients_are_tf_slims)
{
  net_check_training_parity(&training_parity[_i]);
}
END_TEST

static void read_fixture(void)
{
  test_fixture_read("tests/parity/nets.txt");
}

static void build(TCase *c)
{
  tcase_set_timeout(c, 600);
  const int count = sizeof cases / sizeof *cases;
  tcase_add_checked_fixture(c, read_fixture, test_fixture_free);
  tcase_add_loop_test(c, logits_do_not_depend_on_the_batch, 0, count);
  tcase_add_loop_test(c, large_logits_do_not_depend_on_the_batch, 0, sizeof inference / sizeof *inference);
  tcase_add_loop_test(c, training_reaches_every_variable, 0, count);
  tcase_add_loop_test(c, logits_are_tf_slims, 0, sizeof parity / sizeof *parity);
  tcase_add_loop_test(c, gradients_are_tf_slims, 0, sizeof training_parity / sizeof *training_parity);
}
TEST_MAIN("nets_run_large", build, test_net_available)
