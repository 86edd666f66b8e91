#include "net.h"

#include <stdio.h>

/* The first option of args that is not among those taken, NULL without one. */
static const char *not_taken(const slim_net_args *a, unsigned takes)
{
  const struct {
    unsigned option;
    bool given;
    const char *name;
  } options[] = {
    { SLIM_NET_DROPOUT, a->dropout_keep_prob != 0.0f, "dropout_keep_prob" },
    { SLIM_NET_SQUEEZE, a->spatial_squeeze.value != NULL, "spatial_squeeze" },
    { SLIM_NET_GLOBAL_POOL, a->global_pool.value != NULL, "global_pool" },
    { SLIM_NET_FC_PADDING, a->fc_conv_padding != SLIM_PADDING_UNSET, "fc_conv_padding" },
    { SLIM_NET_DEPTH, a->depth_multiplier != 0, "depth_multiplier" },
    { SLIM_NET_DEPTH, a->min_depth != 0, "min_depth" },
    { SLIM_NET_OUTPUT_STRIDE, a->output_stride != 0, "output_stride" },
    { SLIM_NET_ROOT_BLOCK, a->include_root_block.value != NULL, "include_root_block" },
    { SLIM_NET_STORE, a->store_non_strided_activations.value != NULL, "store_non_strided_activations" },
    { SLIM_NET_AUX, a->create_aux_logits.value != NULL, "create_aux_logits" },
    { SLIM_NET_SEPARABLE, a->use_separable_conv.value != NULL, "use_separable_conv" },
    { SLIM_NET_PREDICTION, a->prediction != NULL, "prediction" },
  };
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    if (options[i].given && !(takes & options[i].option)) {
      return options[i].name;
    }
  }
  return NULL;
}

slim_net_args slim_net_options(const slim_tensor *images, const slim_net_args *args, const char *scope,
                               float dropout_keep_prob, unsigned takes)
{
  slim_net_args all = args ? *args : (slim_net_args){ 0 };
  const char *name = not_taken(&all, takes);
  all.scope = all.scope ? all.scope : scope;
  if (name) {
    (void)slim_graph_fail(slim_graph_of(images), SLIM_ERR_ARG, "%s: the net has no option %s", all.scope, name);
  } else if (all.depth_multiplier < 0) {
    (void)slim_graph_fail(slim_graph_of(images), SLIM_ERR_ARG, "%s: the depth_multiplier %g must be above 0", all.scope,
                          all.depth_multiplier);
  }
  all.dropout_keep_prob = all.dropout_keep_prob > 0.0f ? all.dropout_keep_prob : dropout_keep_prob;
  all.end_points = all.end_points ? all.end_points : SLIM_END_POINTS;
  return all;
}

int slim_net_depth(const slim_net_args *args, int channels, int otherwise)
{
  const int least = args->min_depth ? args->min_depth : otherwise;
  const int depth = args->depth_multiplier != 0 ? (int)(channels * args->depth_multiplier) : channels;
  return depth > least ? depth : least;
}

slim_tensor *slim_net_collect(const slim_net_args *args, const char *name, slim_tensor *tensor)
{
  char alias[512];
  const char *scope = slim_variable_scope_name(slim_graph_of(tensor));
  (void)snprintf(alias, sizeof alias, "%s%s%s", scope, name ? "/" : "", name ? name : "");
  (void)slim_add_end_point(args->end_points, alias, tensor);
  return tensor;
}

slim_hw slim_net_kernel(const slim_tensor *net, int kernel)
{
  const slim_shape shape = slim_tensor_shape(net);
  const int h = shape.dim[1], w = shape.dim[2];
  return (slim_hw){ h < kernel ? h : kernel, w < kernel ? w : kernel };
}

slim_tensor *slim_net_global_pool(slim_tensor *net, const char *name)
{
  SLIM_NAME_SCOPE (slim_graph_of(net), name) {
    net = slim_reduce_mean(net, SLIM_AXIS(1) | SLIM_AXIS(2), true);
  }
  return net;
}

slim_tensor *slim_net_squeeze(const slim_net_args *args, slim_tensor *net, const char *name)
{
  if (slim_flag_or(args->spatial_squeeze, true)) {
    SLIM_NAME_SCOPE (slim_graph_of(net), name) {
      net = slim_squeeze(net, SLIM_AXIS(1) | SLIM_AXIS(2));
    }
  }
  return net;
}

slim_tensor *slim_net_predict(const slim_net_args *a, slim_tensor *logits)
{
  const slim_layer_fn prediction = a->prediction ? a->prediction : slim_softmax;
  (void)slim_add_end_point(a->end_points, "Logits", logits);
  if (prediction != slim_identity) {
    (void)slim_add_end_point(a->end_points, "Predictions",
                             prediction(SLIM_ARGS(.input = logits, .scope = "Predictions")));
  }
  return logits;
}

slim_tensor *slim_net_classifier(slim_tensor *net, int outputs, int kernel, slim_padding padding,
                                 const slim_net_args *a)
{
  const slim_flag training = SLIM_FLAG(a->is_training);
  net = slim_conv2d(net, outputs, SLIM_HW(kernel, kernel), .padding = padding, .scope = "fc6");
  net = slim_dropout(net, .keep_prob = a->dropout_keep_prob, .is_training = training, .scope = "dropout6");
  net = slim_conv2d(net, 4096, SLIM_HW(1, 1), .scope = "fc7");
  if (slim_flag_or(a->global_pool, false)) {
    net = slim_net_global_pool(net, "global_pool");
    (void)slim_add_end_point(a->end_points, "global_pool", net);
  }
  if (a->num_classes == 0) {
    return net;
  }
  net = slim_dropout(net, .keep_prob = a->dropout_keep_prob, .is_training = training, .scope = "dropout7");
  net = slim_conv2d(net, a->num_classes, SLIM_HW(1, 1), .activation = slim_identity, .normalizer = slim_identity,
                    .biases_initializer = SLIM_ZEROS, .outputs_collections = "", .scope = "fc8");
  return slim_net_collect(a, "fc8", slim_net_squeeze(a, net, "fc8/squeezed"));
}
