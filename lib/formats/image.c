#include "formats/image.h"

#include "base/size.h"
#include "formats/image_codec.h"

#include <stdlib.h>
#include <string.h>

slim_image_format slim_image_sniff(slim_span file)
{
  static const unsigned char png[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n' };
  static const unsigned char jpeg[] = { 0xFF, 0xD8, 0xFF };
  if (file.size >= sizeof png && memcmp(file.data, png, sizeof png) == 0) {
    return SLIM_IMAGE_PNG;
  }
  if (file.size >= sizeof jpeg && memcmp(file.data, jpeg, sizeof jpeg) == 0) {
    return SLIM_IMAGE_JPEG;
  }
  return SLIM_IMAGE_UNKNOWN;
}

slim_status slim_image_allocate(slim_image *image, size_t limit, const char *what, slim_error *error)
{
  size_t bytes = 0;
  if (!slim_size_mul((size_t)image->width, (size_t)image->height, &bytes) ||
      !slim_size_mul(bytes, (size_t)image->channels, &bytes) || bytes > limit) {
    return slim_error_set(error, SLIM_ERR_DATA, "%s image of %d x %d pixels is over the limit of %zu bytes", what,
                          image->width, image->height, limit);
  }
  image->pixels = malloc(bytes ? bytes : 1);
  return image->pixels ? SLIM_OK : slim_error_set(error, SLIM_ERR_MEMORY, "no memory for an image of %zu bytes", bytes);
}

static slim_status decode(const slim_image_request *request, slim_image *image, slim_error *error)
{
  slim_status status = SLIM_OK;
  *image = (slim_image){ 0 };
  switch (slim_image_sniff(request->file)) {
  case SLIM_IMAGE_PNG:
    status = slim_png_decode(request, image, error);
    break;
  case SLIM_IMAGE_JPEG:
    status = slim_jpeg_decode(request, image, error);
    break;
  default:
    status =
        slim_error_set(error, SLIM_ERR_UNSUPPORTED, "image of %zu bytes is neither PNG nor JPEG", request->file.size);
    break;
  }
  if (status != SLIM_OK) {
    slim_image_free(image);
  }
  return status;
}

slim_status slim_image_decode(slim_span file, int channels, size_t largest_bytes, slim_image *image, slim_error *error)
{
  if (channels != 0 && channels != 1 && channels != 3 && channels != 4) {
    *image = (slim_image){ 0 };
    return slim_error_set(error, SLIM_ERR_ARG, "image channels must be 0, 1, 3 or 4, not %d", channels);
  }
  const slim_image_request request = { file, channels, largest_bytes ? largest_bytes : SLIM_IMAGE_LARGEST_BYTES,
                                       false };
  return decode(&request, image, error);
}

slim_status slim_image_inspect(slim_span file, slim_image *image, slim_error *error)
{
  const slim_image_request request = { file, 0, SLIM_IMAGE_LARGEST_BYTES, true };
  return decode(&request, image, error);
}

void slim_image_free(slim_image *image)
{
  free(image->pixels);
  *image = (slim_image){ 0 };
}
