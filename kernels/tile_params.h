#ifndef SLIM_TILE_PARAMS_H
#define SLIM_TILE_PARAMS_H

/* A group sums slice of k, the first from begin on; of the slices but the first each writes a result of its own behind
 * the one before. Where element (pixel, channel) of a convolution's result lies: first, and so many elements on for each
 * image, row, pixel and channel. */
typedef struct slim_tile_params {
  int begin, slice;
  int first, image, row, pixel, channel;
} slim_tile_params;

#endif
