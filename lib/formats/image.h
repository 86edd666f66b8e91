/* Decoding PNG and JPEG to 8-bit pixels and encoding PNG, as TensorFlow's image ops do it. */
#ifndef SLIM_FORMATS_IMAGE_H
#define SLIM_FORMATS_IMAGE_H

#include "base/bytes.h"
#include "slim/base.h"

typedef enum slim_image_format { SLIM_IMAGE_UNKNOWN, SLIM_IMAGE_PNG, SLIM_IMAGE_JPEG } slim_image_format;

/** Rows from the top, pixels from the left, channels of a pixel side by side: [height, width, channels] uint8. */
typedef struct slim_image {
  int width, height, channels;
  unsigned char *pixels;
} slim_image;

#define SLIM_IMAGE_LARGEST_BYTES ((size_t)1 << 29) /* of pixels; larger images are refused */

/** By the first bytes. */
slim_image_format slim_image_sniff(slim_span file);

/** Decodes a PNG or JPEG. channels: 0 as in the file (JPEG: at most 3), 1 grey, 3 RGB, 4 RGBA; grey with alpha (2) only
 * as in the file. 16-bit PNG samples keep their high byte; CMYK JPEGs become RGB. largest_bytes limits width * height *
 * channels, 0 means SLIM_IMAGE_LARGEST_BYTES. On success free image with slim_image_free.
 * Errors: SLIM_ERR_DATA (damaged or cut off), SLIM_ERR_UNSUPPORTED (another format), SLIM_ERR_ARG, SLIM_ERR_MEMORY. */
slim_status slim_image_decode(slim_span file, int channels, size_t largest_bytes, slim_image *image, slim_error *error);
/** Width, height and channels as in the file, without decoding pixels (pixels stays NULL). */
slim_status slim_image_inspect(slim_span file, slim_image *image, slim_error *error);
void slim_image_free(slim_image *image);

/** Appends a PNG of image, 1 to 4 channels, to out. */
slim_status slim_image_encode_png(const slim_image *image, slim_bytes *out, slim_error *error);

#endif
