#ifndef SLIM_MOVE_PARAMS_H
#define SLIM_MOVE_PARAMS_H

#include "strides_params.h"

typedef struct slim_move_params {
  unsigned n;
  unsigned from, to; /* first element in x and in y */
  float scale;       /* of slim_move_scaled_f32 */
  slim_strides_params strides; /* a: of x; b: of y */
} slim_move_params;

#endif
