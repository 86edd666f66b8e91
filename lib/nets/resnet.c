/* ResNets from blocks of units, with the density of features that output_stride asks for. */
#include "resnet.h"

#include <stdio.h>

const slim_arg_frame *slim_resnet_arg_scope(slim_graph *graph, float weight_decay)
{
  const slim_arg_frame *frame = NULL;
  const slim_args *norm = SLIM_ARGS(.decay = 0.997f, .epsilon = 1e-5f, .scale = SLIM_YES);
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d), .weights_regularizer = SLIM_L2(weight_decay),
                  .weights_initializer = SLIM_VARIANCE_SCALING(2.0f, SLIM_FAN_IN, 0), .activation = slim_relu,
                  .normalizer = slim_batch_norm, .normalizer_args = norm) {
    SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_batch_norm), .decay = norm->decay, .epsilon = norm->epsilon,
                    .scale = norm->scale) {
      SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_max_pool2d), .padding = SLIM_SAME) {
        frame = slim_arg_scope_current(graph);
      }
    }
  }
  return frame;
}

slim_tensor *slim_resnet_subsample(slim_tensor *net, int factor, const char *scope)
{
  return factor == 1 ? net : slim_max_pool2d(net, SLIM_HW(1, 1), .stride = SLIM_HW(factor, factor), .scope = scope);
}

slim_tensor *slim_resnet_conv2d_same(slim_tensor *net, int num_outputs, int kernel, int stride, int rate,
                                     const char *scope)
{
  if (stride == 1) {
    return slim_conv2d(net, num_outputs, SLIM_HW(kernel, kernel), .stride = SLIM_HW(1, 1), .rate = SLIM_HW(rate, rate),
                       .padding = SLIM_SAME, .scope = scope);
  }
  const int total = (kernel - 1) * rate, before = total / 2, after = total - before;
  net = slim_pad(net, (const int[]){ 0, before, before, 0 }, (const int[]){ 0, after, after, 0 });
  return slim_conv2d(net, num_outputs, SLIM_HW(kernel, kernel), .stride = SLIM_HW(stride, stride),
                     .rate = SLIM_HW(rate, rate), .padding = SLIM_VALID, .scope = scope);
}

/* Strides met so far, and the rate that stands for those that were left out because the wanted one was reached. */
typedef struct density {
  int stride, rate, wanted; /* wanted 0: any */
} density;

static bool reached(const density *d)
{
  return d->stride == d->wanted;
}

static void pass(density *d, int stride)
{
  *(reached(d) ? &d->rate : &d->stride) *= stride;
}

static slim_tensor *add_unit(slim_tensor *net, const slim_resnet *resnet, int base_depth, int stride, density *d,
                             const slim_net_args *a)
{
  net = resnet->unit(net, base_depth, reached(d) ? 1 : stride, reached(d) ? d->rate : 1, a);
  pass(d, stride);
  return net;
}

static slim_tensor *add_block(slim_tensor *net, const slim_resnet *resnet, const slim_resnet_block *block, density *d,
                              const slim_net_args *a)
{
  slim_graph *graph = slim_graph_of(net);
  const bool late = slim_flag_or(a->store_non_strided_activations, false);
  SLIM_VARIABLE_SCOPE (graph, block->scope, SLIM_REUSE_UNSET) {
    for (int i = 1; i <= block->num_units; i++) {
      const int stride = i == block->num_units && !late ? block->stride : 1;
      char scope[32];
      (void)snprintf(scope, sizeof scope, "unit_%d", i);
      SLIM_VARIABLE_SCOPE (graph, scope, SLIM_REUSE_UNSET) {
        net = add_unit(net, resnet, block->base_depth, stride, d, a);
      }
    }
    net = slim_net_collect(a, NULL, net);
    if (late) {
      net = reached(d) ? net : slim_resnet_subsample(net, block->stride, NULL);
      pass(d, block->stride);
    }
  }
  return net;
}

static slim_tensor *add_blocks(slim_tensor *net, const slim_resnet *resnet, const slim_net_args *a)
{
  const bool root = slim_flag_or(a->include_root_block, true);
  density d = { 1, 1, root ? a->output_stride / 4 : a->output_stride };
  for (size_t i = 0; i < resnet->count; i++) {
    net = add_block(net, resnet, &resnet->blocks[i], &d, a);
  }
  if (a->output_stride && (!reached(&d) || (root && a->output_stride % 4 != 0))) {
    return slim_graph_fail(slim_graph_of(net), SLIM_ERR_ARG, "%s: the output_stride %d cannot be reached", a->scope,
                           a->output_stride);
  }
  return net;
}

static slim_tensor *add_root(slim_tensor *net, const slim_resnet *resnet)
{
  slim_graph *graph = slim_graph_of(net);
  const slim_layer_fn none = resnet->preactivated ? slim_identity : NULL; /* the first unit begins with both */
  SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d), .activation = none, .normalizer = none) {
    net = slim_resnet_conv2d_same(net, 64, 7, 2, 1, "conv1");
  }
  return slim_max_pool2d(net, SLIM_HW(3, 3), .stride = SLIM_HW(2, 2), .scope = "pool1");
}

static slim_tensor *add_head(slim_tensor *net, const slim_net_args *a)
{
  if (slim_flag_or(a->global_pool, true)) {
    net = slim_net_global_pool(net, "pool5");
    (void)slim_add_end_point(a->end_points, "global_pool", net);
  }
  if (a->num_classes == 0) {
    return net;
  }
  net = slim_conv2d(net, a->num_classes, SLIM_HW(1, 1), .activation = slim_identity, .normalizer = slim_identity,
                    .scope = "logits");
  if (slim_flag_or(a->spatial_squeeze, true)) {
    net = slim_net_collect(a, "spatial_squeeze", slim_net_squeeze(a, net, "SpatialSqueeze"));
  }
  (void)slim_add_end_point(a->end_points, "predictions", slim_softmax(net, .scope = "predictions"));
  return net;
}

static slim_tensor *add_layers(slim_tensor *net, const slim_resnet *resnet, const slim_net_args *a)
{
  if (slim_flag_or(a->include_root_block, true)) {
    net = add_root(net, resnet);
  }
  net = add_blocks(net, resnet, a);
  if (resnet->preactivated) {
    net = slim_batch_norm(net, .activation = slim_relu, .scope = "postnorm");
  }
  return add_head(net, a);
}

slim_tensor *slim_resnet_build(slim_tensor *images, const slim_resnet *resnet, const slim_net_args *a)
{
  slim_graph *graph = slim_graph_of(images);
  slim_tensor *net = images;
  SLIM_VARIABLE_SCOPE (graph, a->scope, a->reuse) {
    SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_conv2d), .outputs_collections = a->end_points) {
      SLIM_ARG_SCOPE (graph, SLIM_OPS(slim_batch_norm), .is_training = SLIM_FLAG(a->is_training)) {
        net = add_layers(net, resnet, a);
      }
    }
  }
  return net;
}

slim_tensor *slim_resnet_build_known(slim_tensor *images, slim_resnet resnet, const int units[4],
                                     const slim_net_args *a)
{
  const slim_resnet_block blocks[4] = { { "block1", slim_net_depth(a, 64, 8), units[0], 2 },
                                        { "block2", slim_net_depth(a, 128, 8), units[1], 2 },
                                        { "block3", slim_net_depth(a, 256, 8), units[2], 2 },
                                        { "block4", slim_net_depth(a, 512, 8), units[3], 1 } };
  resnet.blocks = blocks;
  resnet.count = 4;
  return slim_resnet_build(images, &resnet, a);
}
