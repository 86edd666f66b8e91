/* Inception, MobileNet, NASNet: a part of the image resized to the size, values in [-1, 1]. In training the part, a
 * flip, brightness and saturation are random (TF-Slim's fast mode). */
#include "base/size.h"
#include "data/preprocess.h"

#include <math.h>
#include <stdlib.h>

#define CENTRAL_FRACTION 0.875
#define ATTEMPTS 100
#define LEAST_ASPECT 0.75f
#define MOST_ASPECT 1.33f
#define LEAST_AREA 0.05f
#define MOST_AREA 1.0f
#define LEAST_COVERED 0.1
#define MOST_BRIGHTNESS (32.0f / 255.0f)

enum { DRAW_FLIP, DRAW_BRIGHTNESS, DRAW_SATURATION, DRAW_BOX = 16, DRAWS_OF_BOX = 16 };

static float uniform(const slim_rng *rng, uint64_t draw, float low, float high)
{
  return low + (high - low) * slim_preprocess_uniform(rng, draw);
}

static int area_height(float fraction, float area, float aspect)
{
  return (int)lrintf(sqrtf(fraction * area / aspect));
}

/* One try at a part of the image; TensorFlow's sample_distorted_bounding_box. @return false when it is rejected. */
static bool try_window(const slim_preprocess_call *call, const slim_rng *rng, uint64_t draw, slim_window *window)
{
  const float area = (float)call->w * (float)call->h;
  const float aspect = uniform(rng, draw, LEAST_ASPECT, MOST_ASPECT);
  const int least = area_height(LEAST_AREA, area, aspect);
  int most = area_height(MOST_AREA, area, aspect);
  if (lrintf((float)most * aspect) > call->w) {
    most = (int)(((double)call->w + 0.5 - 1e-7) / (double)aspect);
  }
  most = most < call->h ? most : call->h;
  const int low = least < most ? least : most;
  int h = low + (int)slim_rng_below(rng, (draw + 1) * 2, (uint64_t)(most - low) + 1);
  int w = (int)lrintf((float)h * aspect);
  const float taken = (float)w * (float)h;
  if (taken < LEAST_AREA * area || taken > MOST_AREA * area) {
    h += taken < LEAST_AREA * area ? 1 : -1;
    w = (int)lrintf((float)h * aspect);
  }
  const double part = (double)w * h / (double)area;
  if (h < 1 || w < 1 || h > call->h || w > call->w || part < LEAST_AREA || part > MOST_AREA || part < LEAST_COVERED) {
    return false; /* the one box is the whole image, so that the part is what it covers of it */
  }
  const int room_y = call->h - h, room_x = call->w - w;
  *window = (slim_window){ room_y ? (int)slim_rng_below(rng, (draw + 2) * 2, (uint64_t)room_y) : 0,
                           room_x ? (int)slim_rng_below(rng, (draw + 3) * 2, (uint64_t)room_x) : 0, h, w };
  return true;
}

static slim_window random_window(const slim_preprocess_call *call, const slim_rng *rng)
{
  slim_window window = { 0, 0, call->h, call->w };
  for (int i = 0; i < ATTEMPTS; i++) {
    if (try_window(call, rng, DRAW_BOX + (uint64_t)i * DRAWS_OF_BOX, &window)) {
      break;
    }
  }
  return window;
}

/* The central part of every side. */
static slim_window central_window(const slim_preprocess_call *call)
{
  const int y = (int)((call->h - call->h * CENTRAL_FRACTION) / 2.0);
  const int x = (int)((call->w - call->w * CENTRAL_FRACTION) / 2.0);
  return (slim_window){ y, x, call->h - 2 * y, call->w - 2 * x };
}

/* Multiplies the saturation of an RGB pixel, which stays at most 1: what is kept is the largest component and the hue.
 */
static void saturate(float *pixel, float factor)
{
  const float most = fmaxf(pixel[0], fmaxf(pixel[1], pixel[2]));
  const float least = fminf(pixel[0], fminf(pixel[1], pixel[2]));
  const float range = most - least;
  if (most <= 0.0f || range <= 0.0f) {
    return;
  }
  const float saturation = range / most;
  const float ratio = fminf(fmaxf(saturation * factor, 0.0f), 1.0f) / saturation;
  for (int k = 0; k < 3; k++) {
    pixel[k] = most - (most - pixel[k]) * ratio;
  }
}

static void distort_colour(const slim_preprocess_call *call, const slim_rng *rng, float *image)
{
  const float brightness = uniform(rng, DRAW_BRIGHTNESS, -MOST_BRIGHTNESS, MOST_BRIGHTNESS);
  const float saturation = uniform(rng, DRAW_SATURATION, 0.5f, 1.5f);
  const size_t pixels = (size_t)call->out_h * (size_t)call->out_w;
  for (size_t i = 0; i < pixels; i++, image += call->c) {
    for (int k = 0; k < call->c; k++) {
      image[k] = image[k] * (1.0f / 255.0f) + brightness;
    }
    if (call->c == 3) {
      saturate(image, saturation);
    }
    for (int k = 0; k < call->c; k++) {
      image[k] = fminf(fmaxf(image[k], 0.0f), 1.0f);
    }
  }
}

/* Writes all channels of the image, values in [0, 1]. */
static void distort(const slim_preprocess_call *call, float *image)
{
  slim_preprocess_call colour = *call;
  const slim_rng rng = slim_preprocess_rng(call);
  colour.use_grayscale = false;
  slim_preprocess_resize(&colour, random_window(call, &rng), call->out_h, call->out_w, 0, 0, image);
  if (slim_preprocess_uniform(&rng, DRAW_FLIP) < 0.5f) {
    slim_preprocess_flip(call, call->c, image);
  }
  distort_colour(call, &rng, image);
}

/* Training in grey: the colours are distorted first. */
static slim_status distort_to_grey(const slim_preprocess_call *call, float *out, slim_error *error)
{
  const size_t pixels = (size_t)call->out_h * (size_t)call->out_w;
  size_t bytes = 0;
  float *image = slim_size_mul(pixels, 3 * sizeof *image, &bytes) ? malloc(bytes) : NULL;
  if (!image) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "inception: no memory for an image of %d x %d", call->out_h,
                          call->out_w);
  }
  distort(call, image);
  for (size_t i = 0; i < pixels; i++) {
    out[i] = slim_preprocess_grey(image[3 * i], image[3 * i + 1], image[3 * i + 2]);
  }
  free(image);
  return SLIM_OK;
}

slim_status slim_preprocess_inception(const slim_preprocess_call *call, float *out, slim_error *error)
{
  slim_status status = SLIM_OK;
  if (!call->is_training) {
    slim_preprocess_resize(call, central_window(call), call->out_h, call->out_w, 0, 0, out);
    slim_preprocess_scale(call, 0.0f, 1.0f / 255.0f, out);
  } else if (call->use_grayscale && call->c == 3) {
    status = distort_to_grey(call, out, error);
  } else {
    distort(call, out);
  }
  slim_preprocess_scale(call, -0.5f, 2.0f, out);
  return status;
}
