/* Networks at work: narrow ones where they have a depth_multiplier. */
#include "run_net.h"
#include "test_fixture.h"

#define NARROW(...)                                                                                                    \
  {                                                                                                                    \
    .depth_multiplier = 0.125, __VA_ARGS__                                                                             \
  }

static const net_case cases[] = {
  { "lenet", 28, 3, { 0 } },
  { "cifarnet", 32, 3, { 0 } },
  { "resnet_v1_50", 65, 3, NARROW() },
  { "resnet_v1_50", 33, 3, NARROW(.output_stride = 8, .store_non_strided_activations = { 1 }) },
  { "resnet_v2_50", 65, 3, NARROW() },
  { "inception_v1", 193, 3, { .depth_multiplier = 0.125, .min_depth = 4 } },
  { "inception_v2", 97, 3, { .depth_multiplier = 0.125, .min_depth = 4 } },
  { "inception_v3", 107, 3, { .depth_multiplier = 0.125, .min_depth = 4 } },
  { "mobilenet_v1", 96, 3, { .depth_multiplier = 0.125, .min_depth = 4 } },
};

static const net_case parity[] = {
  { "cifarnet", 32, 2, { 0 } },
  { "resnet_v1_50", 97, 2, { .depth_multiplier = 0.25 } },
  { "resnet_v1_50", 65, 2, { .depth_multiplier = 0.25, .output_stride = 8 } },
  { "inception_v1", 193, 2, { 0 } },
  { "inception_v2", 97, 2, { .depth_multiplier = 0.25 } },
  { "inception_v3", 187, 2, { .depth_multiplier = 0.25 } },
  { "mobilenet_v1", 96, 2, { .depth_multiplier = 0.25 } },
};

static const net_case training_parity[] = {
  { "cifarnet", 32, 4, { 0 } },
  { "resnet_v1_50", 97, 4, { .depth_multiplier = 0.25 } },
  { "inception_v2", 97, 4, { .depth_multiplier = 0.25 } },
  { "inception_v3", 187, 4, { .depth_multiplier = 0.25 } },
  { "mobilenet_v1", 96, 4, { .depth_multiplier = 0.25 } },
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
  const int count = sizeof cases / sizeof *cases;
  tcase_add_checked_fixture(c, read_fixture, test_fixture_free);
  tcase_add_loop_test(c, logits_do_not_depend_on_the_batch, 0, count);
  tcase_add_loop_test(c, training_reaches_every_variable, 0, count);
  tcase_add_loop_test(c, logits_are_tf_slims, 0, sizeof parity / sizeof *parity);
  tcase_add_loop_test(c, gradients_are_tf_slims, 0, sizeof training_parity / sizeof *training_parity);
}
TEST_MAIN("nets_run", build, test_net_available)
