#include "common.h"
#include "classes_params.h"

static inline float row_max(__global const float *x, const int c)
{
  float most = x[0];
  for (int k = 1; k < c; k++) {
    most = fmax(most, x[k]);
  }
  return most;
}

__kernel void slim_softmax_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y), const slim_classes_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  x += (size_t)i * p.c;
  y += (size_t)i * p.c;
  const float most = row_max(x, p.c);
  float sum = 0.0f;
  for (int k = 0; k < p.c; k++) {
    const float e = exp(x[k] - most);
    y[k] = e;
    sum += e;
  }
  for (int k = 0; k < p.c; k++) {
    y[k] /= sum;
  }
}

__kernel void slim_softmax_gradient_naive_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(const float, y),
                                              SLIM_TENSOR(float, dx), const slim_classes_params p)
{
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, y);
  SLIM_OPEN(float, dx);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  const size_t row = (size_t)i * p.c;
  float dot = 0.0f;
  for (int k = 0; k < p.c; k++) {
    dot += dy[row + k] * y[row + k];
  }
  for (int k = 0; k < p.c; k++) {
    dx[row + k] = (dy[row + k] - dot) * y[row + k];
  }
}

/* want: 1 the loss, 2 the gradient by the logits for a gradient of 1. */
__kernel void slim_softmax_cross_entropy_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const float, labels),
                                                   SLIM_TENSOR(float, loss), SLIM_TENSOR(float, back),
                                                   const slim_classes_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const float, labels);
  SLIM_OPEN(float, loss);
  SLIM_OPEN(float, back);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  const size_t row = (size_t)i * p.c;
  const float most = row_max(x + row, p.c);
  float sum = 0.0f, mass = 0.0f;
  for (int k = 0; k < p.c; k++) {
    sum += exp(x[row + k] - most);
    mass += labels[row + k];
  }
  const float log_sum = log(sum);
  float total = 0.0f;
  for (int k = 0; k < p.c; k++) {
    total += labels[row + k] == 0.0f ? 0.0f : labels[row + k] * (log_sum - (x[row + k] - most));
  }
  if (p.want & 1) {
    loss[i] = total;
  }
  for (int k = 0; k < p.c && (p.want & 2); k++) {
    back[row + k] = exp(x[row + k] - most) / sum * mass - labels[row + k];
  }
}

__kernel void slim_sparse_softmax_cross_entropy_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const uchar, labels),
                                                          SLIM_TENSOR(float, loss), SLIM_TENSOR(float, back),
                                                          const slim_classes_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const uchar, labels);
  SLIM_OPEN(float, loss);
  SLIM_OPEN(float, back);
  const uint i = get_global_id(0);
  if (i >= p.n) {
    return;
  }
  const long label = p.wide ? ((__global const long *)labels)[i] : (long)((__global const int *)labels)[i];
  const bool valid = label >= 0 && label < p.c;
  const size_t row = (size_t)i * p.c;
  const float most = row_max(x + row, p.c);
  float sum = 0.0f;
  for (int k = 0; k < p.c; k++) {
    sum += exp(x[row + k] - most);
  }
  if (p.want & 1) {
    loss[i] = valid ? log(sum) - (x[row + (valid ? label : 0)] - most) : NAN;
  }
  for (int k = 0; k < p.c && (p.want & 2); k++) {
    const float share = exp(x[row + k] - most) / sum;
    back[row + k] = valid ? (k == label ? share - 1.0f : share) : NAN;
  }
}

/* max(x, 0) - x z + log(1 + exp(-|x|)), which never overflows. */
__kernel void slim_sigmoid_cross_entropy_naive_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const float, labels),
                                                   SLIM_TENSOR(float, loss), const slim_classes_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const float, labels);
  SLIM_OPEN(float, loss);
  const uint i = get_global_id(0);
  if (i < p.n) {
    loss[i] = (x[i] > 0.0f ? x[i] : 0.0f) - x[i] * labels[i] + log1p(exp(-fabs(x[i])));
  }
}
