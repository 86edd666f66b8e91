#ifndef SLIM_WINOGRAD_PARAMS_H
#define SLIM_WINOGRAD_PARAMS_H

#include "epilogue_params.h"
#include "winograd_fold_params.h"

#define SLIM_WINOGRAD_GAP 16 /* floats between the points of a block, or they would share cache sets */

#define SLIM_WINOGRAD_SPARE 13 /* tiles that a product may read and write behind the last one */
#define SLIM_WINOGRAD_FEWER_ROWS 12 /* tiles of a product, where so many divide a number better than 14 do */
#define SLIM_WINOGRAD_TEN_ROWS 10   /* the most of a loop that nine tiles do not waste */
#define SLIM_WINOGRAD_FEW 4         /* the same, where a product is of no more tiles and weights stay in registers */

/* The order of tiles: those that the lower edge cuts off, the whole ones, those that the right edge cuts off, those cut
 * off both ways; how many end with each of the first three parts. The point at infinity counts for the last result along
 * an axis only, which tiles that are cut off there lack: so those that need a point are neighbours. */
typedef struct slim_winograd_order {
  int below, whole, right;
} slim_winograd_order;

/* A convolution of stride 1, x [n,h,w,c], y [n,oh,ow,o], by tiles of m by m results of m + taps - 1 points along an
 * axis: 6 or 7. In the gradient by the weights, x and y are the convolution's. */
typedef struct slim_winograd_params {
  int n, h, w, c, oh, ow, o;
  int live;                /* channels that products sum: the others, of a folded image, are all 0 */
  int taps, m, before_h, before_w;
  int down, across, tiles; /* of an image; of all images */
  slim_winograd_order order;
  int turned;              /* weights [taps,taps,o,c], taken from the last tap to the first */
  int rows;                /* tiles of a product, */
  int block;               /* tiles that are worked on together, */
  int first;               /* from this one on where a launch is for a block, */
  int part, depth;         /* so many by a group of a panel, in so many channels at a time */
  int panels;              /* of outputs that meet a point's inputs one after another: all channels' if their weights were
                            * transformed before, else those of depth channels */
  int places;              /* of such channels' taps: 2 where the next ones' are copied meanwhile */
  int streams;             /* y goes past the caches */
  slim_winograd_fold_params fold; /* with a side: x is an image as it lies, whose tiles are folded one by one */
  slim_epilogue_params epilogue;
} slim_winograd_params;

#endif
