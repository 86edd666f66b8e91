/* OverFeat, the fast model, of Sermanet et al. 2013, "OverFeat: integrated recognition, localization and detection
 * using convolutional networks". */
#include "net.h"

const slim_arg_frame *slim_overfeat_arg_scope(slim_graph *graph, float weight_decay)
{
  const slim_arg_frame *frame = NULL;
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d, slim_fully_connected), .activation = slim_relu,
                  .weights_regularizer = SLIM_L2(weight_decay), .biases_initializer = SLIM_ZEROS) {
    SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d), .padding = SLIM_SAME) {
      SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_max_pool2d), .padding = SLIM_VALID) {
        frame = slim_arg_scope_current(graph);
      }
    }
  }
  return frame;
}

static slim_tensor *features(slim_tensor *net)
{
  net = slim_conv2d(net, 64, SLIM_HW(11, 11), .stride = SLIM_HW(4, 4), .padding = SLIM_VALID, .scope = "conv1");
  net = slim_max_pool2d(net, SLIM_HW(2, 2), .scope = "pool1");
  net = slim_conv2d(net, 256, SLIM_HW(5, 5), .padding = SLIM_VALID, .scope = "conv2");
  net = slim_max_pool2d(net, SLIM_HW(2, 2), .scope = "pool2");
  net = slim_conv2d(net, 512, SLIM_HW(3, 3), .scope = "conv3");
  net = slim_conv2d(net, 1024, SLIM_HW(3, 3), .scope = "conv4");
  net = slim_conv2d(net, 1024, SLIM_HW(3, 3), .scope = "conv5");
  return slim_max_pool2d(net, SLIM_HW(2, 2), .scope = "pool5");
}

slim_tensor *slim_overfeat(slim_tensor *images, const slim_net_args *args)
{
  const slim_net_args a = slim_net_options(images, args, "overfeat", 0.5f,
                                           SLIM_NET_DROPOUT | SLIM_NET_SQUEEZE | SLIM_NET_GLOBAL_POOL);
  slim_graph *graph = slim_graph_of(images);
  slim_tensor *net = images;
  SLIM_VARIABLE_SCOPE (graph, a.scope, a.reuse) {
    SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d, slim_fully_connected, slim_max_pool2d),
                    .outputs_collections = a.end_points) {
      net = features(net);
      SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d), .weights_initializer = SLIM_TRUNCATED_NORMAL(0.005f),
                      .biases_initializer = SLIM_CONSTANT(0.1f)) {
        net = slim_net_classifier(net, 3072, 6, SLIM_VALID, &a);
      }
    }
  }
  return net;
}
