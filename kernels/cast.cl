#include "common.h"
#include "cast_params.h"

/* By number, as slim_dtype counts them. */
enum dtype { FLOAT32 = 1, INT32 = 3, UINT8 = 4, INT64 = 9, BOOL = 10, FLOAT16 = 19 };

static inline long load_whole(__global const uchar *x, const uint i, const int type)
{
  switch (type) {
  case INT32:
    return ((__global const int *)x)[i];
  case INT64:
    return ((__global const long *)x)[i];
  default:
    return x[i];
  }
}

static inline void store_whole(__global uchar *y, const uint i, const int type, const long value)
{
  switch (type) {
  case INT32:
    ((__global int *)y)[i] = (int)value;
    break;
  case INT64:
    ((__global long *)y)[i] = value;
    break;
  case BOOL:
    y[i] = value != 0;
    break;
  default:
    y[i] = (uchar)value;
  }
}

__kernel void slim_cast_naive_any(SLIM_TENSOR(const uchar, x), SLIM_TENSOR(uchar, y), const slim_cast_params p)
{
  SLIM_OPEN(const uchar, x);
  SLIM_OPEN(uchar, y);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  if (p.from == FLOAT32 || p.from == FLOAT16) {
    const float value = p.from == FLOAT32 ? ((__global const float *)x)[i] : vload_half(i, (__global const half *)x);
    if (p.to == FLOAT32) {
      ((__global float *)y)[i] = value;
    } else if (p.to == BOOL) {
      y[i] = value != 0.0f;
    } else {
      store_whole(y, i, p.to, (long)value);
    }
  } else {
    const long value = load_whole(x, i, p.from);
    if (p.to == FLOAT32) {
      ((__global float *)y)[i] = (float)value;
    } else {
      store_whole(y, i, p.to, value);
    }
  }
}
