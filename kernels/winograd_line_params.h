#ifndef SLIM_WINOGRAD_LINE_PARAMS_H
#define SLIM_WINOGRAD_LINE_PARAMS_H

#include "epilogue_params.h"

#define SLIM_WINOGRAD_LINE_M 4 /* results of a tile; of m - 1 + taps points */

/* A convolution of stride 1 with 3 or 7 taps in a line, x [n,h,w,c], y [n,oh,ow,o]. */
typedef struct slim_winograd_line_params {
  int n, h, w, c, oh, ow, o;
  int taps, before;
  int upright;             /* the line goes down a column */
  int turned;              /* weights [taps,o,c], taken from the last tap to the first */
  int down, across, tiles; /* of an image; of all images */
  int block;               /* tiles that are worked on together, */
  int depth;               /* so many channels at a time, */
  int panels;              /* and panels of outputs of a group */
  slim_epilogue_params epilogue;
} slim_winograd_line_params;

#endif
