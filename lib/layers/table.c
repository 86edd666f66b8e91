/* Every layer of the library that arg scopes can name, one row each. */
#include "layers/layer.h"
#include "layers/variable.h"

/* Losses are calls that scopes can name too; their folder stands beside this one. */
extern const slim_layer_info slim_layer_compute_weighted_loss, slim_layer_softmax_cross_entropy,
    slim_layer_sparse_softmax_cross_entropy, slim_layer_sigmoid_cross_entropy, slim_layer_mean_squared_error,
    slim_layer_absolute_difference, slim_layer_log_loss, slim_layer_huber_loss, slim_layer_cosine_distance,
    slim_layer_hinge_loss, slim_layer_mean_pairwise_squared_error, slim_layer_add_loss;

const slim_layer_info *const slim_layer_table[] = {
  &slim_layer_variable,
  &slim_layer_model_variable,
  &slim_layer_conv2d,
  &slim_layer_conv2d_transpose,
  &slim_layer_separable_conv2d,
  &slim_layer_fully_connected,
  &slim_layer_bias_add,
  &slim_layer_max_pool2d,
  &slim_layer_avg_pool2d,
  &slim_layer_batch_norm,
  &slim_layer_flatten,
  &slim_layer_dropout,
  &slim_layer_softmax,
  &slim_layer_one_hot_encoding,
  &slim_layer_relu,
  &slim_layer_relu6,
  &slim_layer_sigmoid,
  &slim_layer_tanh,
  &slim_layer_identity,
  &slim_layer_compute_weighted_loss,
  &slim_layer_softmax_cross_entropy,
  &slim_layer_sparse_softmax_cross_entropy,
  &slim_layer_sigmoid_cross_entropy,
  &slim_layer_mean_squared_error,
  &slim_layer_absolute_difference,
  &slim_layer_log_loss,
  &slim_layer_huber_loss,
  &slim_layer_cosine_distance,
  &slim_layer_hinge_loss,
  &slim_layer_mean_pairwise_squared_error,
  &slim_layer_add_loss,
  NULL,
};
