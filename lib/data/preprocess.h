/* The preprocessing functions, one file each, and what they share. */
#ifndef SLIM_DATA_PREPROCESS_H
#define SLIM_DATA_PREPROCESS_H

#include "base/rng.h"
#include "slim/data.h"

slim_status slim_preprocess_lenet(const slim_preprocess_call *call, float *out, slim_error *error);
slim_status slim_preprocess_cifarnet(const slim_preprocess_call *call, float *out, slim_error *error);
slim_status slim_preprocess_vgg(const slim_preprocess_call *call, float *out, slim_error *error);
slim_status slim_preprocess_inception(const slim_preprocess_call *call, float *out, slim_error *error);

/* A part of an image, in pixels; it may lie partly outside, where pixels are 0. */
typedef struct slim_window {
  int y, x, h, w;
} slim_window;

/** Channels that a call writes: 1 with use_grayscale, else the image's. */
int slim_preprocess_channels(const slim_preprocess_call *call);
/** The numbers of a sample: each random choice takes the next element. */
slim_rng slim_preprocess_rng(const slim_preprocess_call *call);
/** Random number of the given draw, in [0, 1). */
static inline float slim_preprocess_uniform(const slim_rng *rng, uint64_t draw)
{
  return slim_rng_uniform(rng, draw * 4); /* the block that slim_rng_below uses for draw * 2 */
}
/** The window of the output's size in the middle: a crop where the image is larger, a margin where it is smaller. */
slim_window slim_preprocess_centre(const slim_preprocess_call *call);

/** The pixels of a window of the output's size as floats 0 .. 255, grey with use_grayscale. */
void slim_preprocess_crop(const slim_preprocess_call *call, slim_window window, float *out);
/**
 * Bilinear interpolation as TensorFlow 1 does it (align_corners false, no half-pixel centres): source, which lies
 * inside the image, is resized to h x w, and the output's size is cut out of that at (y, x). Values are 0 .. 255, grey
 * with use_grayscale.
 */
void slim_preprocess_resize(const slim_preprocess_call *call, slim_window source, int h, int w, int y, int x,
                            float *out);
/** Grey value of a pixel with TensorFlow's weights. */
static inline float slim_preprocess_grey(float r, float g, float b)
{
  return 0.2989f * r + 0.5870f * g + 0.1140f * b;
}
/** Mirrors an image of the output's size left to right. */
void slim_preprocess_flip(const slim_preprocess_call *call, int channels, float *image);
/** x = (x + add) * scale for the whole output. */
void slim_preprocess_scale(const slim_preprocess_call *call, float add, float scale, float *out);

#endif
