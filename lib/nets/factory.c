/* Networks by name. */
#include "slim/nets.h"

#include "slim/data.h"

#include <stdio.h>
#include <string.h>

/* Name, functions, image size, channels, classes. */
static const slim_network networks[] = {
  { "lenet", slim_lenet, slim_lenet_arg_scope, 28, 1, 10 },
  { "cifarnet", slim_cifarnet, slim_cifarnet_arg_scope, 32, 3, 10 },
  { "alexnet_v2", slim_alexnet_v2, slim_alexnet_v2_arg_scope, 224, 3, 1000 },
  { "overfeat", slim_overfeat, slim_overfeat_arg_scope, 231, 3, 1000 },
  { "vgg_a", slim_vgg_a, slim_vgg_arg_scope, 224, 3, 1000 },
  { "vgg_16", slim_vgg_16, slim_vgg_arg_scope, 224, 3, 1000 },
  { "vgg_19", slim_vgg_19, slim_vgg_arg_scope, 224, 3, 1000 },
  { "resnet_v1_50", slim_resnet_v1_50, slim_resnet_arg_scope, 224, 3, 1000 },
  { "resnet_v1_101", slim_resnet_v1_101, slim_resnet_arg_scope, 224, 3, 1000 },
  { "resnet_v1_152", slim_resnet_v1_152, slim_resnet_arg_scope, 224, 3, 1000 },
  { "resnet_v1_200", slim_resnet_v1_200, slim_resnet_arg_scope, 224, 3, 1000 },
  { "resnet_v2_50", slim_resnet_v2_50, slim_resnet_arg_scope, 224, 3, 1001 },
  { "resnet_v2_101", slim_resnet_v2_101, slim_resnet_arg_scope, 224, 3, 1001 },
  { "resnet_v2_152", slim_resnet_v2_152, slim_resnet_arg_scope, 224, 3, 1001 },
  { "resnet_v2_200", slim_resnet_v2_200, slim_resnet_arg_scope, 224, 3, 1001 },
  { "inception_v1", slim_inception_v1, slim_inception_arg_scope, 224, 3, 1001 },
  { "inception_v2", slim_inception_v2, slim_inception_arg_scope, 224, 3, 1001 },
  { "inception_v3", slim_inception_v3, slim_inception_arg_scope, 299, 3, 1001 },
  { "inception_v4", slim_inception_v4, slim_inception_arg_scope, 299, 3, 1001 },
  { "inception_resnet_v2", slim_inception_resnet_v2, slim_inception_resnet_v2_arg_scope, 299, 3, 1001 },
  { "mobilenet_v1", slim_mobilenet_v1, slim_mobilenet_v1_arg_scope, 224, 3, 1001 },
  { "mobilenet_v1_075", slim_mobilenet_v1_075, slim_mobilenet_v1_arg_scope, 224, 3, 1001 },
  { "mobilenet_v1_050", slim_mobilenet_v1_050, slim_mobilenet_v1_arg_scope, 224, 3, 1001 },
  { "mobilenet_v1_025", slim_mobilenet_v1_025, slim_mobilenet_v1_arg_scope, 224, 3, 1001 },
};

const slim_network *slim_network_at(size_t i)
{
  return i < sizeof networks / sizeof *networks ? &networks[i] : NULL;
}

const slim_network *slim_get_network(const char *name)
{
  const slim_network *network = NULL;
  for (size_t i = 0; name && (network = slim_network_at(i)); i++) {
    if (strcmp(network->name, name) == 0) {
      return network;
    }
  }
  return NULL;
}

/* Records that there is no such network, and which there are. */
static slim_tensor *unknown(slim_graph *graph, const char *name)
{
  char text[1024] = "";
  const slim_network *network = NULL;
  for (size_t i = 0, at = 0; (network = slim_network_at(i)) && at < sizeof text; i++) {
    at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? ", " : "", network->name);
  }
  return slim_graph_fail(graph, SLIM_ERR_NOT_FOUND, "network '%s' is not known; there are: %s", name ? name : "", text);
}

slim_tensor *slim_build_network(const char *name, slim_tensor *images, float weight_decay, const slim_net_args *args)
{
  slim_graph *graph = slim_graph_of(images);
  const slim_network *network = slim_get_network(name);
  if (!network) {
    return unknown(graph, name);
  }
  slim_tensor *net = images;
  float low = 0, high = 0;
  if (slim_preprocessing_range(name, &low, &high)) {
    (void)slim_declare_range(images, low, high); /* of a placeholder; what was computed says nothing */
  }
  SLIM_ARG_SCOPE_USE (graph, network->arg_scope(graph, weight_decay)) {
    net = network->build(images, args);
  }
  return net;
}
