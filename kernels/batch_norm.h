/* What the kernels of batch norm share. Behind it may stand relu or relu6. */
#ifndef SLIM_KERNEL_BATCH_NORM_H
#define SLIM_KERNEL_BATCH_NORM_H

#include "activation.h"
#include "batch_norm_params.h"
#include "common.h"

/* The tensors that the kernels of the last sweep share, and those that the kernels of the gradient do. */
#define SLIM_BATCH_NORM_TENSORS                                                                                        \
  SLIM_TENSOR(const float, x), SLIM_TENSOR(const float, gamma), SLIM_TENSOR(const float, beta),                        \
    SLIM_TENSOR(const float, mean), SLIM_TENSOR(const float, inverse), SLIM_TENSOR(const float, residual),             \
    SLIM_TENSOR(float, y)
#define SLIM_BATCH_NORM_OPEN                                                                                           \
  SLIM_OPEN(const float, x);                                                                                           \
  SLIM_OPEN(const float, gamma);                                                                                       \
  SLIM_OPEN(const float, beta);                                                                                        \
  SLIM_OPEN(const float, mean);                                                                                        \
  SLIM_OPEN(const float, inverse);                                                                                     \
  SLIM_OPEN(const float, residual);                                                                                    \
  SLIM_OPEN(float, y)

#define SLIM_BATCH_NORM_GRADIENT_TENSORS                                                                               \
  SLIM_TENSOR(const float, dy), SLIM_TENSOR(const float, x), SLIM_TENSOR(const float, gamma),                          \
    SLIM_TENSOR(const float, mean), SLIM_TENSOR(const float, inverse), SLIM_TENSOR(const float, beta)
#define SLIM_BATCH_NORM_GRADIENT_OPEN                                                                                  \
  SLIM_OPEN(const float, dy);                                                                                          \
  SLIM_OPEN(const float, x);                                                                                           \
  SLIM_OPEN(const float, gamma);                                                                                       \
  SLIM_OPEN(const float, mean);                                                                                        \
  SLIM_OPEN(const float, inverse);                                                                                     \
  SLIM_OPEN(const float, beta)

/* Of floats or vectors: the result before what is fused behind, by the distance of x from its mean and the product of
 * inverse deviation and gamma; and dy where the activation behind passes it. */
#define SLIM_NORMAL(away_, scale_, beta_) fma(away_, scale_, beta_)
#define SLIM_PASSED(type_, dy_, away_, scale_, beta_, kind_)                                                           \
  SLIM_CLAMP_GRADIENT(type_, dy_, SLIM_NORMAL(away_, scale_, beta_), kind_)

#endif
