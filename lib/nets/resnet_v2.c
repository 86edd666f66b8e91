/* ResNet v2 of He et al. 2016, "Identity mappings in deep residual networks". */
#include "resnet.h"

static slim_tensor *bottleneck(slim_tensor *net, int base_depth, int stride, int rate, const slim_net_args *a)
{
  slim_graph *graph = slim_graph_of(net);
  const int depth = 4 * base_depth, depth_in = slim_tensor_shape(net).dim[3];
  SLIM_VARIABLE_SCOPE (graph, "bottleneck_v2", SLIM_REUSE_UNSET) {
    slim_tensor *active = slim_batch_norm(net, .activation = slim_relu, .scope = "preact");
    slim_tensor *shortcut =
        depth == depth_in ? slim_resnet_subsample(net, stride, "shortcut")
                          : slim_conv2d(active, depth, SLIM_HW(1, 1), .stride = SLIM_HW(stride, stride),
                                        .activation = slim_identity, .normalizer = slim_identity, .scope = "shortcut");
    net = slim_conv2d(active, base_depth, SLIM_HW(1, 1), .scope = "conv1");
    net = slim_resnet_conv2d_same(net, base_depth, 3, stride, rate, "conv2");
    net = slim_conv2d(net, depth, SLIM_HW(1, 1), .activation = slim_identity, .normalizer = slim_identity,
                      .scope = "conv3");
    net = slim_net_collect(a, NULL, slim_add(shortcut, net));
  }
  return net;
}

slim_tensor *slim_resnet_v2(slim_tensor *images, const slim_resnet_block *blocks, size_t count,
                            const slim_net_args *args)
{
  const slim_net_args a = slim_net_options(images, args, "resnet_v2", 1.0f, SLIM_RESNET_OPTIONS);
  return slim_resnet_build(images, &(slim_resnet){ blocks, count, bottleneck, true }, &a);
}

static slim_tensor *known(slim_tensor *images, const char *scope, const int units[4], const slim_net_args *args)
{
  const slim_net_args a = slim_net_options(images, args, scope, 1.0f, SLIM_RESNET_OPTIONS | SLIM_NET_DEPTH);
  return slim_resnet_build_known(images, (slim_resnet){ .unit = bottleneck, .preactivated = true }, units, &a);
}

slim_tensor *slim_resnet_v2_50(slim_tensor *images, const slim_net_args *args)
{
  return known(images, "resnet_v2_50", (const int[]){ 3, 4, 6, 3 }, args);
}

slim_tensor *slim_resnet_v2_101(slim_tensor *images, const slim_net_args *args)
{
  return known(images, "resnet_v2_101", (const int[]){ 3, 4, 23, 3 }, args);
}

slim_tensor *slim_resnet_v2_152(slim_tensor *images, const slim_net_args *args)
{
  return known(images, "resnet_v2_152", (const int[]){ 3, 8, 36, 3 }, args);
}

slim_tensor *slim_resnet_v2_200(slim_tensor *images, const slim_net_args *args)
{
  return known(images, "resnet_v2_200", (const int[]){ 3, 24, 36, 3 }, args);
}
