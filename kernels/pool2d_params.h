#ifndef SLIM_POOL2D_PARAMS_H
#define SLIM_POOL2D_PARAMS_H

typedef struct slim_pool2d_params {
  unsigned n; /* work-items */
  int h, w, c, oh, ow;
  int kernel_h, kernel_w, stride_h, stride_w, before_h, before_w;
  int nchw;
  int want; /* bit i: output i has memory */
} slim_pool2d_params;

#endif
