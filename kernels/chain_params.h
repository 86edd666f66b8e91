#ifndef SLIM_CHAIN_PARAMS_H
#define SLIM_CHAIN_PARAMS_H

#define SLIM_CHAIN_STAGES_MOST 15

typedef struct slim_chain_params {
  unsigned n;
  float a[SLIM_CHAIN_STAGES_MOST], b[SLIM_CHAIN_STAGES_MOST]; /* by stage, of those that scale and add */
} slim_chain_params;

#endif
