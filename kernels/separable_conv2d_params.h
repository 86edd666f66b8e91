#ifndef SLIM_SEPARABLE_CONV2D_PARAMS_H
#define SLIM_SEPARABLE_CONV2D_PARAMS_H

#include "depthwise_conv2d_params.h"

/* The depthwise sums, with their epilogue, times weights [c,o]: y [n,oh,ow,o]. */
typedef struct slim_separable_conv2d_params {
  slim_depthwise_conv2d_params sums;
  int o;
  slim_epilogue_params epilogue;
} slim_separable_conv2d_params;

#endif
