/* Networks by name. */
#include "slim/nets.h"

#include <stdio.h>
#include <string.h>

static const slim_network networks[] = {
  { "lenet", slim_lenet, slim_lenet_arg_scope, 28, 1 },
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
  SLIM_ARG_SCOPE_USE (graph, network->arg_scope(graph, weight_decay)) {
    net = network->build(images, args);
  }
  return net;
}
