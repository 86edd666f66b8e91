/* LeNet: central crop or zero padding to the size, then (x - 128) / 128. */
#include "data/preprocess.h"

/* n pixels of c channels from the image to floats in about [-1, 1). */
static void convert_row(const uint8_t *from, int n, int c, bool grey, float *to)
{
  const float scale = 1.0f / 128.0f;
  if (grey && c == 3) {
    for (int x = 0; x < n; x++) {
      to[x] = (slim_preprocess_grey(from[3 * x], from[3 * x + 1], from[3 * x + 2]) - 128.0f) * scale;
    }
  } else {
    for (int x = 0; x < n * c; x++) {
      to[x] = ((float)from[x] - 128.0f) * scale;
    }
  }
}

static void pad_row(float *to, int n)
{
  for (int x = 0; x < n; x++) {
    to[x] = -1.0f; /* of a pixel 0 */
  }
}

/* Where out elements of in are taken from, and where they go. */
static void centre(int in, int out, int *from, int *to, int *count)
{
  *from = in > out ? (in - out) / 2 : 0;
  *to = out > in ? (out - in) / 2 : 0;
  *count = in < out ? in : out;
}

slim_status slim_preprocess_lenet(const slim_preprocess_call *call, float *out, slim_error *error)
{
  const int channels = slim_preprocess_channels(call), row = call->out_w * channels;
  int from_y = 0, to_y = 0, rows = 0, from_x = 0, to_x = 0, columns = 0;
  (void)error;
  centre(call->h, call->out_h, &from_y, &to_y, &rows);
  centre(call->w, call->out_w, &from_x, &to_x, &columns);
  for (int y = 0; y < call->out_h; y++) {
    float *to = out + (size_t)y * (size_t)row;
    if (y < to_y || y >= to_y + rows) {
      pad_row(to, row);
      continue;
    }
    const size_t pixel = (size_t)(y - to_y + from_y) * (size_t)call->w + (size_t)from_x;
    pad_row(to, to_x * channels);
    convert_row(call->pixels + pixel * (size_t)call->c, columns, call->c, call->use_grayscale, to + to_x * channels);
    pad_row(to + (to_x + columns) * channels, (call->out_w - to_x - columns) * channels);
  }
  return SLIM_OK;
}
