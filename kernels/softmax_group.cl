/* What softmax.cl does, long rows on GPUs and small devices: a group a row. */
#include "common.h"
#include "classes_params.h"
#include "group.h"

#if SLIM_CLASS != 0
/* The largest number of a row; then the sum of all exponentials relative to it. */
static inline float most_of(__global const float *x, const slim_classes_params p, __local float *room)
{
  float most = -INFINITY;
  for (int k = (int)get_local_id(0); k < p.c; k += SLIM_GROUP) {
    most = fmax(most, x[k]);
  }
  return slim_group_most(most, room);
}

static inline float exp_sum(__global const float *x, const float most, const slim_classes_params p, __local float *room)
{
  float sum = 0.0f;
  for (int k = (int)get_local_id(0); k < p.c; k += SLIM_GROUP) {
    sum += exp(x[k] - most);
  }
  return slim_group_total(sum, room);
}

__kernel SLIM_GROUPED void slim_softmax_group_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(float, y),
                                                  const slim_classes_params p)
{
  __local float room[SLIM_GROUP];
  SLIM_OPEN(const float, x);
  SLIM_OPEN(float, y);
  const size_t row = get_group_id(0);
  if (row >= p.n) {
    return;
  }
  x += row * p.c;
  y += row * p.c;
  const float most = most_of(x, p, room), sum = exp_sum(x, most, p, room);
  for (int k = (int)get_local_id(0); k < p.c; k += SLIM_GROUP) {
    y[k] = exp(x[k] - most) / sum;
  }
}

__kernel SLIM_GROUPED void slim_softmax_gradient_group_f32(SLIM_TENSOR(const float, dy), SLIM_TENSOR(const float, y),
                                                           SLIM_TENSOR(float, dx), const slim_classes_params p)
{
  __local float room[SLIM_GROUP];
  SLIM_OPEN(const float, dy);
  SLIM_OPEN(const float, y);
  SLIM_OPEN(float, dx);
  const size_t row = get_group_id(0), at = row * p.c;
  if (row >= p.n) {
    return;
  }
  float dot = 0.0f;
  for (int k = (int)get_local_id(0); k < p.c; k += SLIM_GROUP) {
    dot += dy[at + k] * y[at + k];
  }
  dot = slim_group_total(dot, room);
  for (int k = (int)get_local_id(0); k < p.c; k += SLIM_GROUP) {
    dx[at + k] = (dy[at + k] - dot) * y[at + k];
  }
}

__kernel SLIM_GROUPED void slim_softmax_cross_entropy_group_f32(SLIM_TENSOR(const float, x),
                                                                SLIM_TENSOR(const float, labels),
                                                                SLIM_TENSOR(float, loss), SLIM_TENSOR(float, back),
                                                                const slim_classes_params p)
{
  __local float room[SLIM_GROUP];
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const float, labels);
  SLIM_OPEN(float, loss);
  SLIM_OPEN(float, back);
  const size_t row = get_group_id(0), at = row * p.c;
  if (row >= p.n) {
    return;
  }
  const float most = most_of(x + at, p, room), sum = exp_sum(x + at, most, p, room), log_sum = log(sum);
  float mass = 0.0f, total = 0.0f;
  for (int k = (int)get_local_id(0); k < p.c; k += SLIM_GROUP) {
    const float label = labels[at + k];
    mass += label;
    total += label == 0.0f ? 0.0f : label * (log_sum - (x[at + k] - most));
  }
  mass = slim_group_total(mass, room);
  total = slim_group_total(total, room);
  if ((p.want & 1) != 0 && get_local_id(0) == 0) {
    loss[row] = total;
  }
  if (p.want & 2) {
    for (int k = (int)get_local_id(0); k < p.c; k += SLIM_GROUP) {
      back[at + k] = exp(x[at + k] - most) / sum * mass - labels[at + k];
    }
  }
}

__kernel SLIM_GROUPED void slim_sparse_softmax_cross_entropy_group_f32(SLIM_TENSOR(const float, x),
                                                                       SLIM_TENSOR(const uchar, labels),
                                                                       SLIM_TENSOR(float, loss),
                                                                       SLIM_TENSOR(float, back),
                                                                       const slim_classes_params p)
{
  __local float room[SLIM_GROUP];
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const uchar, labels);
  SLIM_OPEN(float, loss);
  SLIM_OPEN(float, back);
  const size_t row = get_group_id(0), at = row * p.c;
  if (row >= p.n) {
    return;
  }
  const long label = p.wide ? ((__global const long *)labels)[row] : (long)((__global const int *)labels)[row];
  const bool valid = label >= 0 && label < p.c;
  const float most = most_of(x + at, p, room), sum = exp_sum(x + at, most, p, room);
  if ((p.want & 1) != 0 && get_local_id(0) == 0) {
    loss[row] = valid ? log(sum) - (x[at + (valid ? label : 0)] - most) : NAN;
  }
  if (p.want & 2) {
    for (int k = (int)get_local_id(0); k < p.c; k += SLIM_GROUP) {
      const float share = exp(x[at + k] - most) / sum;
      back[at + k] = valid ? (k == label ? share - 1.0f : share) : NAN;
    }
  }
}
#endif
