#include "backend/opencl/loader.h"

#ifdef SLIM_OPENCL_DLOPEN
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#define LIBRARY "libOpenCL.so.1"
#define LIBRARY_ANDROID "libOpenCL.so"

static slim_cl_api table;
static bool loaded;
static const char *missing = LIBRARY;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool find(void *library, const char *name, void *slot)
{
  void *symbol = dlsym(library, name);
  if (symbol == NULL) {
    missing = name;
    return false;
  }
  memcpy(slot, &symbol, sizeof(symbol)); /* C has no cast from an object pointer to a function pointer */
  return true;
}

static void load(void)
{
  void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    library = dlopen(LIBRARY_ANDROID, RTLD_NOW | RTLD_LOCAL);
  }
  if (library == NULL) {
    return;
  }
  /* never closed: drivers keep threads and exit handlers */
#define FIND(name_) find(library, "cl" #name_, &table.name_) &&
  loaded = SLIM_CL_MAP(FIND) true;
#undef FIND
}

const slim_cl_api *slim_cl_api_get(slim_error *error)
{
  pthread_once(&once, load);
  if (!loaded) {
    slim_error_set(error, SLIM_ERR_NOT_FOUND, "opencl: no usable OpenCL loader (%s not found); install an ICD loader",
                   missing);
    return NULL;
  }
  return &table;
}
#else
const slim_cl_api *slim_cl_api_get(slim_error *error)
{
  (void)error;
#define ENTRY(name_) .name_ = cl##name_,
  static const slim_cl_api table = { SLIM_CL_MAP(ENTRY) };
#undef ENTRY
  return &table;
}
#endif

const char *slim_cl_error_name(cl_int code)
{
  static const struct {
    cl_int code;
    const char *name;
  } names[] = {
#define NAME(name_) { name_, #name_ }
    NAME(CL_SUCCESS),
    NAME(CL_DEVICE_NOT_FOUND),
    NAME(CL_DEVICE_NOT_AVAILABLE),
    NAME(CL_COMPILER_NOT_AVAILABLE),
    NAME(CL_MEM_OBJECT_ALLOCATION_FAILURE),
    NAME(CL_OUT_OF_RESOURCES),
    NAME(CL_OUT_OF_HOST_MEMORY),
    NAME(CL_PROFILING_INFO_NOT_AVAILABLE),
    NAME(CL_BUILD_PROGRAM_FAILURE),
    NAME(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST),
    NAME(CL_INVALID_VALUE),
    NAME(CL_INVALID_DEVICE),
    NAME(CL_INVALID_CONTEXT),
    NAME(CL_INVALID_COMMAND_QUEUE),
    NAME(CL_INVALID_MEM_OBJECT),
    NAME(CL_INVALID_BINARY),
    NAME(CL_INVALID_BUILD_OPTIONS),
    NAME(CL_INVALID_PROGRAM_EXECUTABLE),
    NAME(CL_INVALID_KERNEL_NAME),
    NAME(CL_INVALID_ARG_INDEX),
    NAME(CL_INVALID_ARG_VALUE),
    NAME(CL_INVALID_ARG_SIZE),
    NAME(CL_INVALID_KERNEL_ARGS),
    NAME(CL_INVALID_WORK_GROUP_SIZE),
    NAME(CL_INVALID_WORK_ITEM_SIZE),
    NAME(CL_INVALID_BUFFER_SIZE),
    NAME(CL_INVALID_GLOBAL_WORK_SIZE),
    { -1001, "CL_PLATFORM_NOT_FOUND_KHR" },
#undef NAME
  };
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    if (names[i].code == code) {
      return names[i].name;
    }
  }
  return "unknown OpenCL error";
}
