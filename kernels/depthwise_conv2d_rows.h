/* Kernels of 3x3 taps that walk through images a few rows at a time: which rows a work-item takes, and the function
 * that is compiled for as many. */
#ifndef SLIM_KERNEL_DEPTHWISE_CONV2D_ROWS_H
#define SLIM_KERNEL_DEPTHWISE_CONV2D_ROWS_H

#include "depthwise_conv2d_params.h"

#define SLIM_DEPTHWISE_EACH_TAP(X) X(0, 0) X(0, 1) X(0, 2) X(1, 0) X(1, 1) X(1, 2) X(2, 0) X(2, 1) X(2, 2)

/* Rows [top, bottom) of an image, rows at a time. */
typedef struct slim_depthwise_piece {
  int image, top, bottom, rows;
} slim_depthwise_piece;

/* Of images of rows rows a work-item takes up to SLIM_DEPTHWISE_ROWS, of nearly as many each; one by one where they
 * are fewer than 3. */
static inline slim_depthwise_piece slim_depthwise_piece_of(const int id, const int rows)
{
  const int pieces = (rows + SLIM_DEPTHWISE_ROWS - 1) / SLIM_DEPTHWISE_ROWS, number = id % pieces;
  const int top = rows * number / pieces, bottom = rows * (number + 1) / pieces;
  return (slim_depthwise_piece){ id / pieces, top, bottom, bottom - top < 3 ? 1 : bottom - top };
}

/* DEFINE_(n) makes the function name_n for n rows. */
#define SLIM_DEPTHWISE_DEFINE_ROWS(DEFINE_) DEFINE_(1) DEFINE_(3) DEFINE_(4)
/* Calls that for rows_, with arguments_ in their parentheses. */
#define SLIM_DEPTHWISE_CALL_ROWS(name_, rows_, arguments_)                                                             \
  if ((rows_) == 4) {                                                                                                  \
    name_##_4 arguments_;                                                                                              \
  } else if ((rows_) == 3) {                                                                                           \
    name_##_3 arguments_;                                                                                              \
  } else {                                                                                                             \
    name_##_1 arguments_;                                                                                              \
  }

#endif
