#ifndef SLIM_EPILOGUE_PARAMS_H
#define SLIM_EPILOGUE_PARAMS_H

typedef struct slim_epilogue_params {
  int has_bias;
  int activation; /* slim_activation_kind */
  int has_residual;
  int pooled_h, pooled_w; /* maxima of 2x2 results that a 3x3 convolution ends with, along the axes; 0: none */
} slim_epilogue_params;

#endif
