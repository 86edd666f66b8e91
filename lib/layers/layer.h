/* What layers share: how a call begins and ends, and how its variables are made. */
#ifndef SLIM_LAYERS_LAYER_H
#define SLIM_LAYERS_LAYER_H

#include "ops/ops.h"
#include "slim/layers.h"
#include "slim/ops.h"

/* Opens a call of the layer with one input tensor. @return false: slim_layer_refuse() is the layer's result. */
bool slim_layer_open(slim_call *call, const slim_layer_info *info, const slim_args *args);
/* The poison of a call that did not open. */
slim_tensor *slim_layer_refuse(const slim_call *call);

/* What the input's rank, and the numbers by position, must be. @return false with the error recorded. */
bool slim_layer_image(slim_call *call); /* rank 4 */
bool slim_layer_rank_is(slim_call *call, int rank);
bool slim_layer_rank(slim_call *call, int least);
bool slim_layer_spatial(slim_call *call); /* rank 3, 4 or 5: one to three axes beside batch and channels */
bool slim_layer_outputs(slim_call *call);
bool slim_layer_kernel(slim_call *call);
/* Options of a convolution, or of pooling, over height and width; stride: when not given. */
slim_conv2d_attr slim_layer_convolution(const slim_call *call);
slim_pool2d_attr slim_layer_pooling(const slim_call *call, int stride);

/* The input [n, w, c] (or [n, c, w]) as images of one row, and a result like those as rows. */
slim_tensor *slim_layer_row_image(slim_call *call);
slim_tensor *slim_layer_image_row(slim_call *call, slim_tensor *net);
/* The input, of rank 3 or more, with its channels last, and a result like that in the call's format. */
slim_tensor *slim_layer_channels_last(slim_call *call);
slim_tensor *slim_layer_channels_back(slim_call *call, slim_tensor *net);
/* Is the option training, if given, a scalar? @return false with the error recorded. */
bool slim_layer_training(slim_call *call);
/* yes in runs that train by the option training, no in others. */
slim_tensor *slim_layer_chosen(const slim_call *call, slim_tensor *yes, slim_tensor *no);
/* Max or average pooling of the input as such a volume. */
slim_tensor *slim_layer_pool_volume(slim_call *call, const slim_op *op, const char *name, slim_pool2d_attr attr);
bool slim_layer_nchw(const slim_call *call);
/* Size of the channel axis of x: the last, or axis 1 with NCHW. */
int slim_layer_channels(const slim_call *call, const slim_tensor *x);

/* What was given by option, or otherwise. */
slim_hw slim_option_hw(slim_hw hw, int otherwise);
slim_initializer slim_option_initializer(slim_initializer given, slim_initializer otherwise);
/* Of weights: the option, or xavier's. */
slim_initializer slim_layer_initializer(const slim_call *call);

/* A model variable of the layer; kind is its name ("weights") and picks from variables_collections. */
slim_tensor *slim_layer_variable_add(slim_call *call, const char *kind, slim_shape shape, slim_initializer initializer,
                                     slim_regularizer regularizer, bool trainable);
/* The same, but no model variable, and in the collection kind when the call names none. */
slim_tensor *slim_layer_legacy_variable_add(slim_call *call, const char *name, const char *kind, slim_shape shape,
                                            slim_initializer initializer, slim_regularizer regularizer);
/* A variable of the kind "weights" with a name of its own ("weights" as a rule). */
slim_tensor *slim_layer_weights_add(slim_call *call, const char *name, slim_shape shape, slim_initializer initializer);
/* The most elements of a constant that a layer makes: 64 MiB. */
enum { SLIM_LAYER_VALUES = 1 << 24 };
/* A constant with value in each element. Errors: SLIM_ERR_SHAPE when there are too many. */
slim_tensor *slim_layer_filled(slim_call *call, slim_shape shape, float value, const char *name);

/* The shape of beta and gamma, and the one with which they broadcast. */
typedef struct slim_parameters {
  slim_shape shape, broadcast;
} slim_parameters;
/* (x - mean) / sqrt(variance + epsilon) * gamma + beta, with the moments of x over axes; gamma and beta are made unless
 * the call says .scale or .center = SLIM_NO. */
slim_tensor *slim_layer_normalize(slim_call *call, slim_tensor *x, unsigned axes, float epsilon,
                                  const slim_parameters *parameters);
/* Calls layer with input and the options of with (may be NULL). */
slim_tensor *slim_layer_call(slim_layer_fn layer, const slim_args *with, slim_tensor *input);
/* Biases over the channels of net. */
slim_tensor *slim_layer_biases(slim_call *call, slim_tensor *net);
/* What follows the linear part: biases or normalizer, the activation (otherwise when not given), the end of the call.
 */
slim_tensor *slim_layer_finish(slim_call *call, slim_tensor *net, slim_layer_fn otherwise);
/* The activation and the end of the call. */
slim_tensor *slim_layer_activate(slim_call *call, slim_tensor *net, slim_layer_fn otherwise);

/* The options of all layers that make variables. */
#define SLIM_LAYER_COMMON                                                                                              \
  SLIM_OPTION(reuse), SLIM_OPTION(variables_collections), SLIM_OPTION(outputs_collections), SLIM_OPTION(trainable),    \
      SLIM_OPTION(scope)
/* The options of all layers that make none. */
#define SLIM_LAYER_PLAIN SLIM_OPTION(outputs_collections), SLIM_OPTION(scope)
/* The options of layers with a kernel. */
#define SLIM_LAYER_KERNEL SLIM_OPTION(kernel), SLIM_OPTION(stride), SLIM_OPTION(padding)
/* The options of layers with weights. */
#define SLIM_LAYER_LINEAR                                                                                              \
  SLIM_LAYER_COMMON, SLIM_OPTION(activation), SLIM_OPTION(normalizer), SLIM_OPTION(normalizer_args),                   \
      SLIM_OPTION(weights_initializer), SLIM_OPTION(biases_initializer), SLIM_OPTION(weights_regularizer),             \
      SLIM_OPTION(biases_regularizer)

extern const slim_layer_info slim_layer_convolution_any, slim_layer_conv1d, slim_layer_conv3d,
    slim_layer_conv3d_transpose, slim_layer_conv2d_in_plane, slim_layer_max_pool3d, slim_layer_avg_pool3d,
    slim_layer_pool_any, slim_layer_layer_norm, slim_layer_instance_norm, slim_layer_group_norm, slim_layer_unit_norm,
    slim_layer_maxout, slim_layer_spatial_softmax, slim_layer_images_to_sequence, slim_layer_sequence_to_images,
    slim_layer_elu, slim_layer_conv2d, slim_layer_conv2d_transpose, slim_layer_separable_conv2d,
    slim_layer_fully_connected, slim_layer_bias_add, slim_layer_max_pool2d, slim_layer_avg_pool2d,
    slim_layer_batch_norm, slim_layer_flatten, slim_layer_dropout, slim_layer_softmax,
    slim_layer_one_hot_encoding, slim_layer_relu, slim_layer_relu6, slim_layer_sigmoid, slim_layer_tanh,
    slim_layer_identity, slim_layer_legacy_fully_connected, slim_layer_gdn, slim_layer_dense_to_sparse;

#endif
