/* Inception v2 of Ioffe and Szegedy 2015, "Batch normalization: accelerating deep network training by reducing internal
 * covariate shift". */
#include "inception.h"

/* The first layer, by default a separable convolution without batch norm; its channels split as wide as they are. */
static slim_tensor *first(slim_tensor *net, const slim_net_args *a)
{
  const int depth = slim_inception_depth(a, 64), third = depth / 3;
  net = slim_flag_or(a->use_separable_conv, true)
            ? slim_separable_conv2d(net, depth, SLIM_HW(7, 7), .depth_multiplier = third < 8 ? third : 8,
                                    .stride = SLIM_HW(2, 2), .padding = SLIM_SAME,
                                    .weights_initializer = SLIM_TRUNCATED_NORMAL(1.0f), .scope = "Conv2d_1a_7x7")
            : slim_conv2d(net, depth, SLIM_HW(7, 7), .stride = SLIM_HW(2, 2), .padding = SLIM_SAME,
                          .weights_initializer = SLIM_TRUNCATED_NORMAL(1.0f), .scope = "Conv2d_1a_7x7");
  (void)slim_add_end_point(a->end_points, "Conv2d_1a_7x7", net);
  return net;
}

/* clang-format off */

static slim_tensor *stem(slim_tensor *net, const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    MAX_POOL(0, "MaxPool_2a_3x3", { 3, 3 }, .stride = 2),
    CONV(0, "Conv2d_2b_1x1", 64, { 1, 1 }, .stddev = 0.1f),
    CONV(0, "Conv2d_2c_3x3", 192, { 3, 3 }),
    MAX_POOL(0, "MaxPool_3a_3x3", { 3, 3 }, .stride = 2),
  };
  return slim_inception_layers(first(net, a), ROWS(rows), a);
}

/* The channels of the branches' convolutions; the fourth branch pools. */
static slim_tensor *mixed_with(slim_tensor *net, const char *name, const int depth[6], slim_inception_row pool,
                               const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_0a_1x1", depth[0], { 1, 1 }),
    CONV(1, "Conv2d_0a_1x1", depth[1], { 1, 1 }, .stddev = 0.09f),
    CONV(1, "Conv2d_0b_3x3", depth[2], { 3, 3 }),
    CONV(2, "Conv2d_0a_1x1", depth[3], { 1, 1 }, .stddev = 0.09f),
    CONV(2, "Conv2d_0b_3x3", depth[4], { 3, 3 }),
    CONV(2, "Conv2d_0c_3x3", depth[4], { 3, 3 }),
    pool,
    CONV(3, "Conv2d_0b_1x1", depth[5], { 1, 1 }, .stddev = 0.1f),
  };
  return slim_inception_block(net, name, ROWS(rows), a);
}

static slim_tensor *mixed(slim_tensor *net, const char *name, const int depth[6], const slim_net_args *a)
{
  const slim_inception_row pool = AVG_POOL(3, "AvgPool_0a_3x3", { 3, 3 });
  return mixed_with(net, name, depth, pool, a);
}

/* A block of stride 2. */
static slim_tensor *strided(slim_tensor *net, const char *name, const int depth[4], const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_0a_1x1", depth[0], { 1, 1 }, .stddev = 0.09f),
    CONV(0, "Conv2d_1a_3x3", depth[1], { 3, 3 }, .stride = 2),
    CONV(1, "Conv2d_0a_1x1", depth[2], { 1, 1 }, .stddev = 0.09f),
    CONV(1, "Conv2d_0b_3x3", depth[3], { 3, 3 }),
    CONV(1, "Conv2d_1a_3x3", depth[3], { 3, 3 }, .stride = 2),
    MAX_POOL(2, "MaxPool_1a_3x3", { 3, 3 }, .stride = 2),
  };
  return slim_inception_block(net, name, ROWS(rows), a);
}

/* clang-format on */

static slim_tensor *layers(slim_tensor *net, const slim_net_args *a)
{
  const slim_inception_row pool = MAX_POOL(3, "MaxPool_0a_3x3", { 3, 3 });
  net = stem(net, a);
  net = mixed(net, "Mixed_3b", (const int[]){ 64, 64, 64, 64, 96, 32 }, a);
  net = mixed(net, "Mixed_3c", (const int[]){ 64, 64, 96, 64, 96, 64 }, a);
  net = strided(net, "Mixed_4a", (const int[]){ 128, 160, 64, 96 }, a);
  net = mixed(net, "Mixed_4b", (const int[]){ 224, 64, 96, 96, 128, 128 }, a);
  net = mixed(net, "Mixed_4c", (const int[]){ 192, 96, 128, 96, 128, 128 }, a);
  net = mixed(net, "Mixed_4d", (const int[]){ 160, 128, 160, 128, 160, 96 }, a);
  net = mixed(net, "Mixed_4e", (const int[]){ 96, 128, 192, 160, 192, 96 }, a);
  net = strided(net, "Mixed_5a", (const int[]){ 128, 192, 192, 256 }, a);
  net = mixed(net, "Mixed_5b", (const int[]){ 352, 192, 320, 160, 224, 128 }, a);
  net = mixed_with(net, "Mixed_5c", (const int[]){ 352, 192, 320, 192, 224, 128 }, pool, a);
  return slim_inception_head(net, 7, "global_pool", a);
}

slim_tensor *slim_inception_v2(slim_tensor *images, const slim_net_args *args)
{
  const slim_net_args a = slim_net_options(images, args, "InceptionV2", 0.8f,
                                           SLIM_INCEPTION_OPTIONS | SLIM_NET_SQUEEZE | SLIM_NET_GLOBAL_POOL | SLIM_NET_SEPARABLE);
  return slim_inception_build(images, layers, &a);
}
