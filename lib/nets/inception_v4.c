/* Inception v4 of Szegedy et al. 2016, "Inception-v4, Inception-ResNet and the impact of residual connections on
 * learning". */
#include "inception.h"

/* clang-format off */

static slim_tensor *stem(slim_tensor *net, const slim_net_args *a)
{
  const slim_inception_row plain[] = {
    CONV(0, "Conv2d_1a_3x3", 32, { 3, 3 }, STRIDED),
    CONV(0, "Conv2d_2a_3x3", 32, { 3, 3 }, .padding = SLIM_VALID),
    CONV(0, "Conv2d_2b_3x3", 64, { 3, 3 }),
  };
  const slim_inception_row mixed_3a[] = {
    MAX_POOL(0, "MaxPool_0a_3x3", { 3, 3 }, STRIDED),
    CONV(1, "Conv2d_0a_3x3", 96, { 3, 3 }, STRIDED),
  };
  const slim_inception_row mixed_4a[] = {
    CONV(0, "Conv2d_0a_1x1", 64, { 1, 1 }),
    CONV(0, "Conv2d_1a_3x3", 96, { 3, 3 }, .padding = SLIM_VALID),
    CONV(1, "Conv2d_0a_1x1", 64, { 1, 1 }),
    CONV(1, "Conv2d_0b_1x7", 64, { 1, 7 }),
    CONV(1, "Conv2d_0c_7x1", 64, { 7, 1 }),
    CONV(1, "Conv2d_1a_3x3", 96, { 3, 3 }, .padding = SLIM_VALID),
  };
  const slim_inception_row mixed_5a[] = {
    CONV(0, "Conv2d_1a_3x3", 192, { 3, 3 }, STRIDED),
    MAX_POOL(1, "MaxPool_1a_3x3", { 3, 3 }, STRIDED),
  };
  net = slim_inception_layers(net, ROWS(plain), a);
  net = slim_inception_block(net, "Mixed_3a", ROWS(mixed_3a), a);
  net = slim_inception_block(net, "Mixed_4a", ROWS(mixed_4a), a);
  return slim_inception_block(net, "Mixed_5a", ROWS(mixed_5a), a);
}

static slim_tensor *block_a(slim_tensor *net, const char *name, const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_0a_1x1", 96, { 1, 1 }),
    CONV(1, "Conv2d_0a_1x1", 64, { 1, 1 }),
    CONV(1, "Conv2d_0b_3x3", 96, { 3, 3 }),
    CONV(2, "Conv2d_0a_1x1", 64, { 1, 1 }),
    CONV(2, "Conv2d_0b_3x3", 96, { 3, 3 }),
    CONV(2, "Conv2d_0c_3x3", 96, { 3, 3 }),
    AVG_POOL(3, "AvgPool_0a_3x3", { 3, 3 }),
    CONV(3, "Conv2d_0b_1x1", 96, { 1, 1 }),
  };
  return slim_inception_block(net, name, ROWS(rows), a);
}

static slim_tensor *reduction_a(slim_tensor *net, const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_1a_3x3", 384, { 3, 3 }, STRIDED),
    CONV(1, "Conv2d_0a_1x1", 192, { 1, 1 }),
    CONV(1, "Conv2d_0b_3x3", 224, { 3, 3 }),
    CONV(1, "Conv2d_1a_3x3", 256, { 3, 3 }, STRIDED),
    MAX_POOL(2, "MaxPool_1a_3x3", { 3, 3 }, STRIDED),
  };
  return slim_inception_block(net, "Mixed_6a", ROWS(rows), a);
}

static slim_tensor *block_b(slim_tensor *net, const char *name, const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_0a_1x1", 384, { 1, 1 }),
    CONV(1, "Conv2d_0a_1x1", 192, { 1, 1 }),
    CONV(1, "Conv2d_0b_1x7", 224, { 1, 7 }),
    CONV(1, "Conv2d_0c_7x1", 256, { 7, 1 }),
    CONV(2, "Conv2d_0a_1x1", 192, { 1, 1 }),
    CONV(2, "Conv2d_0b_7x1", 192, { 7, 1 }),
    CONV(2, "Conv2d_0c_1x7", 224, { 1, 7 }),
    CONV(2, "Conv2d_0d_7x1", 224, { 7, 1 }),
    CONV(2, "Conv2d_0e_1x7", 256, { 1, 7 }),
    AVG_POOL(3, "AvgPool_0a_3x3", { 3, 3 }),
    CONV(3, "Conv2d_0b_1x1", 128, { 1, 1 }),
  };
  return slim_inception_block(net, name, ROWS(rows), a);
}

static slim_tensor *reduction_b(slim_tensor *net, const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_0a_1x1", 192, { 1, 1 }),
    CONV(0, "Conv2d_1a_3x3", 192, { 3, 3 }, STRIDED),
    CONV(1, "Conv2d_0a_1x1", 256, { 1, 1 }),
    CONV(1, "Conv2d_0b_1x7", 256, { 1, 7 }),
    CONV(1, "Conv2d_0c_7x1", 320, { 7, 1 }),
    CONV(1, "Conv2d_1a_3x3", 320, { 3, 3 }, STRIDED),
    MAX_POOL(2, "MaxPool_1a_3x3", { 3, 3 }, STRIDED),
  };
  return slim_inception_block(net, "Mixed_7a", ROWS(rows), a);
}

static slim_tensor *block_c(slim_tensor *net, const char *name, const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_0a_1x1", 256, { 1, 1 }),
    CONV(1, "Conv2d_0a_1x1", 384, { 1, 1 }),
    CONV(1, "Conv2d_0b_1x3", 256, { 1, 3 }),
    CONV(1, "Conv2d_0c_3x1", 256, { 3, 1 }, .beside = true),
    CONV(2, "Conv2d_0a_1x1", 384, { 1, 1 }),
    CONV(2, "Conv2d_0b_3x1", 448, { 3, 1 }),
    CONV(2, "Conv2d_0c_1x3", 512, { 1, 3 }),
    CONV(2, "Conv2d_0d_1x3", 256, { 1, 3 }),
    CONV(2, "Conv2d_0e_3x1", 256, { 3, 1 }, .beside = true),
    AVG_POOL(3, "AvgPool_0a_3x3", { 3, 3 }),
    CONV(3, "Conv2d_0b_1x1", 256, { 1, 1 }),
  };
  return slim_inception_block(net, name, ROWS(rows), a);
}

/* clang-format on */

/* A block for each name, one after the other. */
static slim_tensor *blocks(slim_tensor *net, slim_tensor *(*block)(slim_tensor *, const char *, const slim_net_args *),
                           const char *const *name, const slim_net_args *a)
{
  for (; *name; name++) {
    net = block(net, *name, a);
  }
  return net;
}

static slim_tensor *layers(slim_tensor *net, const slim_net_args *a)
{
  static const char *const names_a[] = { "Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_5e", NULL };
  static const char *const names_b[] = { "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e",
                                         "Mixed_6f", "Mixed_6g", "Mixed_6h", NULL };
  static const char *const names_c[] = { "Mixed_7b", "Mixed_7c", "Mixed_7d", NULL };
  static const slim_inception_scopes scopes = { "AvgPool_1a_5x5", "Conv2d_2a", "Aux_logits", "AvgPool_1a",
                                                "Dropout_1b",     1,           false };
  net = reduction_a(blocks(stem(net, a), block_a, names_a, a), a);
  slim_tensor *aux = net = blocks(net, block_b, names_b, a);
  net = blocks(reduction_b(net, a), block_c, names_c, a);
  if (a->num_classes && slim_flag_or(a->create_aux_logits, true)) {
    slim_inception_fc_aux(aux, &scopes, a);
  }
  return slim_inception_fc_head(net, &scopes, a);
}

slim_tensor *slim_inception_v4(slim_tensor *images, const slim_net_args *args)
{
  const slim_net_args a = slim_net_options(images, args, "InceptionV4", 0.8f,
                                           SLIM_INCEPTION_OPTIONS | SLIM_NET_AUX);
  return slim_inception_build(images, layers, &a);
}
