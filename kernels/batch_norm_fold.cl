#include "common.h"
#include "batch_norm_fold_params.h"

/* A work-item a weight; the first c also make the bias. */
__kernel void slim_batch_norm_fold_naive_f32(SLIM_TENSOR(const float, weights), SLIM_TENSOR(const float, gamma),
                                             SLIM_TENSOR(const float, beta), SLIM_TENSOR(const float, mean),
                                             SLIM_TENSOR(const float, variance), SLIM_TENSOR(float, out),
                                             SLIM_TENSOR(float, bias), const slim_batch_norm_fold_params p)
{
  SLIM_OPEN(const float, weights);
  SLIM_OPEN(const float, gamma);
  SLIM_OPEN(const float, beta);
  SLIM_OPEN(const float, mean);
  SLIM_OPEN(const float, variance);
  SLIM_OPEN(float, out);
  SLIM_OPEN(float, bias);
  const int i = (int)get_global_id(0);
  if (i < p.n) {
    const int k = i % p.c;
    const float factor = gamma[k] / sqrt(variance[k] + p.epsilon);
    out[i] = weights[i] * factor;
    if (i < p.c) {
      bias[i] = beta[i] - mean[i] * factor;
    }
  }
}
