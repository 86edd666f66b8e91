#ifndef SLIM_APPLY_PARAMS_H
#define SLIM_APPLY_PARAMS_H

/* A run of elements of one variable: where its tensors begin, in units of 256 bytes, and how many there are. */
typedef struct slim_apply_run {
  unsigned variable, gradient, slot[3];
  unsigned count;
  float decay; /* of the variable that counts as more gradient */
} slim_apply_run;

typedef struct slim_apply_params {
  int kind; /* 0 gradient descent, 1 momentum, 2 adam, 3 rms_prop */
  int nesterov, centered;
  float momentum, beta1, beta2, epsilon, decay;
} slim_apply_params;

#endif
