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
 * Transposed convolution of net, [n, h, w, c] float32, what the gradient of a convolution by its input is: stride is by
 * how much the result is larger. Then biases or the normalizer, then the activation.
 * Variables: weights [kernel.h, kernel.w, num_outputs, c] in both data formats; biases, as in slim_conv2d.
 * Options: those of slim_conv2d but rate; scope ("Conv2d_transpose").
 * @return [n, oh, ow, num_outputs]. SAME: oh = h * stride.h. VALID: oh = h * stride.h + max(kernel.h - stride.h, 0).
 * Errors: SLIM_ERR_SHAPE if the rank is not 4; SLIM_ERR_ARG if num_outputs or the kernel is below 1.
 */
SLIM_API slim_tensor *slim_conv2d_transpose(const slim_args *args);

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

/* The long names of TF-Slim. */
#define slim_convolution2d slim_conv2d
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

/* --- normalisation ------------------------------------------------------------------------------------------------ */

/**
 * Batch normalisation of net over all axes but the channels: (net - mean) / sqrt(variance + epsilon) * gamma + beta.
 * Training uses the statistics of the batch and updates moving_mean and moving_variance, moving = moving * decay +
 * batch * (1 - decay); otherwise it uses those. The updates are ops in updates_collections ("update_ops"), which every
 * run that applies gradients runs too; "" runs them with the layer itself.
 * Ranks 2 and 4 take TensorFlow's fused path: the moving variance takes the unbiased variance (times N / (N - 1)) and
 * epsilon is at least 1.001e-5.
 * Variables, [c] each: gamma (only with .scale = SLIM_YES), beta (not with .center = SLIM_NO), moving_mean,
 * moving_variance (both not trainable).
 * Options: decay (0.999), center (yes), scale (no), epsilon (0.001), activation (none), is_training (yes), data_format
 * (SLIM_NHWC), beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer,
 * beta_regularizer, gamma_regularizer, updates_collections, scope ("BatchNorm") and the common ones.
 * @return like net.
 * Errors: SLIM_ERR_SHAPE if the rank is below 2, or not 4 with SLIM_NCHW.
 */
SLIM_API slim_tensor *slim_batch_norm(const slim_args *args);

/* --- shape and the rest ------------------------------------------------------------------------------------------- */

/** [n, ...] as [n, product of the rest], row-major. Options: outputs_collections, scope ("Flatten"). */
SLIM_API slim_tensor *slim_flatten(const slim_args *args);

/**
 * Sets each element of net to 0 with probability 1 - keep_prob and divides the rest by keep_prob. Not training: net
 * itself. The mask depends on the graph's seed (or seed), the layer's name and the step, not on the device.
 * Options: keep_prob (0.5), is_training (yes), seed, outputs_collections, scope ("Dropout").
 */
SLIM_API slim_tensor *slim_dropout(const slim_args *args);

/** Softmax over the last axis, rank 2 or more. Options: outputs_collections, scope ("softmax"). */
SLIM_API slim_tensor *slim_softmax(const slim_args *args);

/** labels, int32 or int64 of any shape, as labels' shape + [num_classes]: on_value (1) at the label, off_value (0)
 * elsewhere; a label outside [0, num_classes) is all off. Options: outputs_collections, scope ("OneHotEncoding"). */
SLIM_API slim_tensor *slim_one_hot_encoding(const slim_args *args);

/* --- activations: layers without variables. Options: scope (the op's name), outputs_collections ------------------- */

/** max(x, 0). */
SLIM_API slim_tensor *slim_relu(const slim_args *args);
/** min(max(x, 0), 6). */
SLIM_API slim_tensor *slim_relu6(const slim_args *args);
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
#define slim_conv2d_transpose(net_, n_, ...)                                                                           \
  (slim_conv2d_transpose)(SLIM_ARGS(.input = (net_), .num_outputs = (n_), .kernel = __VA_ARGS__))
#define slim_separable_conv2d(net_, n_, ...)                                                                           \
  (slim_separable_conv2d)(SLIM_ARGS(.input = (net_), .num_outputs = (n_), .kernel = __VA_ARGS__))
#define slim_fully_connected(net_, ...) (slim_fully_connected)(SLIM_ARGS(.input = (net_), .num_outputs = __VA_ARGS__))
#define slim_bias_add(...) (slim_bias_add)(SLIM_ARGS(.input = __VA_ARGS__))
#define slim_max_pool2d(net_, ...) (slim_max_pool2d)(SLIM_ARGS(.input = (net_), .kernel = __VA_ARGS__))
#define slim_avg_pool2d(net_, ...) (slim_avg_pool2d)(SLIM_ARGS(.input = (net_), .kernel = __VA_ARGS__))
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
