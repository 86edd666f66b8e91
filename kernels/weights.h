/* Weights as kernels read them: float32, or halves in a kernel's twin slim_..._f16, which is the same source with
 * SLIM_F16 set and computes in float32 all the same. OpenCL C 1.2 loads halves on every device. */
#ifndef SLIM_KERNEL_WEIGHTS_H
#define SLIM_KERNEL_WEIGHTS_H

#include "vector.h"

#ifdef SLIM_F16
typedef ushort slim_weight; /* the bits: without cl_khr_fp16 halves are no type of variables */
#define SLIM_HALF_END 65520.0f /* and larger numbers would become infinite */
#define SLIM_FITS(value_) (fabs(value_) < SLIM_HALF_END)
#define SLIM_FITSW(value_) all(isless(fabs(value_), (SLIM_FLOATW)(SLIM_HALF_END)))
#define SLIM_WEIGHT(from_, i_) vload_half((i_), (__global const half *)(from_))
#define SLIM_WEIGHT_PUT(value_, to_, i_) vstore_half((value_), (i_), (__global half *)(to_))
#define SLIM_WEIGHTS4(from_) vload_half4(0, (__global const half *)(from_))
#define SLIM_WEIGHTSW(from_) SLIM_PASTE_(vload_half, SLIM_WIDTH)(0, (__global const half *)(from_))
#define SLIM_WEIGHTSW_PUT(value_, to_) SLIM_PASTE_(vstore_half, SLIM_WIDTH)((value_), 0, (__global half *)(to_))
#else
typedef float slim_weight;
#define SLIM_FITS(value_) true
#define SLIM_FITSW(value_) true
#define SLIM_WEIGHT(from_, i_) (from_)[i_]
#define SLIM_WEIGHT_PUT(value_, to_, i_) (to_)[i_] = (value_)
#define SLIM_WEIGHTS4(from_) SLIM_LOAD4(from_)
#define SLIM_WEIGHTSW(from_) SLIM_LOADW(0, (from_))
#define SLIM_WEIGHTSW_PUT(value_, to_) SLIM_STOREW((value_), 0, (to_))
#endif

#endif
