#ifndef SLIM_UNARY_PARAMS_H
#define SLIM_UNARY_PARAMS_H

typedef struct slim_unary_params {
  unsigned n;
  int kind; /* slim_unary_kind */
  float a, b;
} slim_unary_params;

#endif
