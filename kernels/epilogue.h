/* How conv2d and matmul kernels end: bias and activation of one result. */
#ifndef SLIM_KERNEL_EPILOGUE_H
#define SLIM_KERNEL_EPILOGUE_H

#include "activation.h"
#include "epilogue_params.h"

static inline float slim_epilogue(const float value, __global const float *bias, const int channel,
                           const slim_epilogue_params e)
{
  return slim_activate(e.has_bias ? value + bias[channel] : value, e.activation);
}

#endif
