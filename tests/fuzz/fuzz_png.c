/* Images whose first bytes are those of a PNG. */
#include "formats/image.h"
#include "fuzz_support.h"

#define LARGEST (1u << 22)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const int channels[] = { 0, 1, 3, 4 };
  const slim_span file = { data, size };
  slim_image image;
  if (slim_image_sniff(file) != SLIM_IMAGE_PNG) {
    return 0;
  }
  (void)slim_image_inspect(file, &image, NULL);
  if (slim_image_decode(file, channels[data[size - 1] % 4], LARGEST, &image, NULL) == SLIM_OK) {
    slim_image_free(&image);
  }
  return 0;
}
