/* What the modes of batch norm share. */
#ifndef SLIM_LAYERS_BATCH_NORM_H
#define SLIM_LAYERS_BATCH_NORM_H

#include "layers/layer.h"

/* Inputs of the op: net, gamma, beta, moving mean, moving variance. */
enum { SLIM_NORM_INPUT, SLIM_NORM_GAMMA, SLIM_NORM_BETA, SLIM_NORM_MEAN, SLIM_NORM_VARIANCE, SLIM_NORM_INPUTS };

typedef struct slim_moments {
  slim_tensor *mean, *variance; /* [c] */
} slim_moments;
/* Does batch_weights, if given, fit the input? @return false with the error recorded. */
bool slim_layer_batch_weights(slim_call *call);
/* The input's moments with each sample counted by its weight, and what they normalise it to; input: as of the op. */
slim_moments slim_layer_weighted_moments(const slim_call *call);
slim_tensor *slim_layer_normalize_by(const slim_call *call, slim_tensor *const *input, slim_moments moments,
                                     float epsilon);

/* Moves a variable towards what the batch gave, by decay; or sets it to value: ops that run with the updates.
 * Where a run says by the option training that it does not train, they leave the variable as it is. */
slim_tensor *slim_layer_average(slim_call *call, slim_tensor *moving, slim_tensor *batch, float decay);
slim_tensor *slim_layer_assign(slim_call *call, slim_tensor *variable, slim_tensor *value);
/* Puts the updates into their collections. @return net, with the updates tied to it if they run in place. */
slim_tensor *slim_layer_updates(slim_call *call, slim_tensor *net, slim_tensor *const *updates, int count);

/* The variables of batch renormalisation beside the usual ones. */
typedef struct slim_renorm {
  slim_tensor *moving_stddev, *mean, *stddev;
} slim_renorm;
slim_renorm slim_layer_renorm_variables(slim_call *call, slim_shape shape);
/* Training: the batch renormalised, with its updates. input: as of the op. */
slim_tensor *slim_layer_renorm(slim_call *call, const slim_batch_norm_attr *attr, slim_tensor *const *input,
                               const slim_renorm *variables);

#endif
