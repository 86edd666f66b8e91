#ifndef SLIM_WINOGRAD_BATCH_PARAMS_H
#define SLIM_WINOGRAD_BATCH_PARAMS_H

#include "epilogue_params.h"

/* A convolution of stride 1 by 3x3 taps, x [n,h,w,c], y [n,oh,ow,o], by tiles of 4x4 results, 6x6 points: a launch is
 * for count tiles from number first on. */
typedef struct slim_winograd_batch_params {
  int n, h, w, c, oh, ow, o;
  int before_h, before_w;
  int down, across; /* tiles of an image */
  int first, count;
  int turned; /* weights [3,3,o,c], taken from the last tap to the first */
  int slices; /* the gradient by the weights: parts of the sums of tiles */
  slim_epilogue_params epilogue;
} slim_winograd_batch_params;

#endif
