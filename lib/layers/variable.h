/* Variables as layers make them. */
#ifndef SLIM_LAYERS_VARIABLE_H
#define SLIM_LAYERS_VARIABLE_H

#include "graph/graph.h"

extern const slim_layer_info slim_layer_variable, slim_layer_model_variable;

#endif
