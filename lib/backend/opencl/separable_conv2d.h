/* Depthwise convolutions with a 1x1 convolution in the same group (backend/separable.h), in one launch on CPU-like
 * devices. */
#ifndef SLIM_OPENCL_SEPARABLE_CONV2D_H
#define SLIM_OPENCL_SEPARABLE_CONV2D_H

#include "backend/opencl/opencl.h"
#include "kernels/depthwise_conv2d_params.h"

/** Can the node, a 1x1 convolution, be added to the group? */
bool slim_cl_separable_fits(const slim_device *device, const slim_group *group, const slim_node *node);
/** As in slim_cl_op, of depthwise_conv2d. */
int slim_cl_separable_packs(const slim_device *device, const slim_group *group, const slim_view *in,
                            const slim_view *out);
/** Launches the group. bias: of the depthwise sums. */
void slim_cl_separable(slim_cl_build *build, const slim_view *bias, const slim_depthwise_conv2d_params *sums);

#endif
