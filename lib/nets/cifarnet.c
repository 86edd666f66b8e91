/* CifarNet, after Krizhevsky's cuda-convnet for CIFAR-10. */
#include "net.h"

#define RADIUS 4 /* of the normalisation, in channels */
#define ALPHA (0.001f / 9.0f)
#define BETA 0.75f

const slim_arg_frame *slim_cifarnet_arg_scope(slim_graph *graph, float weight_decay)
{
  const slim_arg_frame *frame = NULL;
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d), .weights_initializer = SLIM_TRUNCATED_NORMAL(0.05f),
                  .activation = slim_relu) {
    SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_fully_connected), .biases_initializer = SLIM_CONSTANT(0.1f),
                    .weights_initializer = SLIM_TRUNCATED_NORMAL(0.04f), .weights_regularizer = SLIM_L2(weight_decay),
                    .activation = slim_relu) {
      frame = slim_arg_scope_current(graph);
    }
  }
  return frame;
}

/* Local response normalisation: x / (1 + ALPHA * the sum of squares of the channels around)^BETA. */
static slim_tensor *normalize(slim_tensor *x, const char *scope)
{
  SLIM_NAME_SCOPE (slim_graph_of(x), scope) {
    slim_tensor *around[2 * RADIUS + 1];
    slim_tensor *squares = slim_pad(slim_square(x), (const int[]){ 0, 0, 0, RADIUS }, (const int[]){ 0, 0, 0, RADIUS });
    const int channels = slim_tensor_shape(x).dim[3];
    for (int i = 0; i <= 2 * RADIUS; i++) {
      around[i] = slim_slice(squares, (const int[]){ 0, 0, 0, i }, (const int[]){ -1, -1, -1, channels });
    }
    slim_tensor *base = slim_scale(slim_add_n(around, 2 * RADIUS + 1), ALPHA, 1.0f);
    x = slim_mul(x, slim_exp(slim_scale(slim_log(base), -BETA, 0.0f)));
  }
  return x;
}

static slim_tensor *features(slim_tensor *net, const slim_net_args *a)
{
  const char *ends = a->end_points;
  net = slim_conv2d(net, 64, SLIM_HW(5, 5), .scope = "conv1");
  (void)slim_add_end_point(ends, "conv1", net);
  net = slim_max_pool2d(net, SLIM_HW(2, 2), .scope = "pool1");
  (void)slim_add_end_point(ends, "pool1", net);
  net = slim_conv2d(normalize(net, "norm1"), 64, SLIM_HW(5, 5), .scope = "conv2");
  (void)slim_add_end_point(ends, "conv2", net);
  net = slim_max_pool2d(normalize(net, "norm2"), SLIM_HW(2, 2), .scope = "pool2");
  (void)slim_add_end_point(ends, "pool2", net);
  net = slim_flatten(net);
  (void)slim_add_end_point(ends, "Flatten", net);
  net = slim_fully_connected(net, 384, .scope = "fc3");
  (void)slim_add_end_point(ends, "fc3", net);
  net = slim_dropout(net, .keep_prob = a->dropout_keep_prob, .is_training = SLIM_FLAG(a->is_training),
                     .scope = "dropout3");
  net = slim_fully_connected(net, 192, .scope = "fc4");
  (void)slim_add_end_point(ends, "fc4", net);
  return net;
}

slim_tensor *slim_cifarnet(slim_tensor *images, const slim_net_args *args)
{
  const slim_net_args a = slim_net_options(images, args, "CifarNet", 0.5f, SLIM_NET_DROPOUT | SLIM_NET_PREDICTION);
  slim_tensor *net = images;
  SLIM_VARIABLE_SCOPE (slim_graph_of(images), a.scope, a.reuse) {
    net = features(net, &a);
    if (a.num_classes) {
      net = slim_fully_connected(net, a.num_classes, .biases_initializer = SLIM_ZEROS,
                                 .weights_initializer = SLIM_TRUNCATED_NORMAL(1.0f / 192.0f),
                                 .weights_regularizer = SLIM_NO_REG, .activation = slim_identity, .scope = "logits");
      net = slim_net_predict(&a, net);
    }
  }
  return net;
}
