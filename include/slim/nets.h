/*
 * Networks. Each is a function of the public interface alone, as a user would write it.
 *
 *   const slim_network *net = slim_get_network("lenet");
 *   SLIM_ARG_SCOPE_USE(graph, net->arg_scope(graph, weight_decay)) {
 *     logits = net->build(images, &(slim_net_args){ .num_classes = 10, .is_training = true });
 *   }
 */
#ifndef SLIM_NETS_H
#define SLIM_NETS_H

#include "slim/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Collection of a net's end points, by alias as in TF-Slim: slim_end_point(graph, SLIM_END_POINTS, "Predictions"). */
#define SLIM_END_POINTS "end_points"

/** Options of a net; zero means its default. */
typedef struct slim_net_args {
  int num_classes; /* 0: stop before the logits and return the features */
  bool is_training;
  float dropout_keep_prob; /* 0: the net's own */
  slim_reuse reuse;
  const char *scope; /* NULL: the net's own */
  const char *end_points; /* collection; NULL: SLIM_END_POINTS */
} slim_net_args;

typedef slim_tensor *(*slim_net_fn)(slim_tensor *images, const slim_net_args *args);
/** The arg scope a net is built in; weight_decay scales the L2 penalty of its weights. */
typedef const slim_arg_frame *(*slim_net_scope_fn)(slim_graph *graph, float weight_decay);

typedef struct slim_network {
  const char *name;
  slim_net_fn build;
  slim_net_scope_fn arg_scope;
  int default_image_size, channels;
} slim_network;

/** The network of this name, NULL if there is none. */
SLIM_API const slim_network *slim_get_network(const char *name);
/** The i-th network, NULL behind the last. */
SLIM_API const slim_network *slim_network_at(size_t i);
/**
 * Builds the named network in its arg scope.
 * @return the logits, or the features with num_classes 0. Errors: SLIM_ERR_NOT_FOUND naming the networks there are.
 */
SLIM_API slim_tensor *slim_build_network(const char *name, slim_tensor *images, float weight_decay,
                                         const slim_net_args *args);

/**
 * LeNet: images [n, 28, 28, 1] (other sizes fit too) -> logits [n, num_classes]. End points: conv1, pool1, conv2,
 * pool2, Flatten, fc3, dropout3, Logits, Predictions. Scope "LeNet", dropout_keep_prob 0.5.
 */
SLIM_API slim_tensor *slim_lenet(slim_tensor *images, const slim_net_args *args);
/** conv2d and fully_connected with weights of standard deviation 0.1 and their L2 penalty. */
SLIM_API const slim_arg_frame *slim_lenet_arg_scope(slim_graph *graph, float weight_decay);

#ifdef __cplusplus
}
#endif
#endif
