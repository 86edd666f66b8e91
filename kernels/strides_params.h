#ifndef SLIM_STRIDES_PARAMS_H
#define SLIM_STRIDES_PARAMS_H

/* Two tensors walked together: the sizes of the walk, outermost first, and each tensor's step along an axis. */
typedef struct slim_strides_params {
  int rank;
  int dim[6];
  int a[6], b[6];
} slim_strides_params;

#endif
