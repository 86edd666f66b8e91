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
