/* Inception v1 of Szegedy et al. 2014, "Going deeper with convolutions", with batch norm. */
#include "inception.h"

/* clang-format off */

static slim_tensor *stem(slim_tensor *net, const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_1a_7x7", 64, { 7, 7 }, .stride = 2),
    MAX_POOL(0, "MaxPool_2a_3x3", { 3, 3 }, .stride = 2),
    CONV(0, "Conv2d_2b_1x1", 64, { 1, 1 }),
    CONV(0, "Conv2d_2c_3x3", 192, { 3, 3 }),
    MAX_POOL(0, "MaxPool_3a_3x3", { 3, 3 }, .stride = 2),
  };
  return slim_inception_layers(net, ROWS(rows), a);
}

/* The channels of the branches' convolutions; the last convolution of the third branch has a scope of its own. */
static slim_tensor *mixed(slim_tensor *net, const char *name, const int depth[6], const char *last,
                          const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_0a_1x1", depth[0], { 1, 1 }),
    CONV(1, "Conv2d_0a_1x1", depth[1], { 1, 1 }),
    CONV(1, "Conv2d_0b_3x3", depth[2], { 3, 3 }),
    CONV(2, "Conv2d_0a_1x1", depth[3], { 1, 1 }),
    CONV(2, last, depth[4], { 3, 3 }),
    MAX_POOL(3, "MaxPool_0a_3x3", { 3, 3 }),
    CONV(3, "Conv2d_0b_1x1", depth[5], { 1, 1 }),
  };
  return slim_inception_block(net, name, ROWS(rows), a);
}

static slim_tensor *pool(slim_tensor *net, const char *scope, int size, const slim_net_args *a)
{
  const slim_inception_row row = MAX_POOL(0, scope, { size, size }, .stride = 2);
  return slim_inception_layers(net, &row, 1, a);
}

/* clang-format on */

static slim_tensor *features(slim_tensor *net, const slim_net_args *a)
{
  const char *last = "Conv2d_0b_3x3";
  net = stem(net, a);
  net = mixed(net, "Mixed_3b", (const int[]){ 64, 96, 128, 16, 32, 32 }, last, a);
  net = mixed(net, "Mixed_3c", (const int[]){ 128, 128, 192, 32, 96, 64 }, last, a);
  net = pool(net, "MaxPool_4a_3x3", 3, a);
  net = mixed(net, "Mixed_4b", (const int[]){ 192, 96, 208, 16, 48, 64 }, last, a);
  net = mixed(net, "Mixed_4c", (const int[]){ 160, 112, 224, 24, 64, 64 }, last, a);
  net = mixed(net, "Mixed_4d", (const int[]){ 128, 128, 256, 24, 64, 64 }, last, a);
  net = mixed(net, "Mixed_4e", (const int[]){ 112, 144, 288, 32, 64, 64 }, last, a);
  net = mixed(net, "Mixed_4f", (const int[]){ 256, 160, 320, 32, 128, 128 }, last, a);
  net = pool(net, "MaxPool_5a_2x2", 2, a);
  net = mixed(net, "Mixed_5b", (const int[]){ 256, 160, 320, 32, 128, 128 }, "Conv2d_0a_3x3", a);
  return mixed(net, "Mixed_5c", (const int[]){ 384, 192, 384, 48, 128, 128 }, last, a);
}

/* Pooling to one pixel, and the logits. */
static slim_tensor *head(slim_tensor *net, const slim_net_args *a)
{
  const bool global = slim_flag_or(a->global_pool, false);
  net = global ? slim_net_global_pool(net, "global_pool")
               : slim_avg_pool2d(net, SLIM_HW(7, 7), .stride = SLIM_HW(1, 1), .scope = "AvgPool_0a_7x7");
  (void)slim_add_end_point(a->end_points, global ? "global_pool" : "AvgPool_0a_7x7", net);
  if (a->num_classes == 0) {
    return net;
  }
  net = slim_dropout(net, .keep_prob = a->dropout_keep_prob, .is_training = SLIM_FLAG(a->is_training),
                     .scope = "Dropout_0b");
  return slim_net_predict(a, slim_inception_logits(net, "Conv2d_0c_1x1", 0.0f, a));
}

static slim_tensor *layers(slim_tensor *net, const slim_net_args *a)
{
  slim_graph *graph = slim_graph_of(net);
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d), .weights_initializer = SLIM_TRUNCATED_NORMAL(0.01f)) {
    net = features(net, a);
  }
  SLIM_VARIABLE_SCOPE (graph, "Logits", SLIM_REUSE_UNSET) {
    net = head(net, a);
  }
  return net;
}

slim_tensor *slim_inception_v1(slim_tensor *images, const slim_net_args *args)
{
  const slim_net_args a = slim_net_options(images, args, "InceptionV1", 0.8f,
                                           SLIM_INCEPTION_OPTIONS | SLIM_NET_SQUEEZE | SLIM_NET_GLOBAL_POOL);
  return slim_inception_build(images, layers, &a);
}
