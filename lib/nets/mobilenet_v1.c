/* MobileNet v1 of Howard et al. 2017, "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
 * Applications". */
#include "net.h"

#include <stdio.h>

const slim_arg_frame *slim_mobilenet_v1_arg_scope(slim_graph *graph, float weight_decay)
{
  const slim_arg_frame *frame = NULL;
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d, slim_separable_conv2d),
                  .weights_initializer = SLIM_TRUNCATED_NORMAL(0.09f), .activation = slim_relu6,
                  .normalizer = slim_batch_norm) {
    SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_batch_norm), .scale = SLIM_YES, .decay = 0.9997f, .epsilon = 0.001f) {
      SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d), .weights_regularizer = SLIM_L2(weight_decay)) {
        frame = slim_arg_scope_current(graph);
      }
    }
  }
  return frame;
}

/* A depthwise convolution and a pointwise one of so many outputs; the first layer is a plain convolution. */
static const struct {
  int stride, depth;
} layers[] = { { 2, 32 },  { 1, 64 },  { 2, 128 }, { 1, 128 }, { 2, 256 }, { 1, 256 },  { 2, 512 },
               { 1, 512 }, { 1, 512 }, { 1, 512 }, { 1, 512 }, { 1, 512 }, { 2, 1024 }, { 1, 1024 } };

/* The scope of a layer, which is an end point too: "Conv2d_<number><part>". */
typedef struct name {
  char text[40];
} name;

static name name_of(int number, const char *part)
{
  name n;
  (void)snprintf(n.text, sizeof n.text, "Conv2d_%d%s", number, part);
  return n;
}

static slim_tensor *separable(slim_tensor *net, int number, int depth, int stride, int rate, const slim_net_args *a)
{
  const name depthwise = name_of(number, "_depthwise"), pointwise = name_of(number, "_pointwise");
  net = slim_separable_conv2d(net, 0, SLIM_HW(3, 3), .stride = { stride, stride }, .rate = { rate, rate },
                              .scope = depthwise.text);
  (void)slim_add_end_point(a->end_points, depthwise.text, net);
  net = slim_conv2d(net, depth, SLIM_HW(1, 1), .scope = pointwise.text);
  (void)slim_add_end_point(a->end_points, pointwise.text, net);
  return net;
}

/* Once output_stride is reached, strides become rates. */
static slim_tensor *features(slim_tensor *net, const slim_net_args *a)
{
  int reached = 1, rate = 1;
  for (int i = 0; i < (int)(sizeof layers / sizeof *layers); i++) {
    const int depth = slim_net_depth(a, layers[i].depth, 8), stride = layers[i].stride;
    const bool dilated = a->output_stride && reached == a->output_stride;
    if (i == 0) {
      const name first = name_of(0, "");
      net = slim_conv2d(net, depth, SLIM_HW(3, 3), .stride = { stride, stride }, .scope = first.text);
      (void)slim_add_end_point(a->end_points, first.text, net);
    } else {
      net = separable(net, i, depth, dilated ? 1 : stride, dilated ? rate : 1, a);
    }
    reached *= dilated ? 1 : stride;
    rate *= dilated ? stride : 1;
  }
  return net;
}

static slim_tensor *pool(slim_tensor *net, const slim_net_args *a)
{
  if (slim_flag_or(a->global_pool, false)) {
    net = slim_net_global_pool(net, "global_pool");
    (void)slim_add_end_point(a->end_points, "global_pool", net);
    return net;
  }
  net = slim_avg_pool2d(net, slim_net_kernel(net, 7), .padding = SLIM_VALID, .scope = "AvgPool_1a");
  (void)slim_add_end_point(a->end_points, "AvgPool_1a", net);
  return net;
}

static slim_tensor *logits(slim_tensor *net, const slim_net_args *a)
{
  net = pool(net, a);
  if (a->num_classes == 0) {
    return net;
  }
  net = slim_dropout(net, .keep_prob = a->dropout_keep_prob, .scope = "Dropout_1b");
  net = slim_conv2d(net, a->num_classes, SLIM_HW(1, 1), .activation = slim_identity, .normalizer = slim_identity,
                    .scope = "Conv2d_1c_1x1");
  return slim_net_squeeze(a, net, "SpatialSqueeze");
}

static slim_tensor *all(slim_tensor *net, const slim_net_args *a)
{
  net = features(net, a);
  SLIM_VARIABLE_SCOPE (slim_graph_of(net), "Logits", SLIM_REUSE_UNSET) {
    net = logits(net, a);
  }
  return a->num_classes ? slim_net_predict(a, net) : net;
}

/* images, or the poison with an error recorded. */
static slim_tensor *checked(slim_tensor *images, const slim_net_args *a)
{
  const int stride = a->output_stride;
  if (stride && stride != 8 && stride != 16 && stride != 32) {
    return slim_graph_fail(slim_graph_of(images), SLIM_ERR_ARG, "%s: the output_stride %d must be 8, 16 or 32",
                           a->scope, stride);
  }
  return images;
}

slim_tensor *slim_mobilenet_v1(slim_tensor *images, const slim_net_args *args)
{
  const slim_net_args a = slim_net_options(images, args, "MobilenetV1", 0.999f,
                                           SLIM_NET_DROPOUT | SLIM_NET_SQUEEZE | SLIM_NET_GLOBAL_POOL | SLIM_NET_DEPTH |
                                               SLIM_NET_OUTPUT_STRIDE | SLIM_NET_PREDICTION);
  slim_graph *graph = slim_graph_of(images);
  slim_tensor *net = checked(images, &a);
  SLIM_VARIABLE_SCOPE (graph, a.scope, a.reuse) {
    SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_batch_norm, slim_dropout), .is_training = SLIM_FLAG(a.is_training)) {
      SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d, slim_separable_conv2d), .padding = SLIM_SAME) {
        net = all(net, &a);
      }
    }
  }
  return net;
}

/* The narrow ones, unless another width is asked for. */
static slim_tensor *narrow(slim_tensor *images, const slim_net_args *args, double multiplier)
{
  slim_net_args a = args ? *args : (slim_net_args){ 0 };
  a.depth_multiplier = a.depth_multiplier != 0 ? a.depth_multiplier : multiplier;
  return slim_mobilenet_v1(images, &a);
}

slim_tensor *slim_mobilenet_v1_075(slim_tensor *images, const slim_net_args *args)
{
  return narrow(images, args, 0.75);
}

slim_tensor *slim_mobilenet_v1_050(slim_tensor *images, const slim_net_args *args)
{
  return narrow(images, args, 0.5);
}

slim_tensor *slim_mobilenet_v1_025(slim_tensor *images, const slim_net_args *args)
{
  return narrow(images, args, 0.25);
}
