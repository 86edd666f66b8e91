/* Networks at work: narrow ones where they have a depth_multiplier. */
#include "run_net.h"

#define NARROW(...)                                                                                                    \
  {                                                                                                                    \
    .depth_multiplier = 0.125, __VA_ARGS__                                                                             \
  }

static const net_case cases[] = {
  { "lenet", 28, 3, { 0 } },
  { "cifarnet", 32, 3, { 0 } },
  { "resnet_v1_50", 65, 3, NARROW() },
  { "resnet_v1_50", 33, 3, NARROW(.output_stride = 8, .store_non_strided_activations = SLIM_FLAG_INIT_(1)) },
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

static void build(TCase *c)
{
  static const net_lists lists = { NET_LIST(cases), { 0 }, NET_LIST(parity), NET_LIST(training_parity) };
  net_add_tests(c, &lists);
}
TEST_MAIN("nets_run", build, test_net_available)
