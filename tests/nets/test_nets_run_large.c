/* Networks at work that are large at any size, or deep. */
#include "run_net.h"

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

static void build(TCase *c)
{
  static const net_lists lists = { NET_LIST(cases), NET_LIST(inference), NET_LIST(parity), NET_LIST(training_parity) };
  net_add_tests(c, &lists);
}
TEST_MAIN("nets_run_large", build, test_net_available)
