/* Inception v3 of Szegedy et al. 2015, "Rethinking the Inception architecture for computer vision". The scopes are
 * those of the released checkpoint, irregular ones included. */
#include "inception.h"

/* clang-format off */

static slim_tensor *stem(slim_tensor *net, const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_1a_3x3", 32, { 3, 3 }, STRIDED),
    CONV(0, "Conv2d_2a_3x3", 32, { 3, 3 }, .padding = SLIM_VALID),
    CONV(0, "Conv2d_2b_3x3", 64, { 3, 3 }),
    MAX_POOL(0, "MaxPool_3a_3x3", { 3, 3 }, STRIDED),
    CONV(0, "Conv2d_3b_1x1", 80, { 1, 1 }, .padding = SLIM_VALID),
    CONV(0, "Conv2d_4a_3x3", 192, { 3, 3 }, .padding = SLIM_VALID),
    MAX_POOL(0, "MaxPool_5a_3x3", { 3, 3 }, STRIDED),
  };
  return slim_inception_layers(net, ROWS(rows), a);
}

/* Blocks 5: the second branch's scopes differ, and the channels behind the pooling. */
static slim_tensor *mixed_5(slim_tensor *net, const char *name, const char *first, const char *second, int pooled,
                            const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_0a_1x1", 64, { 1, 1 }),
    CONV(1, first, 48, { 1, 1 }),
    CONV(1, second, 64, { 5, 5 }),
    CONV(2, "Conv2d_0a_1x1", 64, { 1, 1 }),
    CONV(2, "Conv2d_0b_3x3", 96, { 3, 3 }),
    CONV(2, "Conv2d_0c_3x3", 96, { 3, 3 }),
    AVG_POOL(3, "AvgPool_0a_3x3", { 3, 3 }),
    CONV(3, "Conv2d_0b_1x1", pooled, { 1, 1 }),
  };
  return slim_inception_block(net, name, ROWS(rows), a);
}

static slim_tensor *mixed_6a(slim_tensor *net, const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_1a_1x1", 384, { 3, 3 }, STRIDED),
    CONV(1, "Conv2d_0a_1x1", 64, { 1, 1 }),
    CONV(1, "Conv2d_0b_3x3", 96, { 3, 3 }),
    CONV(1, "Conv2d_1a_1x1", 96, { 3, 3 }, STRIDED),
    MAX_POOL(2, "MaxPool_1a_3x3", { 3, 3 }, STRIDED),
  };
  return slim_inception_block(net, "Mixed_6a", ROWS(rows), a);
}

/* Blocks 6: depth channels inside of the branches. */
static slim_tensor *mixed_6(slim_tensor *net, const char *name, int depth, const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_0a_1x1", 192, { 1, 1 }),
    CONV(1, "Conv2d_0a_1x1", depth, { 1, 1 }),
    CONV(1, "Conv2d_0b_1x7", depth, { 1, 7 }),
    CONV(1, "Conv2d_0c_7x1", 192, { 7, 1 }),
    CONV(2, "Conv2d_0a_1x1", depth, { 1, 1 }),
    CONV(2, "Conv2d_0b_7x1", depth, { 7, 1 }),
    CONV(2, "Conv2d_0c_1x7", depth, { 1, 7 }),
    CONV(2, "Conv2d_0d_7x1", depth, { 7, 1 }),
    CONV(2, "Conv2d_0e_1x7", 192, { 1, 7 }),
    AVG_POOL(3, "AvgPool_0a_3x3", { 3, 3 }),
    CONV(3, "Conv2d_0b_1x1", 192, { 1, 1 }),
  };
  return slim_inception_block(net, name, ROWS(rows), a);
}

static slim_tensor *mixed_7a(slim_tensor *net, const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_0a_1x1", 192, { 1, 1 }),
    CONV(0, "Conv2d_1a_3x3", 320, { 3, 3 }, STRIDED),
    CONV(1, "Conv2d_0a_1x1", 192, { 1, 1 }),
    CONV(1, "Conv2d_0b_1x7", 192, { 1, 7 }),
    CONV(1, "Conv2d_0c_7x1", 192, { 7, 1 }),
    CONV(1, "Conv2d_1a_3x3", 192, { 3, 3 }, STRIDED),
    MAX_POOL(2, "MaxPool_1a_3x3", { 3, 3 }, STRIDED),
  };
  return slim_inception_block(net, "Mixed_7a", ROWS(rows), a);
}

/* Blocks 7: split is the scope of the second branch's last convolution. */
static slim_tensor *mixed_7(slim_tensor *net, const char *name, const char *split, const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_0a_1x1", 320, { 1, 1 }),
    CONV(1, "Conv2d_0a_1x1", 384, { 1, 1 }),
    CONV(1, "Conv2d_0b_1x3", 384, { 1, 3 }),
    CONV(1, split, 384, { 3, 1 }, .beside = true),
    CONV(2, "Conv2d_0a_1x1", 448, { 1, 1 }),
    CONV(2, "Conv2d_0b_3x3", 384, { 3, 3 }),
    CONV(2, "Conv2d_0c_1x3", 384, { 1, 3 }),
    CONV(2, "Conv2d_0d_3x1", 384, { 3, 1 }, .beside = true),
    AVG_POOL(3, "AvgPool_0a_3x3", { 3, 3 }),
    CONV(3, "Conv2d_0b_1x1", 192, { 1, 1 }),
  };
  return slim_inception_block(net, name, ROWS(rows), a);
}

/* clang-format on */

/* The auxiliary head, on Mixed_6e. */
static void add_aux_logits(slim_tensor *net, const slim_net_args *a)
{
  SLIM_VARIABLE_SCOPE (slim_graph_of(net), "AuxLogits", SLIM_REUSE_UNSET) {
    net =
        slim_avg_pool2d(net, SLIM_HW(5, 5), .stride = SLIM_HW(3, 3), .padding = SLIM_VALID, .scope = "AvgPool_1a_5x5");
    net = slim_conv2d(net, slim_inception_depth(a, 128), SLIM_HW(1, 1), .scope = "Conv2d_1b_1x1");
    const slim_hw kernel = slim_net_kernel(net, 5);
    net = slim_conv2d(net, slim_inception_depth(a, 768), kernel, .padding = SLIM_VALID,
                      .weights_initializer = SLIM_TRUNCATED_NORMAL(0.01f),
                      .scope = slim_inception_scope("Conv2d_2a", kernel).text);
    net = slim_inception_logits(net, "Conv2d_2b_1x1", 0.001f, a);
  }
  (void)slim_add_end_point(a->end_points, "AuxLogits", net);
}

static slim_tensor *layers(slim_tensor *net, const slim_net_args *a)
{
  net = stem(net, a);
  net = mixed_5(net, "Mixed_5b", "Conv2d_0a_1x1", "Conv2d_0b_5x5", 32, a);
  net = mixed_5(net, "Mixed_5c", "Conv2d_0b_1x1", "Conv_1_0c_5x5", 64, a);
  net = mixed_5(net, "Mixed_5d", "Conv2d_0a_1x1", "Conv2d_0b_5x5", 64, a);
  net = mixed_6a(net, a);
  net = mixed_6(net, "Mixed_6b", 128, a);
  net = mixed_6(net, "Mixed_6c", 160, a);
  net = mixed_6(net, "Mixed_6d", 160, a);
  slim_tensor *aux = net = mixed_6(net, "Mixed_6e", 192, a);
  net = mixed_7a(net, a);
  net = mixed_7(net, "Mixed_7b", "Conv2d_0b_3x1", a);
  net = mixed_7(net, "Mixed_7c", "Conv2d_0c_3x1", a);
  if (a->num_classes && slim_flag_or(a->create_aux_logits, true)) {
    add_aux_logits(aux, a);
  }
  return slim_inception_head(net, 8, "GlobalPool", a);
}

slim_tensor *slim_inception_v3(slim_tensor *images, const slim_net_args *args)
{
  const slim_net_args a = slim_net_options(images, args, "InceptionV3", 0.8f,
                                           SLIM_INCEPTION_OPTIONS | SLIM_NET_SQUEEZE | SLIM_NET_GLOBAL_POOL | SLIM_NET_AUX);
  return slim_inception_build(images, layers, &a);
}
