#ifndef SLIM_BIAS_ADD_PARAMS_H
#define SLIM_BIAS_ADD_PARAMS_H

typedef struct slim_bias_add_params {
  unsigned n;
  int c;
  int inner; /* elements of a channel that lie together: 1, or height * width in NCHW */
} slim_bias_add_params;

#endif
