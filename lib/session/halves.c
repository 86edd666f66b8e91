#include "session/halves.h"

#include "base/half.h"

#include <math.h>
#include <stdlib.h>

enum { CHUNK = 1 << 18 }; /* halves that are converted at once */

slim_status slim_halves_check(const slim_value *value, const float *data, slim_error *error)
{
  const size_t count = value->bytes / sizeof(uint16_t);
  for (size_t i = 0; i < count; i++) {
    if (!(fabsf(data[i]) < SLIM_HALF_END)) {
      return slim_error_set(error, SLIM_ERR_NUMERIC,
                            "variable '%s': element %zu is %g, a half is 65504 at most: weights of this net cannot be "
                            "kept as halves", value->name, i, (double)data[i]);
    }
  }
  return SLIM_OK;
}

slim_status slim_halves_write(slim_device *device, const slim_value *value, const float *data)
{
  const size_t count = value->bytes / sizeof(uint16_t);
  uint16_t *halves = malloc(CHUNK * sizeof *halves);
  slim_status status = halves ? SLIM_OK : SLIM_ERR_MEMORY;
  for (size_t i = 0, n = 0; i < count && status == SLIM_OK; i += n) {
    n = count - i < CHUNK ? count - i : CHUNK;
    slim_halves_of(halves, data + i, n);
    status = device->backend->upload(device, value->view.buffer, value->view.offset + i * sizeof *halves, halves,
                                     n * sizeof *halves);
  }
  free(halves);
  return status;
}

slim_status slim_halves_read(slim_device *device, const slim_value *value, size_t first, float *data, size_t count)
{
  uint16_t *halves = malloc(CHUNK * sizeof *halves);
  slim_status status = halves ? SLIM_OK : SLIM_ERR_MEMORY;
  for (size_t i = 0, n = 0; i < count && status == SLIM_OK; i += n) {
    n = count - i < CHUNK ? count - i : CHUNK;
    status = device->backend->download(device, halves, value->view.buffer,
                                       value->view.offset + (first + i) * sizeof *halves, n * sizeof *halves);
    slim_halves_to_floats(data + i, halves, n);
  }
  free(halves);
  return status;
}
