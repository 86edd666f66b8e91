#include "data/preprocess.h"

#include <math.h>
#include <string.h>

int slim_preprocess_channels(const slim_preprocess_call *call)
{
  return call->use_grayscale ? 1 : call->c;
}

slim_rng slim_preprocess_rng(const slim_preprocess_call *call)
{
  return slim_rng_make(call->seed, slim_hash("slim/preprocessing"), call->sample);
}

static int centre(int in, int out)
{
  return in > out ? (in - out) / 2 : -((out - in) / 2);
}

slim_window slim_preprocess_centre(const slim_preprocess_call *call)
{
  return (slim_window){ centre(call->h, call->out_h), centre(call->w, call->out_w), call->out_h, call->out_w };
}

/* n pixels as floats. */
static void convert(const slim_preprocess_call *call, const uint8_t *from, int n, float *to)
{
  if (call->use_grayscale && call->c == 3) {
    for (int x = 0; x < n; x++, from += 3) {
      to[x] = slim_preprocess_grey(from[0], from[1], from[2]);
    }
  } else {
    for (int i = 0; i < n * call->c; i++) {
      to[i] = (float)from[i];
    }
  }
}

static void zero(float *to, int pixels, int channels)
{
  if (pixels > 0) {
    memset(to, 0, (size_t)pixels * (size_t)channels * sizeof *to);
  }
}

static int limit(int value, int low, int high)
{
  return value < low ? low : value > high ? high : value;
}

void slim_preprocess_crop(const slim_preprocess_call *call, slim_window window, float *out)
{
  const int channels = slim_preprocess_channels(call);
  const int left = limit(-window.x, 0, window.w);              /* columns left of the image */
  const int right = limit(call->w - window.x, left, window.w); /* first column right of it */
  for (int y = 0; y < window.h; y++) {
    float *to = out + (size_t)y * (size_t)window.w * (size_t)channels;
    const int row = window.y + y;
    if (row < 0 || row >= call->h || left == right) {
      zero(to, window.w, channels);
      continue;
    }
    const size_t pixel = (size_t)row * (size_t)call->w + (size_t)(window.x + left);
    zero(to, left, channels);
    convert(call, call->pixels + pixel * (size_t)call->c, right - left, to + (size_t)left * (size_t)channels);
    zero(to + (size_t)right * (size_t)channels, window.w - right, channels);
  }
}

/* Where an output coordinate lies between two source pixels. */
typedef struct between {
  int low, high;
  float part; /* of high */
} between;

static between locate(int at, float scale, int size)
{
  const float position = (float)at * scale, low = floorf(position);
  const int last = size - 1;
  const int i = low < (float)last ? (int)low : last;
  return (between){ i, i < last ? i + 1 : last, position - low };
}

static float blend(float a, float b, float part)
{
  return a + (b - a) * part;
}

void slim_preprocess_resize(const slim_preprocess_call *call, slim_window source, int h, int w, int y, int x,
                            float *out)
{
  const size_t c = (size_t)call->c, row = (size_t)call->w * c;
  const float scale_y = (float)source.h / (float)h, scale_x = (float)source.w / (float)w;
  const bool to_grey = call->use_grayscale && call->c == 3;
  const uint8_t *first = call->pixels + (size_t)source.y * row + (size_t)source.x * c;
  for (int i = 0; i < call->out_h; i++) {
    const between v = locate(y + i, scale_y, source.h);
    const uint8_t *top = first + (size_t)v.low * row, *bottom = first + (size_t)v.high * row;
    for (int j = 0; j < call->out_w; j++) {
      const between u = locate(x + j, scale_x, source.w);
      const size_t left = (size_t)u.low * c, right = (size_t)u.high * c;
      float pixel[3] = { 0 };
      for (size_t k = 0; k < c && k < 3; k++) {
        pixel[k] = blend(blend(top[left + k], top[right + k], u.part),
                         blend(bottom[left + k], bottom[right + k], u.part), v.part);
      }
      if (to_grey) {
        *out++ = slim_preprocess_grey(pixel[0], pixel[1], pixel[2]);
        continue;
      }
      for (size_t k = 0; k < c && k < 3; k++) {
        *out++ = pixel[k];
      }
    }
  }
}

void slim_preprocess_flip(const slim_preprocess_call *call, int channels, float *image)
{
  for (int y = 0; y < call->out_h; y++) {
    float *left = image + (size_t)y * (size_t)call->out_w * (size_t)channels;
    float *right = left + (size_t)(call->out_w - 1) * (size_t)channels;
    for (; left < right; left += channels, right -= channels) {
      for (int k = 0; k < channels; k++) {
        const float t = left[k];
        left[k] = right[k];
        right[k] = t;
      }
    }
  }
}

void slim_preprocess_scale(const slim_preprocess_call *call, float add, float scale, float *out)
{
  const size_t count = (size_t)call->out_h * (size_t)call->out_w * (size_t)slim_preprocess_channels(call);
  for (size_t i = 0; i < count; i++) {
    out[i] = (out[i] + add) * scale;
  }
}
