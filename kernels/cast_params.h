#ifndef SLIM_CAST_PARAMS_H
#define SLIM_CAST_PARAMS_H

typedef struct slim_cast_params {
  unsigned n;
  int from, to; /* slim_dtype */
} slim_cast_params;

#endif
