#ifndef SLIM_EPILOGUE_PARAMS_H
#define SLIM_EPILOGUE_PARAMS_H

typedef struct slim_epilogue_params {
  int has_bias;
  int activation; /* slim_activation_kind */
  int has_residual;
} slim_epilogue_params;

#endif
