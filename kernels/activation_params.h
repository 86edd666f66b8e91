#ifndef SLIM_ACTIVATION_PARAMS_H
#define SLIM_ACTIVATION_PARAMS_H

typedef struct slim_activation_params {
  unsigned n;
  int kind; /* slim_activation_kind */
} slim_activation_params;

#endif
