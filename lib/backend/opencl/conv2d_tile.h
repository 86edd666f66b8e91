/* Convolutions on GPUs and small devices, by tiled products. */
#ifndef SLIM_OPENCL_CONV2D_TILE_H
#define SLIM_OPENCL_CONV2D_TILE_H

#include "backend/opencl/epilogue.h"
#include "backend/opencl/opencl.h"
#include "kernels/conv2d_params.h"
#include "kernels/tile_params.h"

/** Bytes of the workspace that slices of the windows take, from aligned bytes on. */
size_t slim_cl_conv2d_tile_workspace(const slim_device *device, const slim_conv2d_params *p, size_t parts_at);
/** The convolution of x by weights, from some aligned bytes of their view on; slices in the workspace, from aligned
 * bytes on. */
void slim_cl_conv2d_tile(slim_cl_build *build, const slim_view *x, const slim_view *weights, size_t weights_at,
                         const slim_cl_epilogue *epilogue, const slim_view *y, const slim_conv2d_params *p,
                         size_t parts_at);
/** The same without slices, with a result that lies in y as t says. */
void slim_cl_conv2d_tile_at(slim_cl_build *build, const slim_view *x, const slim_view *weights, size_t weights_at,
                            const slim_cl_epilogue *epilogue, const slim_view *y, const slim_conv2d_params *p,
                            const slim_tile_params *t);

size_t slim_cl_conv2d_tile_weights_gradient_workspace(const slim_device *device, const slim_conv2d_params *p);
/** dw, out[0], from dy, in[0], and x, in[1]. */
void slim_cl_conv2d_tile_weights_gradient(slim_cl_build *build, const slim_conv2d_params *p);

#endif
