#ifndef SLIM_WINOGRAD_FOLD_PARAMS_H
#define SLIM_WINOGRAD_FOLD_PARAMS_H

/* An image that is folded: blocks of side by side pixels become one of as many times the channels, rounded up to whole
 * vectors with zeros. So a convolution of stride side is one of stride 1, with so many times fewer taps, rounded up
 * too. */
typedef struct slim_winograd_fold_params {
  int side;        /* 1: nothing is folded */
  int n, h, w, c;  /* of the image as it lies, */
  int top, left;   /* with so many pixels of padding before; */
  int taps, o;     /* its weights are [taps,taps,c,o] */
  int fold_h, fold_w, fold_c, fold_taps;
} slim_winograd_fold_params;

#endif
