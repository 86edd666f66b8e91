/* What losses share. */
#ifndef SLIM_LOSSES_LOSS_H
#define SLIM_LOSSES_LOSS_H

#include "ops/ops.h"
#include "slim/losses.h"

/* The options of every loss that is weighed. */
#define SLIM_LOSS_COMMON SLIM_OPTION(weights), SLIM_OPTION(weight), SLIM_OPTION(loss_collection), SLIM_OPTION(scope)

extern const slim_layer_info slim_layer_compute_weighted_loss, slim_layer_softmax_cross_entropy,
    slim_layer_sparse_softmax_cross_entropy, slim_layer_sigmoid_cross_entropy, slim_layer_mean_squared_error,
    slim_layer_absolute_difference, slim_layer_log_loss, slim_layer_huber_loss, slim_layer_cosine_distance,
    slim_layer_hinge_loss, slim_layer_mean_pairwise_squared_error, slim_layer_add_loss;

/* Opens a loss of two tensors under its name scope. @return false: slim_loss_refuse() is the result. */
bool slim_loss_open(slim_call *call, const slim_layer_info *info, const char *scope, const slim_args *args);
slim_tensor *slim_loss_refuse(const slim_call *call);
/* Predictions and labels must agree in shape; labels become float32. @return false with the error recorded. */
bool slim_loss_pair(slim_call *call);
/* The call's weights for losses of shape full, with weight in them and the same rank: axes left out are 1; a scalar
 * stays one. NULL without weights. Poison: they do not fit. */
slim_tensor *slim_loss_weights(slim_call *call, const slim_shape *full);
/* 1 - x. */
slim_tensor *slim_loss_complement(slim_tensor *x);
/* Adds result to the loss collection and ends the call. */
slim_tensor *slim_loss_collect(slim_call *call, slim_tensor *result);
/* Weighs and reduces losses, collects the result, ends the call. */
slim_tensor *slim_loss_finish(slim_call *call, slim_tensor *losses);

#endif
