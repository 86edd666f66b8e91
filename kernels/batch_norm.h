/* What may stand behind batch norm: relu and relu6, as clamps of floats or vectors. */
#ifndef SLIM_KERNEL_BATCH_NORM_H
#define SLIM_KERNEL_BATCH_NORM_H

#include "activation.h"
#include "batch_norm_params.h"

static inline float slim_clamp_low(const slim_batch_norm_params p)
{
  return p.activation ? 0.0f : -INFINITY;
}

static inline float slim_clamp_high(const slim_batch_norm_params p)
{
  return p.activation == SLIM_ACTIVATION_RELU6 ? 6.0f : INFINITY;
}

/* A NaN stays one. */
#define SLIM_CLAMP(type_, z_, low_, high_)                                                                             \
  ((z_) < (type_)(low_) ? (type_)(low_) : (z_) > (type_)(high_) ? (type_)(high_) : (z_))
/* dy where the clamp leaves z as it is. */
#define SLIM_CLAMP_GRADIENT(type_, dy_, z_, low_, high_)                                                               \
  ((z_) > (type_)(low_) ? ((z_) < (type_)(high_) ? (dy_) : (type_)(0.0f)) : (type_)(0.0f))

#endif
