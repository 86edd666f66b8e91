#ifndef SLIM_DEAL_PARAMS_H
#define SLIM_DEAL_PARAMS_H

/* How many tasks a launch has along each axis. */
typedef struct slim_deal_params {
  int x, y, z;
} slim_deal_params;

#endif
