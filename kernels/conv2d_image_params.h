#ifndef SLIM_CONV2D_IMAGE_PARAMS_H
#define SLIM_CONV2D_IMAGE_PARAMS_H

/* Kernels that keep a band of an image in local memory, with zeros around it. */
typedef struct slim_conv2d_image_params {
  int band;   /* rows of the result that a band makes */
  int length; /* floats of a row of the band */
  int rows;   /* of the band, of x */
  int block_n;
  int bands;    /* of a task of the weights' gradient, of all images' */
  int channels; /* of a pixel of the band; the weights' gradient may have tasks for parts of them */
} slim_conv2d_image_params;

#endif
