/* Labels, top classes and argmax. */
#include "common.h"
#include "classes_params.h"

static inline long label_at(__global const uchar *labels, const uint i, const int wide)
{
  return wide ? ((__global const long *)labels)[i] : (long)((__global const int *)labels)[i];
}

__kernel void slim_argmax_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(long, y), const slim_classes_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(long, y);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  const int base = (int)i / p.inner * p.inner * p.c + (int)i % p.inner;
  int best = 0;
  for (int k = 1; k < p.c; k++) {
    best = x[base + k * p.inner] > x[base + best * p.inner] ? k : best;
  }
  y[i] = best;
}

__kernel void slim_one_hot_naive_f32(SLIM_TENSOR(const uchar, labels), SLIM_TENSOR(float, y),
                                     const slim_classes_params p)
{
  SLIM_OPEN(const uchar, labels);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i < p.n * (uint)p.c) {
    y[i] = label_at(labels, i / (uint)p.c, p.wide) == (long)(i % (uint)p.c) ? p.on_value : p.off_value;
  }
}

/* Ties count as in; a label out of range or a target that is not finite is out. */
__kernel void slim_in_top_k_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const uchar, labels),
                                      SLIM_TENSOR(float, y), const slim_classes_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const uchar, labels);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  const long label = label_at(labels, i, p.wide);
  const bool valid = label >= 0 && label < p.c;
  const int base = (int)i * p.c;
  const float target = valid ? x[base + (int)label] : 0.0f;
  int larger = 0;
  for (int k = 0; k < p.c; k++) {
    larger += x[base + k] > target || isnan(x[base + k]);
  }
  y[i] = valid && isfinite(target) && larger < p.k ? 1.0f : 0.0f;
}

/* NaN counts as the smallest. */
static inline float rank_of(const float x)
{
  return isnan(x) ? -INFINITY : x;
}

/* Each next one is the first largest of those behind the last: smaller, or equal and further on. */
__kernel void slim_top_k_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), SLIM_TENSOR(int, places),
                                   const slim_classes_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  SLIM_OPEN(int, places);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  const int base = (int)i * p.c;
  int last = -1;
  float limit = INFINITY;
  for (int j = 0; j < p.k; j++) {
    int best = -1;
    float top = -INFINITY;
    for (int k = 0; k < p.c; k++) {
      const float value = rank_of(x[base + k]);
      const bool behind = value < limit || (value == limit && k > last);
      if (behind && (best < 0 || value > top)) {
        best = k;
        top = value;
      }
    }
    last = best;
    limit = top;
    if (p.want & 1) {
      y[(int)i * p.k + j] = x[base + best];
    }
    if (p.want & 2) {
      places[(int)i * p.k + j] = best;
    }
  }
}
