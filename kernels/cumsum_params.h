#ifndef SLIM_CUMSUM_PARAMS_H
#define SLIM_CUMSUM_PARAMS_H

/* n rows of c elements that lie inner apart. */
typedef struct slim_cumsum_params {
  unsigned n;
  int c;
  int inner;
  int exclusive, reverse;
} slim_cumsum_params;

#endif
