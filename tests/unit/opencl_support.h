/* A device and single steps on it, without graph and session. */
#ifndef OPENCL_SUPPORT_H
#define OPENCL_SUPPORT_H

#include "backend/opencl/opencl.h"

#include <string.h>

/* Index of the first OpenCL device whose name holds SLIM_TEST_DEVICE; -1 when there is none. */
static inline int cl_test_index(void)
{
  const char *wanted = getenv("SLIM_TEST_DEVICE");
  slim_device_info info;
  for (int i = 0; slim_backend_opencl.describe(i, &info); i++) {
    if (wanted == NULL || strstr(info.name, wanted) != NULL) {
      return i;
    }
  }
  return -1;
}

static inline bool cl_test_available(char *why, size_t size)
{
  const bool yes = cl_test_index() >= 0;
  if (!yes) {
    const char *wanted = getenv("SLIM_TEST_DEVICE");
    (void)snprintf(why, size, "no OpenCL device named %s", wanted == NULL ? "anything" : wanted);
  }
  return yes;
}

static inline slim_device *cl_test_open(void)
{
  slim_device *device = NULL;
  slim_error error = { 0 };
  char selector[32];
  (void)snprintf(selector, sizeof(selector), "opencl:%d", cl_test_index());
  ck_assert_msg(slim_device_open(selector, &device, &error) == SLIM_OK, "%s", error.text);
  return device;
}

#endif
