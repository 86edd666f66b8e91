/*
 * The layers. Each takes its required values by position and options by name:
 *
 *   net = slim_conv2d(net, 64, SLIM_HW(3, 3), .stride = SLIM_HW(2, 2), .scope = "conv1");
 *
 * Options that all layers with variables share: trainable (yes), reuse, variables_collections, outputs_collections,
 * scope. Layers without variables take outputs_collections and scope. Variables, scopes and defaults are TF-Slim's, so
 * that checkpoints match. A layer that fails returns the graph's poison tensor, which later layers pass on; ask
 * slim_graph_status() once at the end. Without the macros (C++) fill a slim_args and call the function.
 */
#ifndef SLIM_LAYERS_H
#define SLIM_LAYERS_H

#include "slim/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- convolution and fully connected ------------------------------------------------------------------------------ */

/**
 * Two-dimensional convolution of net, [n, h, w, c] float32, with num_outputs kernels of kernel pixels; then biases or
 * the normalizer, then the activation. It is cross-correlation: the kernel is not flipped.
 * Variables: weights [kernel.h, kernel.w, c, num_outputs] in both data formats; biases [num_outputs], unless there is a
 * normalizer or biases_initializer is SLIM_NO_INIT.
 * Options: stride ([1, 1]), rate ([1, 1], dilation), padding (SLIM_SAME), data_format (SLIM_NHWC), activation
 * (slim_relu), normalizer, normalizer_args, weights_initializer (SLIM_XAVIER), biases_initializer (SLIM_ZEROS),
 * weights_regularizer, biases_regularizer, scope ("Conv") and the common ones.
 * @return [n, oh, ow, num_outputs]. SAME: oh = ceil(h / stride.h). VALID: oh = ceil((h - (kernel.h - 1) * rate.h) /
 * stride.h). The odd pixel of SAME padding goes to the bottom and right.
 * Errors: SLIM_ERR_SHAPE if the rank is not 4 or the kernel does not fit; SLIM_ERR_ARG if stride and rate are both
 * above 1.
 */
SLIM_API slim_tensor *slim_conv2d(const slim_args *args);

/**
 * Convolution along one axis of net, [n, w, c] float32 ([n, c, w] with SLIM_NCHW). The kernel, stride and rate are one
 * number each: slim_conv1d(net, 64, { 3 }). Variables: weights [kernel, c, num_outputs], biases. Options, result and
 * errors are those of slim_conv2d.
 */
SLIM_API slim_tensor *slim_conv1d(const slim_args *args);

/**
 * Convolution over depth, height and width of net, [n, d, h, w, c] float32 ([n, c, d, h, w] with SLIM_NCHW).
 * Variables: weights [kernel's depth, kernel.h, kernel.w, c, num_outputs], biases.
 * Options: those of slim_conv2d; depth = kernel, stride and rate along the depth (each as along the height):
 * slim_conv3d(net, 64, SLIM_HW(3, 3), .depth = { .kernel = 1, .stride = 2 }).
 */
SLIM_API slim_tensor *slim_conv3d(const slim_args *args);

/** The convolution for net's rank: 3 as slim_conv1d, 4 as slim_conv2d, 5 as slim_conv3d. A layer of its own to arg
 * scopes. */
SLIM_API slim_tensor *slim_convolution(const slim_args *args);

/**
 * Convolution of each channel of net, [n, h, w, c] float32, by one and the same kernel; then biases or the normalizer,
 * then the activation. Variables: weights [kernel.h, kernel.w, 1, 1], biases [c].
 * Options: those of slim_conv2d but rate and data_format; scope ("ConvInPlane").
 * @return [n, oh, ow, c], sizes as in slim_conv2d.
 */
SLIM_API slim_tensor *slim_conv2d_in_plane(const slim_args *args);

/**
 * Transposed convolution of net, [n, h, w, c] float32, what the gradient of a convolution by its input is: stride is by
 * how much the result is larger. Then biases or the normalizer, then the activation.
 * Variables: weights [kernel.h, kernel.w, num_outputs, c] in both data formats; biases, as in slim_conv2d.
 * Options: those of slim_conv2d but rate; scope ("Conv2d_transpose").
 * @return [n, oh, ow, num_outputs]. SAME: oh = h * stride.h. VALID: oh = h * stride.h + max(kernel.h - stride.h, 0).
 * Errors: SLIM_ERR_SHAPE if the rank is not 4; SLIM_ERR_ARG if num_outputs or the kernel is below 1.
 */
SLIM_API slim_tensor *slim_conv2d_transpose(const slim_args *args);

/** Transposed convolution of net, [n, d, h, w, c] or with SLIM_NCHW [n, c, d, h, w]; weights [kernel's depth, kernel.h,
 * kernel.w, num_outputs, c]. Options: those of slim_conv2d_transpose and depth; scope ("Conv3d_transpose"). */
SLIM_API slim_tensor *slim_conv3d_transpose(const slim_args *args);

/**
 * Depthwise convolution of net, [n, h, w, c] float32: each channel by depth_multiplier kernels of kernel pixels, channel
 * k giving the outputs k * depth_multiplier and up; then, unless num_outputs is 0, a 1x1 convolution of the c *
 * depth_multiplier channels into num_outputs; then biases or the normalizer, then the activation. Between the two parts
 * there is neither.
 * Variables: depthwise_weights [kernel.h, kernel.w, c, depth_multiplier]; pointwise_weights [1, 1, c * depth_multiplier,
 * num_outputs]; biases, as in slim_conv2d. Both weights are of the kind "weights" and have the weights_regularizer.
 * Options: depth_multiplier (1), stride ([1, 1]), rate ([1, 1]) and padding (SLIM_SAME) of the depthwise part,
 * data_format (SLIM_NHWC), activation (slim_relu), normalizer, normalizer_args, weights_initializer (SLIM_XAVIER),
 * pointwise_initializer (the weights_initializer), biases_initializer (SLIM_ZEROS), weights_regularizer,
 * biases_regularizer, scope ("SeparableConv2d") and the common ones.
 * @return [n, oh, ow, num_outputs or c * depth_multiplier], sizes as in slim_conv2d.
 * Errors: as slim_conv2d; SLIM_ERR_ARG for a negative num_outputs or depth_multiplier.
 */
SLIM_API slim_tensor *slim_separable_conv2d(const slim_args *args);

/**
 * Fully connected: net [..., k] times weights [k, num_outputs]; then biases or the normalizer, then the activation. Of
 * more than two dimensions only the last is contracted; slim_flatten first to take them all.
 * Options: activation (slim_relu), normalizer, normalizer_args, weights_initializer (SLIM_XAVIER), biases_initializer
 * (SLIM_ZEROS), weights_regularizer, biases_regularizer, scope ("fully_connected") and the common ones.
 * @return [..., num_outputs].
 * Errors: SLIM_ERR_SHAPE if the rank is below 2; SLIM_ERR_ARG if num_outputs is below 1.
 */
SLIM_API slim_tensor *slim_fully_connected(const slim_args *args);

/**
 * Adds a variable biases [c] to every channel of net, then the activation (none).
 * Options: activation, biases_initializer (SLIM_ZEROS), biases_regularizer, data_format (SLIM_NHWC), scope ("BiasAdd")
 * and the common ones.
 */
SLIM_API slim_tensor *slim_bias_add(const slim_args *args);

/**
 * Fully connected as TF-Slim first had it: as slim_fully_connected, but with the variables weights and bias, which are
 * global variables and no model variables, and without a normalizer.
 * Options: activation (none), weights_initializer (SLIM_XAVIER), biases_initializer (SLIM_ZEROS), weights_regularizer,
 * biases_regularizer, trainable, variables_collections ("weights=weights,biases=biases"), outputs_collections
 * ("activations"), reuse, scope ("fully_connected").
 */
SLIM_API slim_tensor *slim_legacy_fully_connected(const slim_args *args);

/* The long names of TF-Slim. */
#define slim_convolution1d slim_conv1d
#define slim_convolution2d slim_conv2d
#define slim_convolution3d slim_conv3d
#define slim_convolution2d_in_plane slim_conv2d_in_plane
#define slim_convolution3d_transpose slim_conv3d_transpose
#define slim_convolution2d_transpose slim_conv2d_transpose
#define slim_separable_convolution2d slim_separable_conv2d

/* --- pooling ------------------------------------------------------------------------------------------------------ */

/**
 * Max pooling over height and width of net, [n, h, w, c] float32, with a window of kernel pixels.
 * Options: stride ([2, 2]), padding (SLIM_VALID), data_format (SLIM_NHWC), outputs_collections, scope ("MaxPool2D").
 * @return [n, oh, ow, c]. SAME: oh = ceil(h / stride.h). VALID: oh = floor((h - kernel.h) / stride.h) + 1.
 * Errors: SLIM_ERR_SHAPE if the rank is not 4 or the window does not fit.
 * The gradient of a tie goes to the first maximum in row order.
 */
SLIM_API slim_tensor *slim_max_pool2d(const slim_args *args);

/** Average pooling; as slim_max_pool2d, scope "AvgPool2D". Divides by the number of pixels inside the input. */
SLIM_API slim_tensor *slim_avg_pool2d(const slim_args *args);

/** Pooling over depth, height and width of net, [n, d, h, w, c] or with SLIM_NCHW [n, c, d, h, w]. Options: those of
 * slim_max_pool2d; depth = kernel and stride along the depth (as along the height); scope ("MaxPool3D"). */
SLIM_API slim_tensor *slim_max_pool3d(const slim_args *args);

/** Average pooling; as slim_max_pool3d, scope "AvgPool3D". Divides by the number of cells inside the input. */
SLIM_API slim_tensor *slim_avg_pool3d(const slim_args *args);

/** SLIM_MAX_POOLING or SLIM_AVG_POOLING over all axes of net, of rank 3, 4 or 5, but batch and channels; of rank 3 the
 * kernel's height does not count. Options: stride (1), rate (1, TF-Slim's dilation_rate), padding (SLIM_VALID),
 * data_format, depth, outputs_collections, scope ("max_pool", "avg_pool"). Errors: SLIM_ERR_ARG if stride and rate are
 * both above 1; SLIM_ERR_UNSUPPORTED for SLIM_SAME with a rate above 1, which TensorFlow does not have either. */
SLIM_API slim_tensor *slim_pool(const slim_args *args);

/* --- normalisation ------------------------------------------------------------------------------------------------ */

/**
 * Batch normalisation of net over all axes but the channels: (net - mean) / sqrt(variance + epsilon) * gamma + beta.
 * Training uses the statistics of the batch and updates moving_mean and moving_variance, moving = moving * decay +
 * batch * (1 - decay); otherwise it uses those. The updates are ops in updates_collections ("update_ops"), which every
 * run that applies gradients runs too; "" runs them with the layer itself.
 * Ranks 2 and 4 take TensorFlow's fused path: the moving variance takes the unbiased variance (times N / (N - 1)) and
 * epsilon is at least 1.001e-5.
 * zero_debias_moving_mean keeps the sum without its start, 0, in "<scope>/moving_mean/biased" and the number of updates
 * in ".../local_step" (below the scope once more, as TensorFlow names them).
 * renorm is batch renormalisation: training corrects the batch's statistics by r and d, clipped by renorm_clipping
 * { .rmax, .rmin, .dmax }, towards the variables renorm_mean and renorm_stddev, which renorm_decay moves (0.99); the
 * variable moving_stddev is what moving_variance then comes from. It takes no fused path.
 * Variables, [c] each: gamma (only with .scale = SLIM_YES), beta (not with .center = SLIM_NO), moving_mean,
 * moving_variance (both not trainable).
 * batch_weights, [n], counts the samples of a batch by their weights. training, a tensor, tells in each run whether it
 * trains, and is_training then does not count. fused = SLIM_NO, batch_weights and other ranks than 2 and 4 take the
 * variance of the batch and epsilon as they are.
 * Options: decay (0.999), center (yes), scale (no), epsilon (0.001), activation (none), is_training (yes), training,
 * batch_weights, fused (yes), data_format
 * (SLIM_NHWC), beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer,
 * beta_regularizer, gamma_regularizer, updates_collections, zero_debias_moving_mean (no), renorm (no), renorm_clipping,
 * renorm_decay, scope ("BatchNorm") and the common ones.
 * @return like net.
 * Errors: SLIM_ERR_SHAPE if the rank is below 2, or not 4 with SLIM_NCHW, if training is no scalar or batch_weights do
 * not fit; SLIM_ERR_ARG for renorm with batch_weights, updates_collections or zero_debias_moving_mean.
 */
SLIM_API slim_tensor *slim_batch_norm(const slim_args *args);

/**
 * Normalises each sample of net by the mean and variance over the axes from begin_norm_axis on: (net - mean) /
 * sqrt(variance + 1e-12) * gamma + beta. Variables beta and gamma have net's shape from begin_params_axis on.
 * Options: center (yes), scale (yes), activation (none), begin_norm_axis (1), begin_params_axis (-1, the channels; both
 * count from the end when negative), scope ("LayerNorm") and the common ones.
 * @return like net. Errors: SLIM_ERR_SHAPE if the rank is below 2; SLIM_ERR_ARG for an axis outside of net.
 */
SLIM_API slim_tensor *slim_layer_norm(const slim_args *args);

/**
 * Normalises each channel of each sample of net, [n, ..., c] or with SLIM_NCHW [n, c, ...], by its mean and variance
 * over all other axes. Variables: beta [c], gamma [c].
 * Options: center (yes), scale (yes), epsilon (1e-6), activation (none), beta_initializer, gamma_initializer,
 * data_format, scope ("InstanceNorm") and the common ones.
 * @return like net. Errors: SLIM_ERR_SHAPE if the rank is below 3.
 */
SLIM_API slim_tensor *slim_instance_norm(const slim_args *args);

/**
 * Normalises each group of channels of each sample of net by its mean and variance over the group and reduction_axes.
 * Variables: beta [c], gamma [c].
 * Options: groups (32), channels_axis (-1), reduction_axes (a mask, SLIM_AXIS(i) | ...; the third and second axis from
 * the end), center (yes), scale (yes), epsilon (1e-6), activation (none), beta_initializer, gamma_initializer,
 * mean_close_to_zero (no; yes: the variance as mean of squares less square of mean), scope ("GroupNorm") and the
 * common ones.
 * With channels in front: .channels_axis = -3, .reduction_axes = SLIM_AXIS(2) | SLIM_AXIS(3).
 * @return like net. Errors: SLIM_ERR_ARG when groups do not divide the channels or the axes do not fit.
 */
SLIM_API slim_tensor *slim_group_norm(const slim_args *args);

/**
 * Generalized divisive normalisation of net, [n, ..., c] of rank 3 to 5 or with SLIM_NCHW [n, c, ...]: each channel i is
 * divided (inverse: multiplied) by sqrt(beta[i] + sum over j of gamma[j, i] * net[j]^2).
 * Variables, no model variables: reparam_beta [c] and reparam_gamma [c, c], whose squares, less reparam_offset^2, are
 * beta and gamma; beta stays at least beta_min, gamma at least 0, and gradients that raise what is below pass.
 * Options: inverse (no), beta_min (1e-6), gamma_init (0.1), reparam_offset (2^-18), data_format (SLIM_NHWC), trainable,
 * reuse, outputs_collections, scope ("gdn").
 * Source: Balle, Laparra, Simoncelli, "Density Modeling of Images using a Generalized Normalization Transformation", 2016.
 */
SLIM_API slim_tensor *slim_gdn(const slim_args *args);

/** net / sqrt(sum of its squares along the axis dim + epsilon). Options: epsilon (1e-7), outputs_collections, scope
 * ("UnitNorm"). Errors: SLIM_ERR_ARG if there is no axis dim, counted from 0. */
SLIM_API slim_tensor *slim_unit_norm(const slim_args *args);

/* --- shape and the rest ------------------------------------------------------------------------------------------- */

/** [n, ...] as [n, product of the rest], row-major. Options: outputs_collections, scope ("Flatten"). */
SLIM_API slim_tensor *slim_flatten(const slim_args *args);

/**
 * Sets each element of net to 0 with probability 1 - keep_prob and divides the rest by keep_prob. Not training: net
 * itself. The mask depends on the graph's seed (or seed), the layer's name and the step, not on the device.
 * noise_shape has a size for each axis of net: 1 where its elements share a mask, 0 (or net's size) elsewhere. training,
 * a tensor, tells in each run whether it trains, and is_training then does not count.
 * Options: keep_prob (0.5), noise_shape, is_training (yes), training, seed, outputs_collections, scope ("Dropout").
 */
SLIM_API slim_tensor *slim_dropout(const slim_args *args);

/** Softmax over the last axis, rank 2 or more. Options: outputs_collections, scope ("softmax"). */
SLIM_API slim_tensor *slim_softmax(const slim_args *args);

/** labels, int32 or int64 of any shape, as labels' shape + [num_classes]: on_value (1) at the label, off_value (0)
 * elsewhere; a label outside [0, num_classes) is all off. Options: outputs_collections, scope ("OneHotEncoding"). */
SLIM_API slim_tensor *slim_one_hot_encoding(const slim_args *args);

/**
 * The largest of each c / num_units features along .axis (-1): consecutive ones along the last axis; along another the
 * order is TensorFlow's, which cuts net, in row-major order, into a shape with num_units there and c / num_units at the
 * end. Options: outputs_collections, scope ("MaxOut").
 * Errors: SLIM_ERR_ARG if num_units does not divide the features.
 */
SLIM_API slim_tensor *slim_maxout(const slim_args *args);

/**
 * Where each channel of net, [n, h, w, c], is large: softmax over its pixels divided by the variable temperature, and
 * of that the expected row and column, from -1 to 1. Options: temperature (1, its first value), data_format (SLIM_NHWC),
 * scope ("spatial_softmax") and the common ones.
 * @return [n, 2 * c]: row and column of the first channel, of the second, ...
 */
SLIM_API slim_tensor *slim_spatial_softmax(const slim_args *args);

/** [n, h, w, c] as the sequence [w, n * h, c] of its columns; n must be known. Options: data_format of net (SLIM_NHWC),
 * outputs_collections, scope ("ImagesToSequence"). */
SLIM_API slim_tensor *slim_images_to_sequence(const slim_args *args);
/** [w, n * height, c] as images [n, height, w, c]; w must be known. Options: data_format of the result (SLIM_NHWC),
 * outputs_collections, scope ("SequenceToImages"). */
SLIM_API slim_tensor *slim_sequence_to_images(const slim_args *args);

/**
 * The elements of labels, int32 or int64 of rank 1 or more, that are not eos_token, in row-major order. A tensor here has
 * a size that is known: there is room for all elements, and behind those that are there stand eos_token and zeros.
 * Options: eos_token (0), outputs_collections, scope ("dense_to_sparse").
 * @return the values, [elements]; slim_tensor_output(values, 1) is their places, int64 [elements, rank], and
 * slim_tensor_output(values, 2) how many there are, an int64 scalar.
 * Errors: SLIM_ERR_TYPE for labels that are no integers.
 */
SLIM_API slim_tensor *slim_dense_to_sparse(const slim_args *args);

/** net itself; its gradient is multiplied by gradient_multiplier, which broadcasts to net. Not for arg scopes. */
SLIM_API slim_tensor *slim_scale_gradient(slim_tensor *net, slim_tensor *gradient_multiplier);

/* --- activations: layers without variables. Options: scope (the op's name), outputs_collections ------------------- */

/** max(x, 0). */
SLIM_API slim_tensor *slim_relu(const slim_args *args);
/** min(max(x, 0), 6). */
SLIM_API slim_tensor *slim_relu6(const slim_args *args);
/** x, and e^x - 1 below 0. */
SLIM_API slim_tensor *slim_elu(const slim_args *args);
/** 1 / (1 + e^-x). */
SLIM_API slim_tensor *slim_sigmoid(const slim_args *args);
/** The hyperbolic tangent. */
SLIM_API slim_tensor *slim_tanh(const slim_args *args);
/** Its input: no activation, no normalizer. */
SLIM_API slim_tensor *slim_identity(const slim_args *args);

/* --- composition -------------------------------------------------------------------------------------------------- */

/**
 * Calls layer repetitions times, each on the result of the one before, with all other values and options of the call.
 * The variable scope is scope (or "Repeat"); call i, from 1, gets the scope "<scope>_<i>", without a scope
 * "<layer's name>_<i>": Repeat/convolution2d_1.
 */
SLIM_API slim_tensor *slim_repeat(const slim_args *args);
/** As slim_repeat (scope "Stack") with one call per row, whose values go by position to the layer. */
SLIM_API slim_tensor *slim_stack(const slim_args *args);

/* --- regularizers ------------------------------------------------------------------------------------------------- */

/** One regularizer that adds up all of the list; SLIM_NO_REG when nothing is left. */
SLIM_API slim_regularizer slim_sum_regularizer(const slim_regularizer *list, size_t count);
/** The sum of the regularizer's penalties of weights, added to "regularization_losses".
 * Errors: SLIM_ERR_ARG for a negative scale. @return NULL without weights or with a scale of 0. */
SLIM_API slim_tensor *slim_apply_regularization(slim_regularizer regularizer, slim_tensors weights);

#ifndef __cplusplus
#define slim_conv2d(net_, n_, ...)                                                                                     \
  (slim_conv2d)(SLIM_ARGS(.input = (net_), .num_outputs = (n_), .kernel = __VA_ARGS__))
#define slim_conv1d(net_, n_, ...)                                                                                     \
  (slim_conv1d)(SLIM_ARGS(.input = (net_), .num_outputs = (n_), .kernel = __VA_ARGS__))
#define slim_conv3d(net_, n_, ...)                                                                                     \
  (slim_conv3d)(SLIM_ARGS(.input = (net_), .num_outputs = (n_), .kernel = __VA_ARGS__))
#define slim_convolution(net_, n_, ...)                                                                                \
  (slim_convolution)(SLIM_ARGS(.input = (net_), .num_outputs = (n_), .kernel = __VA_ARGS__))
#define slim_conv2d_in_plane(net_, ...) (slim_conv2d_in_plane)(SLIM_ARGS(.input = (net_), .kernel = __VA_ARGS__))
#define slim_conv3d_transpose(net_, n_, ...)                                                                           \
  (slim_conv3d_transpose)(SLIM_ARGS(.input = (net_), .num_outputs = (n_), .kernel = __VA_ARGS__))
#define slim_conv2d_transpose(net_, n_, ...)                                                                           \
  (slim_conv2d_transpose)(SLIM_ARGS(.input = (net_), .num_outputs = (n_), .kernel = __VA_ARGS__))
#define slim_separable_conv2d(net_, n_, ...)                                                                           \
  (slim_separable_conv2d)(SLIM_ARGS(.input = (net_), .num_outputs = (n_), .kernel = __VA_ARGS__))
#define slim_fully_connected(net_, ...) (slim_fully_connected)(SLIM_ARGS(.input = (net_), .num_outputs = __VA_ARGS__))
/** What TF-Slim calls linear, and likewise relu(x, 64): fully connected with that activation. */
#define slim_linear(net_, ...) slim_fully_connected(net_, __VA_ARGS__, .activation = slim_identity)
#define slim_legacy_fully_connected(net_, ...)                                                                         \
  (slim_legacy_fully_connected)(SLIM_ARGS(.input = (net_), .num_outputs = __VA_ARGS__))
#define slim_legacy_linear(net_, ...) slim_legacy_fully_connected(net_, __VA_ARGS__, .activation = slim_identity)
#define slim_legacy_relu(net_, ...) slim_legacy_fully_connected(net_, __VA_ARGS__, .activation = slim_relu)
#define slim_bias_add(...) (slim_bias_add)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_max_pool2d(net_, ...) (slim_max_pool2d)(SLIM_ARGS(.input = (net_), .kernel = __VA_ARGS__))
#define slim_avg_pool2d(net_, ...) (slim_avg_pool2d)(SLIM_ARGS(.input = (net_), .kernel = __VA_ARGS__))
#define slim_max_pool3d(net_, ...) (slim_max_pool3d)(SLIM_ARGS(.input = (net_), .kernel = __VA_ARGS__))
#define slim_avg_pool3d(net_, ...) (slim_avg_pool3d)(SLIM_ARGS(.input = (net_), .kernel = __VA_ARGS__))
#define slim_pool(net_, kernel_, ...)                                                                                  \
  (slim_pool)(SLIM_ARGS(.input = (net_), .kernel = kernel_, .pooling_type = __VA_ARGS__))
#define slim_layer_norm(...) (slim_layer_norm)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_instance_norm(...) (slim_instance_norm)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_group_norm(...) (slim_group_norm)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_gdn(...) (slim_gdn)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_unit_norm(net_, ...) (slim_unit_norm)(SLIM_ARGS(.input = (net_), .axis = __VA_ARGS__))
#define slim_maxout(net_, ...) (slim_maxout)(SLIM_ARGS(.input = (net_), .num_outputs = __VA_ARGS__))
#define slim_spatial_softmax(...) (slim_spatial_softmax)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_images_to_sequence(...) (slim_images_to_sequence)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_sequence_to_images(net_, ...)                                                                             \
  (slim_sequence_to_images)(SLIM_ARGS(.input = (net_), .num_outputs = __VA_ARGS__))
#define slim_dense_to_sparse(...) (slim_dense_to_sparse)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_elu(...) (slim_elu)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_batch_norm(...) (slim_batch_norm)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_flatten(...) (slim_flatten)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_dropout(...) (slim_dropout)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_softmax(...) (slim_softmax)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_one_hot_encoding(labels_, ...)                                                                            \
  (slim_one_hot_encoding)(SLIM_ARGS(.input = (labels_), .num_outputs = __VA_ARGS__))
#define slim_relu(...) (slim_relu)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_relu6(...) (slim_relu6)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_sigmoid(...) (slim_sigmoid)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_tanh(...) (slim_tanh)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_identity(...) (slim_identity)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_repeat(net_, times_, layer_, ...)                                                                         \
  (slim_repeat)(SLIM_ARGS(.input = (net_), .repetitions = (times_), .layer = (layer_), .num_outputs = __VA_ARGS__))
#define slim_stack(net_, layer_, ...) (slim_stack)(SLIM_ARGS(.input = (net_), .layer = (layer_), .rows = __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
