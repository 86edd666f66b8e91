#ifndef SLIM_BINARY_PARAMS_H
#define SLIM_BINARY_PARAMS_H

#include "strides_params.h"

typedef struct slim_binary_params {
  unsigned n;
  int kind; /* slim_binary_kind */
  slim_strides_params strides;
} slim_binary_params;

#endif
