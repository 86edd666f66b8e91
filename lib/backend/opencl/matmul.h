/* The matrix products of matmul, and of convolutions that are nothing else. */
#ifndef SLIM_OPENCL_MATMUL_H
#define SLIM_OPENCL_MATMUL_H

#include "backend/opencl/epilogue.h"
#include "kernels/matmul_params.h"

/** Launches y = epilogue(a b); p's epilogue is set here. The workspace holds what slim_cl_matmul_workspace asks for. A
 * residual is added by blocked kernels only (slim_cl_gemm_usable). */
void slim_cl_matmul(slim_cl_build *build, const slim_view *a, const slim_view *b, const slim_view *y,
                    const slim_cl_epilogue *epilogue, const slim_matmul_params *p);
/** Is the product of float32 cut into blocks, with a by rows? */
bool slim_cl_matmul_is_blocked(const slim_device *device, const slim_matmul_params *p, bool has_residual);
/** half: b has halves. */
size_t slim_cl_matmul_workspace(const slim_device *device, const slim_matmul_params *p, bool has_residual, bool half);

#endif
