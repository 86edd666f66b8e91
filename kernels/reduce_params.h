#ifndef SLIM_REDUCE_PARAMS_H
#define SLIM_REDUCE_PARAMS_H

#include "strides_params.h"

/* Of each of n results, chunks parts of at most length elements are reduced by themselves. */
typedef struct slim_reduce_params {
  unsigned n;
  int kind; /* slim_reduce_kind */
  int count, chunks, length;
  int across; /* vectors of results that lie side by side in a group (group.h) */
  float scale; /* of the result */
  slim_strides_params kept, reduced; /* a: of x; b: unused */
} slim_reduce_params;

#endif
