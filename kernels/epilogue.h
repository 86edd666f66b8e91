/* How conv2d and matmul kernels end: bias, residual and activation of one result. */
#ifndef SLIM_KERNEL_EPILOGUE_H
#define SLIM_KERNEL_EPILOGUE_H

#include "activation.h"
#include "epilogue_params.h"

/* residual lies as the result does, whose element is number i. */
static inline float slim_epilogue_at(const float value, __global const float *bias, const int channel,
                                     __global const float *residual, const size_t i, const slim_epilogue_params e)
{
  const float sum = e.has_bias ? value + bias[channel] : value;
  return slim_activate(e.has_residual ? sum + residual[i] : sum, e.activation);
}

/* Of kernels that take no residual. */
static inline float slim_epilogue(const float value, __global const float *bias, const int channel,
                                  const slim_epilogue_params e)
{
  return slim_activate(e.has_bias ? value + bias[channel] : value, e.activation);
}

#endif
