/* What the ResNets share. */
#ifndef SLIM_NETS_RESNET_H
#define SLIM_NETS_RESNET_H

#include "net.h"

/* What every ResNet takes. */
#define SLIM_RESNET_OPTIONS                                                                                            \
  (SLIM_NET_SQUEEZE | SLIM_NET_GLOBAL_POOL | SLIM_NET_OUTPUT_STRIDE | SLIM_NET_ROOT_BLOCK | SLIM_NET_STORE)

/* A residual unit of 4 * base_depth channels, inside of its block's and its own scope. */
typedef slim_tensor *(*slim_resnet_unit)(slim_tensor *net, int base_depth, int stride, int rate,
                                         const slim_net_args *args);

typedef struct slim_resnet {
  const slim_resnet_block *blocks;
  size_t count;
  slim_resnet_unit unit;
  bool preactivated; /* v2: batch norm and relu stand before the convolutions of a unit and behind the last block */
} slim_resnet;

slim_tensor *slim_resnet_build(slim_tensor *images, const slim_resnet *net, const slim_net_args *args);
/* The four blocks with these numbers of units; depth_multiplier and min_depth count. */
slim_tensor *slim_resnet_build_known(slim_tensor *images, slim_resnet net, const int units[4],
                                     const slim_net_args *args);

/* Every factor-th pixel of net. */
slim_tensor *slim_resnet_subsample(slim_tensor *net, int factor, const char *scope);
/* A convolution that, unlike SLIM_SAME, pads alike for images of even and odd size when it has a stride. */
slim_tensor *slim_resnet_conv2d_same(slim_tensor *net, int num_outputs, int kernel, int stride, int rate,
                                     const char *scope);

#endif
