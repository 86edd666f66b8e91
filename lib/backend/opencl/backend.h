/* The backend's device calls (device.c), as its vtable names them. */
#ifndef SLIM_OPENCL_BACKEND_H
#define SLIM_OPENCL_BACKEND_H

#include "backend/backend.h"

bool slim_cl_device_describe(int index, slim_device_info *info);
slim_status slim_cl_device_open(slim_device *device, int index);
void slim_cl_device_close(slim_device *device);
slim_status slim_cl_device_flush(slim_device *device);
slim_status slim_cl_device_finish(slim_device *device);
void slim_cl_device_profile(slim_device *device, bool on);

#endif
