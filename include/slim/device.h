/* Devices: what there is, which one to use, what it can do. */
#ifndef SLIM_DEVICE_H
#define SLIM_DEVICE_H

#include "slim/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct slim_device slim_device;

typedef enum slim_device_class {
  SLIM_CLASS_CPU,   /* vector registers, one work-item a tile: the CPU backend, PoCL, Intel's CPU driver */
  SLIM_CLASS_GPU,   /* local memory, register blocking */
  SLIM_CLASS_MOBILE /* vec4, few registers, small work-groups */
} slim_device_class;

typedef struct slim_device_info {
  char selector[32]; /* what --device takes: "cpu", "opencl:0" */
  char name[128], vendor[128], version[128], driver[128];
  slim_device_class device_class;
  int compute_units;
  size_t max_work_group, local_memory, max_allocation, global_memory;
  bool is_gpu, unified_memory, fp16, images;
} slim_device_info;

/** Writes up to capacity devices, the CPU backend first, then OpenCL devices by platform. @return how many there are. */
SLIM_API size_t slim_device_list(slim_device_info *infos, size_t capacity);

/**
 * Opens a device. selector: "cpu"; "opencl" (the best OpenCL device: GPU, accelerator, CPU; ties by platform order);
 * "opencl:<n>"; "auto" (the best GPU, else the CPU backend); or part of a device's name, vendor or platform, any case.
 * SLIM_DEVICE_LIMITS ("wg=64,local=16384,alloc=256M,images=0") clamps what queries report.
 * Errors: SLIM_ERR_NOT_FOUND naming the devices there are; SLIM_ERR_DEVICE when it fails its self-test. A named device
 * never falls back to another.
 */
SLIM_API slim_status slim_device_open(const char *selector, slim_device **device, slim_error *error);
/** Closes the device; NULL is fine. Sessions and values on it must be gone. */
SLIM_API void slim_device_close(slim_device *device);
/** Its name, driver and limits; owned by the device. */
SLIM_API const slim_device_info *slim_device_get_info(const slim_device *device);

#ifdef __cplusplus
}
#endif
#endif
