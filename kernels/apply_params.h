#ifndef SLIM_APPLY_PARAMS_H
#define SLIM_APPLY_PARAMS_H

/* A run of elements of one variable: where its tensors begin, in units of 256 bytes, and how many there are. */
typedef struct slim_apply_run {
  unsigned variable, gradient, slot[3];
  unsigned count;
  float decay; /* of the variable that counts as more gradient */
} slim_apply_run;

typedef struct slim_apply_params {
  int nesterov;
  float momentum, beta1, beta2, epsilon, decay, learning_rate_power, l1, l2;
} slim_apply_params;

#endif
