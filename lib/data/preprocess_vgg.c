/* VGG and ResNet: the smaller side to 256 (in training to 256 .. 512), a crop, minus the mean colour. */
#include "data/preprocess.h"

#include <math.h>

#define SMALLEST_SIDE 256
#define LARGEST_SIDE 512

enum { DRAW_SIDE, DRAW_Y, DRAW_X, DRAW_FLIP };

/* An image with one channel loses the grey value of the mean colour. */
static void subtract_means(const slim_preprocess_call *call, float *out)
{
  static const float mean[3] = { 123.68f, 116.78f, 103.94f }; /* red, green, blue */
  if (slim_preprocess_channels(call) != 3) {
    slim_preprocess_scale(call, -slim_preprocess_grey(mean[0], mean[1], mean[2]), 1.0f, out);
    return;
  }
  const size_t count = 3 * (size_t)call->out_h * (size_t)call->out_w;
  for (size_t i = 0; i < count; i++) {
    out[i] -= mean[i % 3];
  }
}

slim_status slim_preprocess_vgg(const slim_preprocess_call *call, float *out, slim_error *error)
{
  const slim_rng rng = slim_preprocess_rng(call);
  const int choice = (int)slim_rng_below(&rng, DRAW_SIDE, LARGEST_SIDE - SMALLEST_SIDE + 1);
  const int side = SMALLEST_SIDE + (call->is_training ? choice : 0);
  const float scale = (float)side / (float)(call->h > call->w ? call->w : call->h);
  const int h = (int)rintf((float)call->h * scale), w = (int)rintf((float)call->w * scale);
  const slim_window all = { 0, 0, call->h, call->w };
  if (h < call->out_h || w < call->out_w) {
    return slim_error_set(error, SLIM_ERR_SHAPE,
                          "vgg: the image of %d x %d becomes %d x %d, too small for a crop of %d x %d", call->h,
                          call->w, h, w, call->out_h, call->out_w);
  }
  int y = (h - call->out_h) / 2, x = (w - call->out_w) / 2;
  if (call->is_training) {
    y = (int)slim_rng_below(&rng, DRAW_Y, (uint64_t)(h - call->out_h) + 1);
    x = (int)slim_rng_below(&rng, DRAW_X, (uint64_t)(w - call->out_w) + 1);
  }
  slim_preprocess_resize(call, all, h, w, y, x, out);
  if (call->is_training && slim_preprocess_uniform(&rng, DRAW_FLIP) < 0.5f) {
    slim_preprocess_flip(call, slim_preprocess_channels(call), out);
  }
  subtract_means(call, out);
  return SLIM_OK;
}
