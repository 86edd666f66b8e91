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

/** Options of a net; zero means its default. All nets take num_classes, is_training, reuse, scope and end_points; another
 * one that the description of a net does not name is SLIM_ERR_ARG. */
typedef struct slim_net_args {
  int num_classes; /* 0: stop before the logits and return the features */
  bool is_training; /* false, as nets_factory has it; called by itself, a net of TF-Slim trains unless told otherwise */
  float dropout_keep_prob; /* 0: the net's own */
  slim_reuse reuse;
  const char *scope;            /* NULL: the net's own */
  const char *end_points;       /* collection; NULL: SLIM_END_POINTS */
  slim_flag spatial_squeeze;    /* yes: logits [n, num_classes] instead of [n, 1, 1, num_classes] */
  slim_flag global_pool;        /* the mean over height and width before the logits, for images of any size */
  slim_padding fc_conv_padding; /* of fully connected layers that are convolutions */
  double depth_multiplier;      /* of the number of channels; 0: 1 */
  int min_depth;                /* channels that depth_multiplier leaves at least */
  int output_stride;            /* of the last features; strides beyond it become rates. 0: the net's own */
  slim_flag include_root_block; /* yes: the first convolution and pooling of a ResNet */
  slim_flag store_non_strided_activations; /* no: a ResNet's blocks as end points are strided */
  slim_flag create_aux_logits;             /* yes: the auxiliary head of an Inception net */
  slim_flag use_separable_conv;            /* yes: for the first layer of Inception v2 */
  slim_layer_fn prediction;                /* for "Predictions"; NULL: slim_softmax; slim_identity: none */
} slim_net_args;

/** Builds the net's layers on images, [n, height, width, channels]. args NULL: all defaults. */
typedef slim_tensor *(*slim_net_fn)(slim_tensor *images, const slim_net_args *args);
/** The arg scope a net is built in; weight_decay scales the L2 penalty of its weights. */
typedef const slim_arg_frame *(*slim_net_scope_fn)(slim_graph *graph, float weight_decay);

typedef struct slim_network {
  const char *name;
  slim_net_fn build;
  slim_net_scope_fn arg_scope;
  int default_image_size, channels;
  int default_num_classes; /* of its released checkpoint, or of the data set it was made for */
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
 * pool2, Flatten, fc3, dropout3, Logits, Predictions. Scope "LeNet", dropout_keep_prob 0.5, prediction slim_softmax.
 */
SLIM_API slim_tensor *slim_lenet(slim_tensor *images, const slim_net_args *args);
/** conv2d and fully_connected with weights of standard deviation 0.1 and their L2 penalty. */
SLIM_API const slim_arg_frame *slim_lenet_arg_scope(slim_graph *graph, float weight_decay);

/**
 * CifarNet: images [n, 32, 32, 3] -> logits [n, num_classes]. End points: conv1, pool1, conv2, pool2, Flatten, fc3,
 * fc4, Logits, Predictions. Scope "CifarNet", dropout_keep_prob 0.5, prediction slim_softmax.
 */
SLIM_API slim_tensor *slim_cifarnet(slim_tensor *images, const slim_net_args *args);
/** fully_connected with the L2 penalty of weights (TF-Slim's default 0.004), conv2d without. */
SLIM_API const slim_arg_frame *slim_cifarnet_arg_scope(slim_graph *graph, float weight_decay);

/**
 * AlexNet of "One weird trick": images [n, 224, 224, 3]. End points: the output of each convolution and pooling by full
 * scope, "alexnet_v2/conv1"; of the logits "alexnet_v2/fc8"; "global_pool". Scope "alexnet_v2", dropout_keep_prob 0.5,
 * spatial_squeeze yes, global_pool no.
 */
SLIM_API slim_tensor *slim_alexnet_v2(slim_tensor *images, const slim_net_args *args);
/** Biases of 0.1, the L2 penalty of weights (TF-Slim's default 5e-4). */
SLIM_API const slim_arg_frame *slim_alexnet_v2_arg_scope(slim_graph *graph, float weight_decay);

/** OverFeat, the fast model: images [n, 231, 231, 3]. End points, options and defaults as slim_alexnet_v2. */
SLIM_API slim_tensor *slim_overfeat(slim_tensor *images, const slim_net_args *args);
/** The L2 penalty of weights (TF-Slim's default 5e-4). */
SLIM_API const slim_arg_frame *slim_overfeat_arg_scope(slim_graph *graph, float weight_decay);

/**
 * VGG with 8, 13 and 16 convolutions: images [n, 224, 224, 3]. End points: the output of each convolution and pooling
 * by full scope, "vgg_16/conv1/conv1_1"; of the logits "vgg_16/fc8"; "global_pool". Scope the name, dropout_keep_prob
 * 0.5, spatial_squeeze yes, global_pool no, fc_conv_padding SLIM_VALID (SLIM_SAME: a map of logits, one for each 32x32
 * pixels).
 */
SLIM_API slim_tensor *slim_vgg_a(slim_tensor *images, const slim_net_args *args);
/** VGG-16, configuration D: 13 convolutions. Otherwise as slim_vgg_a; scope "vgg_16". */
SLIM_API slim_tensor *slim_vgg_16(slim_tensor *images, const slim_net_args *args);
/** VGG-19, configuration E: 16 convolutions. Otherwise as slim_vgg_a; scope "vgg_19". */
SLIM_API slim_tensor *slim_vgg_19(slim_tensor *images, const slim_net_args *args);
/** conv2d and fully_connected with the L2 penalty of weights (TF-Slim's default 5e-4). */
SLIM_API const slim_arg_frame *slim_vgg_arg_scope(slim_graph *graph, float weight_decay);

/** A block of bottleneck units of a ResNet: num_units of base_depth channels, four times that many at the ends of each;
 * the last has the stride. */
typedef struct slim_resnet_block {
  const char *scope;
  int base_depth, num_units, stride;
} slim_resnet_block;

/**
 * ResNet of blocks: images [n, 224, 224, 3]. End points: the output of each convolution, unit and block by full scope,
 * "resnet_v1_50/block1/unit_1/bottleneck_v1/conv1"; "global_pool"; of the logits "resnet_v1_50/logits" and
 * "resnet_v1_50/spatial_squeeze"; "predictions". Scope "resnet_v1", spatial_squeeze yes, global_pool yes, output_stride
 * a multiple of 4, include_root_block yes, store_non_strided_activations no.
 * Errors: SLIM_ERR_ARG if the strides of the units do not reach output_stride.
 */
SLIM_API slim_tensor *slim_resnet_v1(slim_tensor *images, const slim_resnet_block *blocks, size_t count,
                                     const slim_net_args *args);
/** ResNet v1 of 50 layers, with its name as scope; also depth_multiplier 1 and min_depth 8, of the units. */
SLIM_API slim_tensor *slim_resnet_v1_50(slim_tensor *images, const slim_net_args *args);
/** ResNet v1 of 101 layers, as slim_resnet_v1_50; scope "resnet_v1_101". */
SLIM_API slim_tensor *slim_resnet_v1_101(slim_tensor *images, const slim_net_args *args);
/** ResNet v1 of 152 layers, as slim_resnet_v1_50; scope "resnet_v1_152". */
SLIM_API slim_tensor *slim_resnet_v1_152(slim_tensor *images, const slim_net_args *args);
/** ResNet v1 of 200 layers, as slim_resnet_v1_50; scope "resnet_v1_200". */
SLIM_API slim_tensor *slim_resnet_v1_200(slim_tensor *images, const slim_net_args *args);
/** ResNet v2, whose units begin with batch norm and relu; the rest as slim_resnet_v1. Scope "resnet_v2". */
SLIM_API slim_tensor *slim_resnet_v2(slim_tensor *images, const slim_resnet_block *blocks, size_t count,
                                     const slim_net_args *args);
/** ResNet v2 of 50 layers, as slim_resnet_v1_50; scope "resnet_v2_50". */
SLIM_API slim_tensor *slim_resnet_v2_50(slim_tensor *images, const slim_net_args *args);
/** ResNet v2 of 101 layers, as slim_resnet_v1_50; scope "resnet_v2_101". */
SLIM_API slim_tensor *slim_resnet_v2_101(slim_tensor *images, const slim_net_args *args);
/** ResNet v2 of 152 layers, as slim_resnet_v1_50; scope "resnet_v2_152". */
SLIM_API slim_tensor *slim_resnet_v2_152(slim_tensor *images, const slim_net_args *args);
/** ResNet v2 of 200 layers, as slim_resnet_v1_50; scope "resnet_v2_200". */
SLIM_API slim_tensor *slim_resnet_v2_200(slim_tensor *images, const slim_net_args *args);
/** Convolutions with batch norm (decay 0.997, epsilon 1e-5, gamma) and the L2 penalty of weights (TF-Slim's default
 * 1e-4), batch norm the same by itself, pooling with SLIM_SAME. */
SLIM_API const slim_arg_frame *slim_resnet_arg_scope(slim_graph *graph, float weight_decay);

/*
 * The Inception nets. End points: plain layers and mixed blocks, "Mixed_5b"; "Logits"; "Predictions"; "global_pool"
 * where all of the map is pooled. All take dropout_keep_prob (0.8), depth_multiplier (1), min_depth (16) and
 * prediction (slim_softmax). Training adds the loss of the end point "AuxLogits", where there is one, with the weight
 * 0.4.
 */

/** Inception v1: images [n, 224, 224, 3]. More end points: "AvgPool_0a_7x7". Scope "InceptionV1", spatial_squeeze yes,
 * global_pool no. */
SLIM_API slim_tensor *slim_inception_v1(slim_tensor *images, const slim_net_args *args);
/** Inception v2: images [n, 224, 224, 3]. More end points: "AvgPool_1a", "PreLogits". Scope "InceptionV2",
 * spatial_squeeze yes, global_pool no, use_separable_conv yes. */
SLIM_API slim_tensor *slim_inception_v2(slim_tensor *images, const slim_net_args *args);
/** Inception v3: images [n, 299, 299, 3]. More end points: "AuxLogits", "AvgPool_1a", "PreLogits". Scope "InceptionV3",
 * spatial_squeeze yes, global_pool no, create_aux_logits yes. */
SLIM_API slim_tensor *slim_inception_v3(slim_tensor *images, const slim_net_args *args);
/** Inception v4: images [n, 299, 299, 3]. More end points: "AuxLogits", "global_pool", "PreLogitsFlatten". Scope
 * "InceptionV4", create_aux_logits yes. */
SLIM_API slim_tensor *slim_inception_v4(slim_tensor *images, const slim_net_args *args);
/** Convolutions with batch norm (decay 0.9997, epsilon 0.001) and the L2 penalty of weights (TF-Slim's default 4e-5),
 * also of fully connected layers. */
SLIM_API const slim_arg_frame *slim_inception_arg_scope(slim_graph *graph, float weight_decay);

/** Inception-ResNet v2: images [n, 299, 299, 3]. More end points: "AuxLogits", "PreAuxLogits", "global_pool",
 * "PreLogitsFlatten". Scope "InceptionResnetV2", create_aux_logits yes. */
SLIM_API slim_tensor *slim_inception_resnet_v2(slim_tensor *images, const slim_net_args *args);
/** Convolutions with batch norm (decay 0.9997, epsilon 0.001) and the L2 penalty of weights and biases (TF-Slim's
 * default 4e-5), also of fully connected layers. */
SLIM_API const slim_arg_frame *slim_inception_resnet_v2_arg_scope(slim_graph *graph, float weight_decay);

/**
 * MobileNet v1: images [n, 224, 224, 3]. End points: "Conv2d_0", each depthwise and pointwise part,
 * "Conv2d_1_depthwise" and "Conv2d_1_pointwise"; "AvgPool_1a" or "global_pool"; "Logits"; "Predictions". Scope
 * "MobilenetV1", dropout_keep_prob 0.999, spatial_squeeze yes, global_pool no, depth_multiplier 1, min_depth 8,
 * output_stride 8, 16 or 32 (the default), prediction slim_softmax.
 * Errors: SLIM_ERR_ARG for another output_stride or a negative depth_multiplier.
 */
SLIM_API slim_tensor *slim_mobilenet_v1(slim_tensor *images, const slim_net_args *args);
/** slim_mobilenet_v1 with a depth_multiplier of 0.75. */
SLIM_API slim_tensor *slim_mobilenet_v1_075(slim_tensor *images, const slim_net_args *args);
/** slim_mobilenet_v1 with a depth_multiplier of 0.5. */
SLIM_API slim_tensor *slim_mobilenet_v1_050(slim_tensor *images, const slim_net_args *args);
/** slim_mobilenet_v1 with a depth_multiplier of 0.25. */
SLIM_API slim_tensor *slim_mobilenet_v1_025(slim_tensor *images, const slim_net_args *args);
/** Convolutions with batch norm (decay 0.9997, epsilon 0.001, gamma), relu6 and weights of standard deviation 0.09; the
 * L2 penalty (TF-Slim's default 4e-5) of weights other than depthwise ones. */
SLIM_API const slim_arg_frame *slim_mobilenet_v1_arg_scope(slim_graph *graph, float weight_decay);

#ifdef __cplusplus
}
#endif
#endif
