/* Variables as layers make them. */
#ifndef SLIM_LAYERS_VARIABLE_H
#define SLIM_LAYERS_VARIABLE_H

#include "graph/graph.h"

extern const slim_layer_info slim_layer_variable, slim_layer_model_variable;

/* Adds the penalty of a new variable, a scalar in REGULARIZATION_LOSSES named "<variable>/Regularizer/l2_regularizer".
 * @return it, NULL when the regularizer asks for none. Errors: SLIM_ERR_ARG for a negative scale. */
slim_tensor *slim_penalty_add(slim_tensor *w, slim_regularizer r);

#endif
