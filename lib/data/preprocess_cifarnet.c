/* CifarNet: crop or pad, in training at random and with flip, brightness and contrast; then mean 0, deviation 1. */
#include "data/preprocess.h"

#include <math.h>

#define PADDING 4
#define MOST_BRIGHTNESS 63.0f
#define LEAST_CONTRAST 0.2f
#define MOST_CONTRAST 1.8f

enum { DRAW_Y, DRAW_X, DRAW_FLIP, DRAW_BRIGHTNESS, DRAW_CONTRAST };

/* (x - mean of its channel) * factor + mean. */
static void change_contrast(const slim_preprocess_call *call, float factor, float *image)
{
  const size_t channels = (size_t)slim_preprocess_channels(call);
  const size_t pixels = (size_t)call->out_h * (size_t)call->out_w;
  for (size_t k = 0; k < channels; k++) {
    double sum = 0.0;
    for (size_t i = 0; i < pixels; i++) {
      sum += image[i * channels + k];
    }
    const float mean = (float)(sum / (double)pixels);
    for (size_t i = 0; i < pixels; i++) {
      image[i * channels + k] = (image[i * channels + k] - mean) * factor + mean;
    }
  }
}

/* (x - mean) / max(deviation, 1 / sqrt(elements)). */
static void standardise(const slim_preprocess_call *call, float *image)
{
  const size_t count = (size_t)call->out_h * (size_t)call->out_w * (size_t)slim_preprocess_channels(call);
  double sum = 0.0, squares = 0.0;
  for (size_t i = 0; i < count; i++) {
    sum += image[i];
  }
  const double mean = sum / (double)count;
  for (size_t i = 0; i < count; i++) {
    squares += (image[i] - mean) * (image[i] - mean);
  }
  const double deviation = fmax(sqrt(squares / (double)count), 1.0 / sqrt((double)count));
  slim_preprocess_scale(call, (float)-mean, (float)(1.0 / deviation), image);
}

static slim_status distort(const slim_preprocess_call *call, float *out, slim_error *error)
{
  const slim_rng rng = slim_preprocess_rng(call);
  const int room_y = call->h + 2 * PADDING - call->out_h, room_x = call->w + 2 * PADDING - call->out_w;
  if (room_y < 0 || room_x < 0) {
    return slim_error_set(error, SLIM_ERR_SHAPE,
                          "cifarnet: the image of %d x %d with a margin of 4 has no crop of %d x %d", call->h, call->w,
                          call->out_h, call->out_w);
  }
  const slim_window window = { (int)slim_rng_below(&rng, DRAW_Y, (uint64_t)room_y + 1) - PADDING,
                               (int)slim_rng_below(&rng, DRAW_X, (uint64_t)room_x + 1) - PADDING, call->out_h,
                               call->out_w };
  slim_preprocess_crop(call, window, out);
  if (slim_preprocess_uniform(&rng, DRAW_FLIP) < 0.5f) {
    slim_preprocess_flip(call, slim_preprocess_channels(call), out);
  }
  slim_preprocess_scale(call, (2.0f * slim_preprocess_uniform(&rng, DRAW_BRIGHTNESS) - 1.0f) * MOST_BRIGHTNESS, 1.0f,
                        out);
  const float part = slim_preprocess_uniform(&rng, DRAW_CONTRAST);
  change_contrast(call, LEAST_CONTRAST + (MOST_CONTRAST - LEAST_CONTRAST) * part, out);
  return SLIM_OK;
}

slim_status slim_preprocess_cifarnet(const slim_preprocess_call *call, float *out, slim_error *error)
{
  if (call->is_training) {
    const slim_status status = distort(call, out, error);
    if (status != SLIM_OK) {
      return status;
    }
  } else {
    slim_preprocess_crop(call, slim_preprocess_centre(call), out);
  }
  standardise(call, out);
  return SLIM_OK;
}
