#ifndef SLIM_DROPOUT_PARAMS_H
#define SLIM_DROPOUT_PARAMS_H

#include "strides_params.h"

typedef struct slim_dropout_params {
  unsigned n;
  unsigned limit; /* an element is kept when its random word is below */
  int keep_all;
  float keep_prob;
  slim_strides_params strides; /* a: of the noise; b: unused */
} slim_dropout_params;

#endif
