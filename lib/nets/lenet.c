/* LeNet, as TF-Slim's model library builds it. */
#include "net.h"

const slim_arg_frame *slim_lenet_arg_scope(slim_graph *graph, float weight_decay)
{
  const slim_arg_frame *frame = NULL;
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d, slim_fully_connected), .weights_regularizer = SLIM_L2(weight_decay),
                  .weights_initializer = SLIM_TRUNCATED_NORMAL(0.1f), .activation = slim_relu) {
    frame = slim_arg_scope_current(graph);
  }
  return frame;
}

static slim_tensor *layers(slim_tensor *net, const slim_net_args *a)
{
  const char *ends = a->end_points;
  net = slim_conv2d(net, 32, SLIM_HW(5, 5), .scope = "conv1");
  (void)slim_add_end_point(ends, "conv1", net);
  net = slim_max_pool2d(net, SLIM_HW(2, 2), .stride = SLIM_HW(2, 2), .scope = "pool1");
  (void)slim_add_end_point(ends, "pool1", net);
  net = slim_conv2d(net, 64, SLIM_HW(5, 5), .scope = "conv2");
  (void)slim_add_end_point(ends, "conv2", net);
  net = slim_max_pool2d(net, SLIM_HW(2, 2), .stride = SLIM_HW(2, 2), .scope = "pool2");
  (void)slim_add_end_point(ends, "pool2", net);
  net = slim_flatten(net);
  (void)slim_add_end_point(ends, "Flatten", net);
  net = slim_fully_connected(net, 1024, .scope = "fc3");
  (void)slim_add_end_point(ends, "fc3", net);
  if (a->num_classes == 0) {
    return net;
  }
  net = slim_dropout(net, .keep_prob = a->dropout_keep_prob, .is_training = SLIM_FLAG(a->is_training),
                     .scope = "dropout3");
  (void)slim_add_end_point(ends, "dropout3", net);
  net = slim_fully_connected(net, a->num_classes, .activation = slim_identity, .scope = "fc4");
  return slim_net_predict(a, net);
}

slim_tensor *slim_lenet(slim_tensor *images, const slim_net_args *args)
{
  const slim_net_args a = slim_net_options(images, args, "LeNet", 0.5f, SLIM_NET_DROPOUT | SLIM_NET_PREDICTION);
  slim_tensor *net = images;
  SLIM_VARIABLE_SCOPE (slim_graph_of(images), a.scope, a.reuse) {
    net = layers(net, &a);
  }
  return net;
}
