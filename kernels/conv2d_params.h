#ifndef SLIM_CONV2D_PARAMS_H
#define SLIM_CONV2D_PARAMS_H

#include "epilogue_params.h"

/* x [n,h,w,c] (or [n,c,h,w]), weights [kernel_h,kernel_w,c,o], y [n,oh,ow,o]. */
typedef struct slim_conv2d_params {
  int n, h, w, c, oh, ow, o;
  int kernel_h, kernel_w, stride_h, stride_w, rate_h, rate_w, before_h, before_w;
  int dilate_h, dilate_w; /* x counts as if it had so many - 1 zeros between its pixels; in tiles only */
  int nchw;
  slim_epilogue_params epilogue;
} slim_conv2d_params;

#endif
