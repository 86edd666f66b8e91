#include "net.h"

#include <stdio.h>

slim_net_args slim_net_options(const slim_net_args *args, const char *scope, float dropout_keep_prob)
{
  slim_net_args all = args ? *args : (slim_net_args){ 0 };
  all.scope = all.scope ? all.scope : scope;
  all.dropout_keep_prob = all.dropout_keep_prob > 0.0f ? all.dropout_keep_prob : dropout_keep_prob;
  all.end_points = all.end_points ? all.end_points : SLIM_END_POINTS;
  return all;
}

bool slim_net_flag(slim_flag flag, bool otherwise)
{
  return flag.value ? flag.value == SLIM_YES.value : otherwise;
}

slim_tensor *slim_net_images(slim_tensor *images, const slim_net_args *args)
{
  return args->depth_multiplier >= 0
             ? images
             : slim_graph_fail(slim_graph_of(images), SLIM_ERR_ARG, "%s: the depth_multiplier %g must be above 0",
                               args->scope, args->depth_multiplier);
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

slim_tensor *slim_net_global_pool(slim_tensor *net, const char *name)
{
  SLIM_NAME_SCOPE (slim_graph_of(net), name) {
    net = slim_reduce_mean(net, SLIM_AXIS(1) | SLIM_AXIS(2), true);
  }
  return net;
}

slim_tensor *slim_net_squeeze(const slim_net_args *args, slim_tensor *net, const char *name)
{
  if (slim_net_flag(args->spatial_squeeze, true)) {
    SLIM_NAME_SCOPE (slim_graph_of(net), name) {
      net = slim_squeeze(net, SLIM_AXIS(1) | SLIM_AXIS(2));
    }
  }
  return net;
}
