/* What the networks share. Like a user's code they see public headers alone. */
#ifndef SLIM_NETS_NET_H
#define SLIM_NETS_NET_H

#include "slim/layers.h"
#include "slim/nets.h"
#include "slim/ops.h"

#include <stddef.h>

/* Options that some nets have, beside num_classes, is_training, reuse, scope and end_points, which all have. */
typedef enum slim_net_option {
  SLIM_NET_DROPOUT = 1 << 0,
  SLIM_NET_SQUEEZE = 1 << 1,
  SLIM_NET_GLOBAL_POOL = 1 << 2,
  SLIM_NET_FC_PADDING = 1 << 3,
  SLIM_NET_DEPTH = 1 << 4, /* depth_multiplier and min_depth */
  SLIM_NET_OUTPUT_STRIDE = 1 << 5,
  SLIM_NET_ROOT_BLOCK = 1 << 6,
  SLIM_NET_STORE = 1 << 7, /* store_non_strided_activations */
  SLIM_NET_AUX = 1 << 8,
  SLIM_NET_SEPARABLE = 1 << 9,
  SLIM_NET_PREDICTION = 1 << 10
} slim_net_option;

/* The options of a call with the net's own scope and keep probability where none are given. args may be NULL. Records an
 * error for an option that is not among those that the net takes, and for a depth_multiplier below 0. */
slim_net_args slim_net_options(const slim_tensor *images, const slim_net_args *args, const char *scope,
                               float dropout_keep_prob, unsigned takes);
/* Channels times depth_multiplier, rounded down, but min_depth (otherwise without the option) at least. */
int slim_net_depth(const slim_net_args *args, int channels, int otherwise);
/* Adds the end point "<variable scope in force>/<name>", as layers' outputs are named; name NULL: of the scope itself.
 * @return tensor. */
slim_tensor *slim_net_collect(const slim_net_args *args, const char *name, slim_tensor *tensor);
/* A square kernel, or the size of net where that is smaller. */
slim_hw slim_net_kernel(const slim_tensor *net, int kernel);
/* The mean over height and width, which stay as 1; name is its name scope. */
slim_tensor *slim_net_global_pool(slim_tensor *net, const char *name);
/* [n, 1, 1, c] as [n, c], unless spatial_squeeze is off; name is its name scope. */
slim_tensor *slim_net_squeeze(const slim_net_args *args, slim_tensor *net, const char *name);

/* Adds the end points "Logits" and, by the prediction of args, "Predictions". @return logits. */
slim_tensor *slim_net_predict(const slim_net_args *args, slim_tensor *logits);
/* The fully connected layers of AlexNet and its like, as convolutions: fc6 of outputs channels and kernel x kernel
 * pixels, fc7, and fc8, the logits. */
slim_tensor *slim_net_classifier(slim_tensor *net, int outputs, int kernel, slim_padding padding,
                                 const slim_net_args *args);

#endif
