/* For LD_PRELOAD: adds the name of every kernel that a process launches, once each, to the file $SLIM_TEST_LAUNCHED.
 * tests/launched.sh reads it. */
#define _GNU_SOURCE
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KERNELS_MOST 512
#define NAME_MOST 96

typedef cl_int(CL_API_CALL *launch_fn)(cl_command_queue, cl_kernel, cl_uint, const size_t *, const size_t *,
                                       const size_t *, cl_uint, const cl_event *, cl_event *);
typedef cl_int(CL_API_CALL *info_fn)(cl_kernel, cl_kernel_info, size_t, void *, size_t *);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char seen[KERNELS_MOST][NAME_MOST];
static int count;
static launch_fn launch;
static info_fn info;

static void find(void)
{
  void *found[2] = { dlsym(RTLD_NEXT, "clEnqueueNDRangeKernel"), dlsym(RTLD_NEXT, "clGetKernelInfo") };
  memcpy(&launch, &found[0], sizeof launch);
  memcpy(&info, &found[1], sizeof info);
}

static void write_name(const char *name)
{
  const char *path = getenv("SLIM_TEST_LAUNCHED");
  const int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;
  char line[NAME_MOST + 1];
  const int length = snprintf(line, sizeof line, "%s\n", name);
  if (file >= 0) {
    (void)!write(file, line, (size_t)length); /* appended in one piece, so that processes do not mix lines */
    close(file);
  }
}

static void note(const char *name)
{
  int i = 0;
  pthread_mutex_lock(&lock);
  while (i < count && strcmp(seen[i], name) != 0) {
    i++;
  }
  if (i == count && count < KERNELS_MOST) {
    (void)snprintf(seen[count++], NAME_MOST, "%s", name);
    write_name(name);
  }
  pthread_mutex_unlock(&lock);
}

CL_API_ENTRY cl_int CL_API_CALL clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dims,
                                                       const size_t *offset, const size_t *global, const size_t *local,
                                                       cl_uint events, const cl_event *list, cl_event *event)
{
  char name[NAME_MOST] = "";
  pthread_once(&once, find);
  if (info(kernel, CL_KERNEL_FUNCTION_NAME, sizeof name, name, NULL) == CL_SUCCESS) {
    note(name);
  }
  return launch(queue, kernel, dims, offset, global, local, events, list, event);
}
