#include "common.h"
#include "batch_norm_fold_params.h"
#include "weights.h"

/* Rows of the weights of channels from k on, fewer than a vector. */
SLIM_APART void fold_each(__global const slim_weight *weights, __global const float *gamma, __global const float *beta,
                          __global const float *mean, __global const float *variance, __global slim_weight *out,
                          __global float *bias, __global uint *flag, const slim_batch_norm_fold_params p, const int k,
                          const int row, const int end)
{
  for (int c = k; c < p.c; c++) {
    const float factor = gamma[c] / sqrt(variance[c] + p.epsilon);
    for (int i = row; i < end; i++) {
      const float weight = SLIM_WEIGHT(weights, i * p.c + c) * factor;
      SLIM_WEIGHT_PUT(weight, out, i * p.c + c);
      if (!SLIM_FITS(weight)) {
        *flag = 1;
      }
    }
    if (row == 0) {
      bias[c] = beta[c] - mean[c] * factor;
    }
  }
}

/* Those of a vector of channels. */
SLIM_APART void fold_vector(__global const slim_weight *weights, __global const float *gamma,
                            __global const float *beta, __global const float *mean, __global const float *variance,
                            __global slim_weight *out, __global float *bias, __global uint *flag,
                            const slim_batch_norm_fold_params p, const int k, const int row, const int end)
{
  const SLIM_FLOATW factor = SLIM_LOADW(0, gamma + k) / sqrt(SLIM_LOADW(0, variance + k) + p.epsilon);
  for (int i = row; i < end; i++) {
    const SLIM_FLOATW weight = SLIM_WEIGHTSW(weights + i * p.c + k) * factor;
    SLIM_WEIGHTSW_PUT(weight, out + i * p.c + k);
    if (!SLIM_FITSW(weight)) {
      *flag = 1;
    }
  }
  if (row == 0) {
    SLIM_STOREW(SLIM_LOADW(0, beta + k) - SLIM_LOADW(0, mean + k) * factor, 0, bias + k);
  }
}

/* A work-item takes a vector of channels through SLIM_FOLD_ROWS rows of the weights; those of the first rows also make
 * the bias. flag is set when a weight is too large for what it is kept as. */
__kernel void slim_batch_norm_fold_vector_f32(SLIM_TENSOR(const slim_weight, weights), SLIM_TENSOR(const float, gamma),
                                              SLIM_TENSOR(const float, beta), SLIM_TENSOR(const float, mean),
                                              SLIM_TENSOR(const float, variance), SLIM_TENSOR(slim_weight, out),
                                              SLIM_TENSOR(float, bias), __global uint *flag,
                                              const slim_batch_norm_fold_params p)
{
  SLIM_OPEN(const slim_weight, weights);
  SLIM_OPEN(const float, gamma);
  SLIM_OPEN(const float, beta);
  SLIM_OPEN(const float, mean);
  SLIM_OPEN(const float, variance);
  SLIM_OPEN(slim_weight, out);
  SLIM_OPEN(float, bias);
  const int k = (int)get_global_id(0) * SLIM_WIDTH, row = (int)get_global_id(1) * SLIM_FOLD_ROWS;
  const int end = min(row + SLIM_FOLD_ROWS, p.n / p.c);
  if (k + SLIM_WIDTH <= p.c) {
    fold_vector(weights, gamma, beta, mean, variance, out, bias, flag, p, k, row, end);
  } else {
    fold_each(weights, gamma, beta, mean, variance, out, bias, flag, p, k, row, end);
  }
}
