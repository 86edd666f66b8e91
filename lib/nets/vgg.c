/* VGG of Simonyan and Zisserman 2014, "Very deep convolutional networks for large-scale image recognition". */
#include "net.h"

#include <stdio.h>

const slim_arg_frame *slim_vgg_arg_scope(slim_graph *graph, float weight_decay)
{
  const slim_arg_frame *frame = NULL;
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d, slim_fully_connected), .activation = slim_relu,
                  .weights_regularizer = SLIM_L2(weight_decay), .biases_initializer = SLIM_ZEROS) {
    SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d), .padding = SLIM_SAME) {
      frame = slim_arg_scope_current(graph);
    }
  }
  return frame;
}

/* Five stages of convolutions[i] convolutions and a pooling. */
static slim_tensor *features(slim_tensor *net, const int convolutions[5])
{
  static const int depths[5] = { 64, 128, 256, 512, 512 };
  for (int i = 0; i < 5; i++) {
    char conv[16], pool[16];
    (void)snprintf(conv, sizeof conv, "conv%d", i + 1);
    (void)snprintf(pool, sizeof pool, "pool%d", i + 1);
    net = slim_repeat(net, convolutions[i], slim_conv2d, depths[i], SLIM_HW(3, 3), .scope = conv);
    net = slim_max_pool2d(net, SLIM_HW(2, 2), .scope = pool);
  }
  return net;
}

static slim_tensor *vgg(slim_tensor *images, const char *name, const int convolutions[5], const slim_net_args *args)
{
  const slim_net_args a =
      slim_net_options(images, args, name, 0.5f,
                       SLIM_NET_DROPOUT | SLIM_NET_SQUEEZE | SLIM_NET_GLOBAL_POOL | SLIM_NET_FC_PADDING);
  slim_graph *graph = slim_graph_of(images);
  const slim_padding padding = a.fc_conv_padding ? a.fc_conv_padding : SLIM_VALID;
  slim_tensor *net = images;
  SLIM_VARIABLE_SCOPE (graph, a.scope, a.reuse) {
    SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d, slim_fully_connected, slim_max_pool2d),
                    .outputs_collections = a.end_points) {
      net = slim_net_classifier(features(net, convolutions), 4096, 7, padding, &a);
    }
  }
  return net;
}

slim_tensor *slim_vgg_a(slim_tensor *images, const slim_net_args *args)
{
  return vgg(images, "vgg_a", (const int[]){ 1, 1, 2, 2, 2 }, args);
}

slim_tensor *slim_vgg_16(slim_tensor *images, const slim_net_args *args)
{
  return vgg(images, "vgg_16", (const int[]){ 2, 2, 3, 3, 3 }, args);
}

slim_tensor *slim_vgg_19(slim_tensor *images, const slim_net_args *args)
{
  return vgg(images, "vgg_19", (const int[]){ 2, 2, 4, 4, 4 }, args);
}
