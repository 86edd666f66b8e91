#ifndef SLIM_ASSIGN_PARAMS_H
#define SLIM_ASSIGN_PARAMS_H

typedef struct slim_assign_params {
  unsigned n;
  int want;    /* the output has memory */
  float decay; /* of assign_moving_average */
} slim_assign_params;

#endif
