#ifndef SLIM_CONV2D_TURN_PARAMS_H
#define SLIM_CONV2D_TURN_PARAMS_H

/* Of weights [., kernel_w, c, o] some taps, in another order: rows by columns of them, from a first one on in steps. */
typedef struct slim_conv2d_turn_params {
  int c, o, kernel_w;
  int rows, columns;
  int first_h, first_w, step_h, step_w;
} slim_conv2d_turn_params;

#endif
