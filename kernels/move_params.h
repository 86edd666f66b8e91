#ifndef SLIM_MOVE_PARAMS_H
#define SLIM_MOVE_PARAMS_H

#include "strides_params.h"

typedef struct slim_move_params {
  unsigned n;
  unsigned from, to; /* first element in x and in y */
  float scale;       /* of slim_move_scaled_f32 and slim_move_rows_b4 */
  slim_strides_params strides; /* a: of x; b: of y */
  /* Of slim_move_rows_b4, behind the axes of strides: rows of run elements, of which a work-item moves block. */
  int run, rows, row_a, row_b, block;
} slim_move_params;

/* Of slim_move_grid_*: planes of rows of width elements that lie together; of a pad, the results before them, which are
 * 0 as those behind them are. */
typedef struct slim_move_grid_params {
  int width, rows, planes;
  int x_row, x_plane, y_row, y_plane;
  unsigned from, to; /* first element in x and in y */
  int left, above, ahead;
  int y_width;
} slim_move_grid_params;

/* Of slim_concat_rows_b4: rows of width elements, of which a work-item makes block, from element to on by as many of each
 * of four tensors as their rows have; 0: of none. */
typedef struct slim_concat_params {
  int rows, block, width, to;
  int run[4];
} slim_concat_params;

#endif
