/* What may be fused behind conv2d, depthwise_conv2d and matmul: bias_add, then (not matmul) the addition of a tensor like
 * the result, then an activation, then (3x3 conv2d) 2x2 maxima; and behind depthwise_conv2d a 1x1 convolution with the
 * first three behind it. */
#ifndef SLIM_OPENCL_EPILOGUE_H
#define SLIM_OPENCL_EPILOGUE_H

#include "backend/opencl/opencl.h"
#include "kernels/epilogue_params.h"

bool slim_cl_epilogue_can_fuse(const slim_device *device, const slim_group *group, const slim_node *node);
/** Is every node behind the first one we fuse, in the order we do? */
bool slim_cl_epilogue_fits(const slim_device *device, const slim_group *group);

/** The group's bias and what it adds to the result, views without memory when there are none, and how to end the kernel.
 */
typedef struct slim_cl_epilogue {
  const slim_view *bias, *residual;
  slim_epilogue_params params;
} slim_cl_epilogue;
/** heavy_inputs: how many of in belong to the first node. */
slim_cl_epilogue slim_cl_epilogue_of(const slim_cl_build *build, int heavy_inputs);
/** The same of nodes [begin, end) of the group, whose inputs stand from number inputs on. */
slim_cl_epilogue slim_cl_epilogue_between(const slim_cl_build *build, int begin, int end, int inputs);

#endif
