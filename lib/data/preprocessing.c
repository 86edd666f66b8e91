/* Preprocessing by name, and of single files. */
#include "base/file.h"
#include "data/preprocess.h"
#include "formats/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_FILE ((size_t)256 << 20)

/* The names that select a function: "*" at the end stands for anything. */
static const struct {
  const char *names;
  slim_preprocessing function;
  float low, high; /* of what comes out */
} table[] = {
  { "lenet", slim_preprocess_lenet, -1.0f, 1.0f },
  { "cifarnet", slim_preprocess_cifarnet, -3.0f, 3.0f }, /* standard deviations */
  { "vgg vgg_a vgg_16 vgg_19 resnet_v1_50 resnet_v1_101 resnet_v1_152 resnet_v1_200 resnet_v2_50 resnet_v2_101 "
    "resnet_v2_152 resnet_v2_200",
    slim_preprocess_vgg, -123.68f, 151.061f }, /* 0 - red's mean, 255 - blue's */
  { "inception inception_v1 inception_v2 inception_v3 inception_v4 inception_resnet_v2 mobilenet_v1 mobilenet_v2 "
    "mobilenet_v2_035 mobilenet_v2_140 mobilenet_v3* mobilenet_edgetpu* nasnet_mobile nasnet_large pnasnet_mobile "
    "pnasnet_large",
    slim_preprocess_inception, -1.0f, 1.0f },
};

static bool matches(const char *pattern, size_t length, const char *name)
{
  if (length > 0 && pattern[length - 1] == '*') {
    return !strncmp(pattern, name, length - 1);
  }
  return strlen(name) == length && !memcmp(pattern, name, length);
}

static bool any_matches(const char *names, const char *name)
{
  for (const char *p = names; *p; p += strspn(p, " ")) {
    const size_t length = strcspn(p, " ");
    if (matches(p, length, name)) {
      return true;
    }
    p += length;
  }
  return false;
}

slim_preprocessing slim_get_preprocessing(const char *name, slim_error *error)
{
  if (slim_error_held(error)) {
    return NULL;
  }
  char list[SLIM_ERROR_TEXT / 2] = "";
  size_t used = 0;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    if (name && any_matches(table[i].names, name)) {
      return table[i].function;
    }
    const int n = snprintf(list + used, sizeof list - used, "%s%s", i ? " " : "", table[i].names);
    used += n > 0 && (size_t)n < sizeof list - used ? (size_t)n : 0;
  }
  slim_error_set(error, SLIM_ERR_NOT_FOUND, "no preprocessing of the name '%s'; there are (* stands for anything): %s",
                 name ? name : "", list);
  return NULL;
}

bool slim_preprocessing_range(const char *name, float *low, float *high)
{
  for (size_t i = 0; name && i < sizeof table / sizeof *table; i++) {
    if (any_matches(table[i].names, name)) {
      *low = table[i].low;
      *high = table[i].high;
      return true;
    }
  }
  return false;
}

static slim_status preprocess_image(slim_preprocessing preprocessing, const slim_image *image,
                                    const slim_preprocess_call *call, float *out, slim_error *error)
{
  slim_preprocess_call full = *call;
  full.pixels = image->pixels;
  full.h = image->height;
  full.w = image->width;
  full.c = image->channels;
  return preprocessing(&full, out, error);
}

slim_status slim_preprocess_file(slim_preprocessing preprocessing, const char *path, int channels,
                                 const slim_preprocess_call *call, float *out, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  unsigned char *data = NULL;
  size_t size = 0;
  slim_image image = { 0 };
  slim_error cause = { 0 };
  if (!preprocessing || !path) {
    return slim_error_set(error, SLIM_ERR_ARG, "preprocess_file: the %s is missing", path ? "preprocessing" : "path");
  }
  if (channels != 1 && channels != 3) {
    return slim_error_set(error, SLIM_ERR_ARG, "'%s' as %d channels: 1 and 3 are possible", path, channels);
  }
  slim_status status = slim_file_read(path, LARGEST_FILE, &data, &size, error);
  if (status != SLIM_OK) {
    return status;
  }
  status = slim_image_decode((slim_span){ data, size }, channels, 0, &image, &cause);
  free(data);
  if (status == SLIM_OK) {
    status = preprocess_image(preprocessing, &image, call, out, &cause);
    slim_image_free(&image);
  }
  return status == SLIM_OK ? SLIM_OK : slim_error_set(error, status, "'%s': %s", path, cause.text);
}
