/* Inception-ResNet v2 of Szegedy et al. 2016, "Inception-v4, Inception-ResNet and the impact of residual connections on
 * learning". */
#include "inception.h"

#include <stdio.h>

const slim_arg_frame *slim_inception_resnet_v2_arg_scope(slim_graph *graph, float weight_decay)
{
  const slim_arg_frame *frame = NULL;
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d, slim_fully_connected), .weights_regularizer = SLIM_L2(weight_decay),
                  .biases_regularizer = SLIM_L2(weight_decay)) {
    SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d), .activation = slim_relu, .normalizer = slim_batch_norm,
                    .normalizer_args = SLIM_ARGS(.decay = 0.9997f, .epsilon = 0.001f)) {
      frame = slim_arg_scope_current(graph);
    }
  }
  return frame;
}

/* clang-format off */

static slim_tensor *stem(slim_tensor *net, const slim_net_args *a)
{
  const slim_inception_row plain[] = {
    CONV(0, "Conv2d_1a_3x3", 32, { 3, 3 }, STRIDED),
    CONV(0, "Conv2d_2a_3x3", 32, { 3, 3 }, .padding = SLIM_VALID),
    CONV(0, "Conv2d_2b_3x3", 64, { 3, 3 }),
    MAX_POOL(0, "MaxPool_3a_3x3", { 3, 3 }, STRIDED),
    CONV(0, "Conv2d_3b_1x1", 80, { 1, 1 }, .padding = SLIM_VALID),
    CONV(0, "Conv2d_4a_3x3", 192, { 3, 3 }, .padding = SLIM_VALID),
    MAX_POOL(0, "MaxPool_5a_3x3", { 3, 3 }, STRIDED),
  };
  const slim_inception_row mixed_5b[] = {
    CONV(0, "Conv2d_1x1", 96, { 1, 1 }),
    CONV(1, "Conv2d_0a_1x1", 48, { 1, 1 }),
    CONV(1, "Conv2d_0b_5x5", 64, { 5, 5 }),
    CONV(2, "Conv2d_0a_1x1", 64, { 1, 1 }),
    CONV(2, "Conv2d_0b_3x3", 96, { 3, 3 }),
    CONV(2, "Conv2d_0c_3x3", 96, { 3, 3 }),
    AVG_POOL(3, "AvgPool_0a_3x3", { 3, 3 }),
    CONV(3, "Conv2d_0b_1x1", 64, { 1, 1 }),
  };
  net = slim_inception_layers(net, ROWS(plain), a);
  return slim_inception_block(net, "Mixed_5b", ROWS(mixed_5b), a);
}

static const slim_inception_row block35[] = {
  CONV(0, "Conv2d_1x1", 32, { 1, 1 }),
  CONV(1, "Conv2d_0a_1x1", 32, { 1, 1 }),
  CONV(1, "Conv2d_0b_3x3", 32, { 3, 3 }),
  CONV(2, "Conv2d_0a_1x1", 32, { 1, 1 }),
  CONV(2, "Conv2d_0b_3x3", 48, { 3, 3 }),
  CONV(2, "Conv2d_0c_3x3", 64, { 3, 3 }),
};

static slim_tensor *mixed_6a(slim_tensor *net, const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_1a_3x3", 384, { 3, 3 }, STRIDED),
    CONV(1, "Conv2d_0a_1x1", 256, { 1, 1 }),
    CONV(1, "Conv2d_0b_3x3", 256, { 3, 3 }),
    CONV(1, "Conv2d_1a_3x3", 384, { 3, 3 }, STRIDED),
    MAX_POOL(2, "MaxPool_1a_3x3", { 3, 3 }, STRIDED),
  };
  return slim_inception_block(net, "Mixed_6a", ROWS(rows), a);
}

static const slim_inception_row block17[] = {
  CONV(0, "Conv2d_1x1", 192, { 1, 1 }),
  CONV(1, "Conv2d_0a_1x1", 128, { 1, 1 }),
  CONV(1, "Conv2d_0b_1x7", 160, { 1, 7 }),
  CONV(1, "Conv2d_0c_7x1", 192, { 7, 1 }),
};

static slim_tensor *mixed_7a(slim_tensor *net, const slim_net_args *a)
{
  const slim_inception_row rows[] = {
    CONV(0, "Conv2d_0a_1x1", 256, { 1, 1 }),
    CONV(0, "Conv2d_1a_3x3", 384, { 3, 3 }, STRIDED),
    CONV(1, "Conv2d_0a_1x1", 256, { 1, 1 }),
    CONV(1, "Conv2d_1a_3x3", 288, { 3, 3 }, STRIDED),
    CONV(2, "Conv2d_0a_1x1", 256, { 1, 1 }),
    CONV(2, "Conv2d_0b_3x3", 288, { 3, 3 }),
    CONV(2, "Conv2d_1a_3x3", 320, { 3, 3 }, STRIDED),
    MAX_POOL(3, "MaxPool_1a_3x3", { 3, 3 }, STRIDED),
  };
  return slim_inception_block(net, "Mixed_7a", ROWS(rows), a);
}

static const slim_inception_row block8[] = {
  CONV(0, "Conv2d_1x1", 192, { 1, 1 }),
  CONV(1, "Conv2d_0a_1x1", 192, { 1, 1 }),
  CONV(1, "Conv2d_0b_1x3", 224, { 1, 3 }),
  CONV(1, "Conv2d_0c_3x1", 256, { 3, 1 }),
};

/* clang-format on */

/* net + scale * the branches, brought to its channels. */
static slim_tensor *residual(slim_tensor *net, const char *scope, const slim_inception_row *rows, size_t count,
                             float scale, const slim_net_args *a)
{
  SLIM_VARIABLE_SCOPE (slim_graph_of(net), scope, SLIM_REUSE_UNSET) {
    slim_tensor *up =
        slim_conv2d(slim_inception_branches(net, rows, count, a), slim_tensor_shape(net).dim[3], SLIM_HW(1, 1),
                    .activation = slim_identity, .normalizer = slim_identity, .scope = "Conv2d_1x1");
    net = slim_add(net, slim_scale(up, scale, 0.0f));
  }
  return net;
}

/* times of those, each with relu, in the scopes "<Repeat>/<name>_<number>". */
static slim_tensor *repeat(slim_tensor *net, int times, const char *name, const slim_inception_row *rows, size_t count,
                           float scale, const slim_net_args *a)
{
  slim_scope all = slim_variable_scope_begin(slim_graph_of(net), NULL, "Repeat", SLIM_REUSE_UNSET);
  for (int i = 1; i <= times; i++) {
    char scope[32];
    (void)snprintf(scope, sizeof scope, "%s_%d", name, i);
    net = slim_relu(residual(net, scope, rows, count, scale, a));
  }
  slim_scope_end(&all);
  return net;
}

static slim_tensor *layers(slim_tensor *net, const slim_net_args *a)
{
  static const slim_inception_scopes scopes = {
    "Conv2d_1a_3x3", "Conv2d_2a_5x5", "Logits", "AvgPool_1a_8x8", "Dropout", 2, true
  };
  net = repeat(stem(net, a), 10, "block35", ROWS(block35), 0.17f, a);
  slim_tensor *aux = net = repeat(mixed_6a(net, a), 20, "block17", ROWS(block17), 0.10f, a);
  (void)slim_add_end_point(a->end_points, "PreAuxLogits", net);
  net = repeat(mixed_7a(net, a), 9, "block8", ROWS(block8), 0.20f, a);
  net = residual(net, "Block8", ROWS(block8), 1.0f, a);
  net = slim_conv2d(net, slim_inception_depth(a, 1536), SLIM_HW(1, 1), .scope = "Conv2d_7b_1x1");
  (void)slim_add_end_point(a->end_points, "Conv2d_7b_1x1", net);
  if (a->num_classes && slim_flag_or(a->create_aux_logits, true)) {
    slim_inception_fc_aux(aux, &scopes, a);
  }
  return slim_inception_fc_head(net, &scopes, a);
}

slim_tensor *slim_inception_resnet_v2(slim_tensor *images, const slim_net_args *args)
{
  const slim_net_args a = slim_net_options(images, args, "InceptionResnetV2", 0.8f,
                                           SLIM_INCEPTION_OPTIONS | SLIM_NET_AUX);
  return slim_inception_build(images, layers, &a);
}
