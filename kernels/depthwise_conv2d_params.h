#ifndef SLIM_DEPTHWISE_CONV2D_PARAMS_H
#define SLIM_DEPTHWISE_CONV2D_PARAMS_H

#include "epilogue_params.h"

#define SLIM_DEPTHWISE_ROWS 4 /* that a work-item of the kernels which walk through rows takes, at most */

/* x [n,h,w,c] (or [n,c,h,w]), weights [kernel_h,kernel_w,c,multiplier], y [n,oh,ow,c * multiplier]. */
typedef struct slim_depthwise_conv2d_params {
  int n, h, w, c, oh, ow, multiplier;
  int kernel_h, kernel_w, stride_h, stride_w, rate_h, rate_w, before_h, before_w;
  int nchw;
  slim_epilogue_params epilogue;
} slim_depthwise_conv2d_params;

#endif
