/* Channels and layouts of any kind: statistics by two sweeps over parts of a channel (the mean, then squares of what is
 * left), then one over elements. Parts are added in a fixed order. */
#include "common.h"
#include "batch_norm.h"
#include "batch_norm_params.h"

#define BLOCK 64

/* Where element e of channel k lies. */
static inline int element_at(const slim_batch_norm_params p, const int k, const int e)
{
  return p.inner == 1 ? e * p.c + k : (e / p.inner * p.c + k) * p.inner + e % p.inner;
}

static inline float partial_sum(__global const float *partial, const int k, const slim_batch_norm_params p)
{
  float sum = 0.0f;
  for (int s = 0; s < p.slices; s++) {
    sum += partial[s * p.c + k];
  }
  return sum;
}

/* partial[slice][k] = sum of x, or of (x - mean)^2. */
__kernel void slim_batch_norm_sums_f32(SLIM_TENSOR(const float, x), SLIM_TENSOR(const float, mean),
                                       SLIM_TENSOR(float, partial), const int squares, const slim_batch_norm_params p)
{
  SLIM_OPEN(const float, x);
  SLIM_OPEN(const float, mean);
  SLIM_OPEN(float, partial);
  const int i = (int)get_global_id(0);
  if (i >= p.c * p.slices) {
    return;
  }
  const int k = i % p.c, begin = i / p.c * p.length, end = min(begin + p.length, p.outer * p.inner);
  const float center = squares ? mean[k] : 0.0f;
  float total = 0.0f;
  for (int first = begin; first < end; first += BLOCK) {
    float sum = 0.0f;
    for (int e = first; e < min(first + BLOCK, end); e++) {
      const float d = x[element_at(p, k, e)] - center;
      sum += squares ? d * d : d;
    }
    total += sum;
  }
  partial[i] = total;
}

__kernel void slim_batch_norm_mean_f32(SLIM_TENSOR(const float, partial), SLIM_TENSOR(float, mean),
                                       const slim_batch_norm_params p)
{
  SLIM_OPEN(const float, partial);
  SLIM_OPEN(float, mean);
  const int k = (int)get_global_id(0);
  if (k < p.c) {
    mean[k] = partial_sum(partial, k, p) / (float)(p.outer * p.inner);
  }
}

__kernel void slim_batch_norm_variance_f32(SLIM_TENSOR(const float, partial), SLIM_TENSOR(float, variance),
                                           SLIM_TENSOR(float, inverse), const slim_batch_norm_params p)
{
  SLIM_OPEN(const float, partial);
  SLIM_OPEN(float, variance);
  SLIM_OPEN(float, inverse);
  const int k = (int)get_global_id(0);
  if (k < p.c) {
    const float v = partial_sum(partial, k, p) / (float)(p.outer * p.inner);
    inverse[k] = 1.0f / sqrt(v + p.epsilon);
    if (p.want & 4) {
      variance[k] = v * p.unbias;
    }
  }
}

/* Inference: what is given becomes outputs 1 to 3. */
__kernel void slim_batch_norm_given_f32(SLIM_TENSOR(const float, mean), SLIM_TENSOR(const float, variance),
                                        SLIM_TENSOR(float, mean_out), SLIM_TENSOR(float, variance_out),
                                        SLIM_TENSOR(float, inverse), const slim_batch_norm_params p)
{
  SLIM_OPEN(const float, mean);
  SLIM_OPEN(const float, variance);
  SLIM_OPEN(float, mean_out);
  SLIM_OPEN(float, variance_out);
  SLIM_OPEN(float, inverse);
  const int k = (int)get_global_id(0);
  if (k < p.c) {
    inverse[k] = 1.0f / sqrt(variance[k] + p.epsilon);
    if (p.want & 2) {
      mean_out[k] = mean[k];
    }
    if (p.want & 4) {
      variance_out[k] = variance[k];
    }
  }
}

__kernel void slim_batch_norm_naive_f32(SLIM_BATCH_NORM_TENSORS, const slim_batch_norm_params p)
{
  SLIM_BATCH_NORM_OPEN;
  const int i = (int)get_global_id(0);
  if (i < p.outer * p.c * p.inner) {
    const int k = i / p.inner % p.c;
    const float z = SLIM_NORMAL(x[i] - mean[k], inverse[k] * gamma[k], beta[k]);
    const float sum = p.has_residual ? z + residual[i] : z;
    y[i] = SLIM_CLAMP(float, sum, p.activation);
  }
}

/* partial[slice][k] = sum of dy, and behind all of those, of dy times the normalised x. */
__kernel void slim_batch_norm_gradient_sums_f32(SLIM_BATCH_NORM_GRADIENT_TENSORS,
                                                SLIM_TENSOR(float, partial), const slim_batch_norm_params p)
{
  SLIM_BATCH_NORM_GRADIENT_OPEN;
  SLIM_OPEN(float, partial);
  const int i = (int)get_global_id(0);
  if (i >= p.c * p.slices) {
    return;
  }
  const int k = i % p.c, begin = i / p.c * p.length, end = min(begin + p.length, p.outer * p.inner);
  const float shift = p.activation ? beta[k] : 0.0f;
  float total = 0.0f, dot_total = 0.0f;
  for (int first = begin; first < end; first += BLOCK) {
    float sum = 0.0f, dot = 0.0f;
    for (int e = first; e < min(first + BLOCK, end); e++) {
      const int at = element_at(p, k, e);
      const float away = x[at] - mean[k];
      const float d = SLIM_PASSED(float, dy[at], away, inverse[k] * gamma[k], shift, p.activation);
      sum += d;
      dot += d * away;
    }
    total += sum;
    dot_total += dot;
  }
  partial[i] = total;
  partial[p.c * p.slices + i] = dot_total * inverse[k];
}

/* dgamma and dbeta into sums: [2][c], and to the outputs that are wanted. */
__kernel void slim_batch_norm_gradient_finish_f32(SLIM_TENSOR(const float, partial), SLIM_TENSOR(float, sums),
                                                  SLIM_TENSOR(float, dgamma), SLIM_TENSOR(float, dbeta),
                                                  const slim_batch_norm_params p)
{
  SLIM_OPEN(const float, partial);
  SLIM_OPEN(float, sums);
  SLIM_OPEN(float, dgamma);
  SLIM_OPEN(float, dbeta);
  const int k = (int)get_global_id(0);
  if (k >= p.c) {
    return;
  }
  const float sum = partial_sum(partial, k, p), dot = partial_sum(partial + p.c * p.slices, k, p);
  sums[k] = sum;
  sums[p.c + k] = dot;
  if (p.want & 2) {
    dgamma[k] = dot;
  }
  if (p.want & 4) {
    dbeta[k] = sum;
  }
}

__kernel void slim_batch_norm_gradient_naive_f32(SLIM_BATCH_NORM_GRADIENT_TENSORS,
                                                 SLIM_TENSOR(const float, sums), SLIM_TENSOR(float, dx),
                                                 const slim_batch_norm_params p)
{
  SLIM_BATCH_NORM_GRADIENT_OPEN;
  SLIM_OPEN(const float, sums);
  SLIM_OPEN(float, dx);
  const int i = (int)get_global_id(0);
  if (i >= p.outer * p.c * p.inner) {
    return;
  }
  const int k = i / p.inner % p.c;
  const float away = x[i] - mean[k], scale = inverse[k] * gamma[k], shift = p.activation ? beta[k] : 0.0f;
  float d = SLIM_PASSED(float, dy[i], away, scale, shift, p.activation);
  if (p.training) {
    const float count = (float)(p.outer * p.inner);
    d -= (sums[k] + away * inverse[k] * sums[p.c + k]) / count;
  }
  dx[i] = d * scale;
}
