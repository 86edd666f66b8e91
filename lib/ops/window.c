/* The geometry of convolution and pooling. */
#include "ops/ops.h"

slim_window slim_window_of(int in, int kernel, int stride, int rate, slim_padding padding)
{
  const int64_t reach = ((int64_t)kernel - 1) * rate + 1;
  if (padding == SLIM_SAME) {
    const int64_t out = ((int64_t)in + stride - 1) / stride;
    const int64_t pad = (out - 1) * stride + reach - in;
    return (slim_window){ (int)out, pad > 0 ? (int)(pad / 2) : 0 };
  }
  return (slim_window){ in < reach ? 0 : (int)((in - reach) / stride + 1), 0 };
}

slim_phase slim_phase_of(int number, int kernel, int stride, int rate, int before, int size)
{
  slim_phase p = { .first = ((number - before) % stride + stride) % stride, .taps.distance = 1 };
  p.count = p.first < size ? (size - p.first + stride - 1) / stride : 0;
  slim_taps *t = &p.taps;
  for (int k = kernel - 1; k >= 0; k--) {
    const int at = p.first + before - k * rate;
    if (at % stride != 0) {
      continue;
    }
    if (t->count == 0) {
      t->first = k;
      t->begin = at / stride;
    } else if (t->count == 1) {
      t->step = k - t->first;
      t->distance = at / stride - t->begin;
    }
    t->count++;
  }
  return p;
}
