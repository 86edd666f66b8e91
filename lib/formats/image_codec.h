/* Between image.c and the files of the formats. */
#ifndef SLIM_FORMATS_IMAGE_CODEC_H
#define SLIM_FORMATS_IMAGE_CODEC_H

#include "formats/image.h"

/** What a decoder is to do; limit in bytes of pixels. Only the header is read when inspect is set. */
typedef struct slim_image_request {
  slim_span file;
  int channels;
  size_t limit;
  bool inspect;
} slim_image_request;

slim_status slim_png_decode(const slim_image_request *request, slim_image *image, slim_error *error);
slim_status slim_jpeg_decode(const slim_image_request *request, slim_image *image, slim_error *error);
/** Allocates image->pixels for its width, height and channels, within limit. what names the format. */
slim_status slim_image_allocate(slim_image *image, size_t limit, const char *what, slim_error *error);

#endif
