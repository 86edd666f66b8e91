#ifndef SLIM_WINOGRAD_SUMS_PARAMS_H
#define SLIM_WINOGRAD_SUMS_PARAMS_H

#include "winograd_params.h"

/* The products of a gradient by weights: at each point c by o, summed over the tiles. */
typedef struct slim_winograd_sums_params {
  int side, points, c, o, tiles; /* side: points along an axis */
  slim_winograd_order order;
  int block; /* tiles of a run */
  int depth; /* channels of a group */
} slim_winograd_sums_params;

#endif
