#ifndef SLIM_ADD_N_PARAMS_H
#define SLIM_ADD_N_PARAMS_H

typedef struct slim_add_n_params {
  unsigned n;
  int terms; /* 1 to 4 of the inputs */
  int more;  /* y holds a sum already */
} slim_add_n_params;

#endif
