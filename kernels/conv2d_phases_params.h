#ifndef SLIM_CONV2D_PHASES_PARAMS_H
#define SLIM_CONV2D_PHASES_PARAMS_H

#include "conv2d_params.h"
#include "conv2d_turn_params.h"

#define SLIM_CONV2D_PHASES 4 /* of one launch at most: all of stride 2 */

/* A convolution of dy. first: where in dx its result begins; weights: where in the turned ones its own do, which are those
 * of turn. */
typedef struct slim_conv2d_phase {
  slim_conv2d_params conv;
  slim_conv2d_turn_params turn;
  int first, weights;
} slim_conv2d_phase;

/* image, row, pixel: from one of a phase to its next, in dx. */
typedef struct slim_conv2d_phases_params {
  int phases;
  int image, row, pixel;
  slim_conv2d_phase phase[SLIM_CONV2D_PHASES];
} slim_conv2d_phases_params;

#endif
