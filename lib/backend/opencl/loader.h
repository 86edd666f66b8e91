/* The OpenCL calls we make, in one table: linked with -Dopencl=enabled, found at run time with -Dopencl=dlopen. */
#ifndef SLIM_OPENCL_LOADER_H
#define SLIM_OPENCL_LOADER_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include "slim/base.h"

#define SLIM_CL_MAP(X)                                                                                                 \
  X(GetPlatformIDs)                                                                                                    \
  X(GetPlatformInfo)                                                                                                   \
  X(GetDeviceIDs)                                                                                                      \
  X(GetDeviceInfo)                                                                                                     \
  X(CreateContext)                                                                                                     \
  X(ReleaseContext)                                                                                                    \
  X(CreateCommandQueue)                                                                                                \
  X(ReleaseCommandQueue)                                                                                               \
  X(CreateBuffer)                                                                                                      \
  X(CreateSubBuffer)                                                                                                   \
  X(ReleaseMemObject)                                                                                                  \
  X(SetMemObjectDestructorCallback)                                                                                    \
  X(CreateProgramWithSource)                                                                                           \
  X(CreateProgramWithBinary)                                                                                           \
  X(BuildProgram)                                                                                                      \
  X(GetProgramInfo)                                                                                                    \
  X(GetProgramBuildInfo)                                                                                               \
  X(ReleaseProgram)                                                                                                    \
  X(CreateKernel)                                                                                                      \
  X(ReleaseKernel)                                                                                                     \
  X(GetKernelInfo)                                                                                                     \
  X(SetKernelArg)                                                                                                      \
  X(GetKernelWorkGroupInfo)                                                                                            \
  X(EnqueueNDRangeKernel)                                                                                              \
  X(EnqueueReadBuffer)                                                                                                 \
  X(EnqueueWriteBuffer)                                                                                                \
  X(EnqueueCopyBuffer)                                                                                                 \
  X(EnqueueFillBuffer)                                                                                                 \
  X(EnqueueMapBuffer)                                                                                                  \
  X(EnqueueUnmapMemObject)                                                                                             \
  X(EnqueueMarkerWithWaitList)                                                                                         \
  X(WaitForEvents)                                                                                                     \
  X(GetEventInfo)                                                                                                      \
  X(GetEventProfilingInfo)                                                                                             \
  X(ReleaseEvent)                                                                                                      \
  X(Flush)                                                                                                             \
  X(Finish)

typedef struct slim_cl_api {
#define SLIM_CL_MEMBER_(name_) __typeof__(&cl##name_) name_;
  SLIM_CL_MAP(SLIM_CL_MEMBER_)
#undef SLIM_CL_MEMBER_
} slim_cl_api;

/** The table, the same for the whole process. @return NULL, with error (may be NULL) set, when there is no loader. */
const slim_cl_api *slim_cl_api_get(slim_error *error);

/** "CL_OUT_OF_RESOURCES" for -5; "unknown OpenCL error" otherwise. */
const char *slim_cl_error_name(cl_int code);

#endif
