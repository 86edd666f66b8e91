/* The preprocessing functions, one file each, and what they share. */
#ifndef SLIM_DATA_PREPROCESS_H
#define SLIM_DATA_PREPROCESS_H

#include "slim/data.h"

slim_status slim_preprocess_lenet(const slim_preprocess_call *call, float *out, slim_error *error);

/** Channels that a call writes. */
static inline int slim_preprocess_channels(const slim_preprocess_call *call)
{
  return call->use_grayscale ? 1 : call->c;
}

/** Grey value of an RGB pixel with TensorFlow's weights. */
static inline float slim_preprocess_grey(float r, float g, float b)
{
  return 0.2989f * r + 0.5870f * g + 0.1140f * b;
}

#endif
