/* Opening and closing a device, and the self-test that a driver has to pass. */
#include "backend/opencl/opencl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/opencl/backend.h"
#include "backend/opencl/tuning.h"
#include "kernels/activation_params.h"

#define GROUP_1D 256u
#define GROUP_1D_MOBILE 64u
#define SELF_TEST_ELEMENTS 37

slim_status slim_cl_fail(slim_device *device, slim_status status, const char *format, ...)
{
  char text[SLIM_ERROR_TEXT];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof(text), format, list);
  va_end(list);
  device->error = (slim_error){ 0 };
  return slim_error_set(&device->error, status, "%s", text);
}

slim_status slim_cl_check(slim_device *device, cl_int code, const char *what)
{
  if (code == CL_SUCCESS) {
    return SLIM_OK;
  }
  const bool memory = code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_HOST_MEMORY;
  return slim_cl_fail(device, memory ? SLIM_ERR_MEMORY : SLIM_ERR_DEVICE, "%s '%s': %s failed with %s (%d)",
                      device->info.selector, device->info.name, what, slim_cl_error_name(code), code);
}

bool slim_cl_device_describe(int index, slim_device_info *info)
{
  cl_platform_id platform;
  cl_device_id id;
  const slim_cl_api *api = slim_cl_api_get(NULL);
  if (api == NULL || !slim_cl_find(api, index, &platform, &id)) {
    return false;
  }
  slim_cl_describe(api, platform, id, index, info);
  return true;
}

/* The device must speak OpenCL 1.2 and have a compiler. */
static slim_status check_abilities(slim_device *device, const slim_cl *cl)
{
  int major = 0, minor = 0;
  if (sscanf(device->info.version, "OpenCL %d.%d", &major, &minor) != 2 || major < 1 || (major == 1 && minor < 2)) {
    return slim_cl_fail(device, SLIM_ERR_DEVICE, "%s '%s': has '%s', OpenCL 1.2 is needed; choose another device",
                        device->info.selector, device->info.name, device->info.version);
  }
  if (slim_cl_query(cl->api, cl->id, CL_DEVICE_COMPILER_AVAILABLE) == 0) {
    return slim_cl_fail(device, SLIM_ERR_DEVICE, "%s '%s': has no compiler for OpenCL C; choose another device",
                        device->info.selector, device->info.name);
  }
  return SLIM_OK;
}

static void choose_options(slim_cl *cl, const slim_device_info *info)
{
  const size_t most = info->device_class == SLIM_CLASS_MOBILE ? GROUP_1D_MOBILE : GROUP_1D;
  cl->group_1d = info->max_work_group < most ? info->max_work_group : most;
  cl->vector_width = slim_cl_vector_width(cl->api, cl->id, info->device_class);
  cl->caches = slim_caches_find();
  cl->chunks = info->device_class == SLIM_CLASS_CPU &&
               slim_cl_query(cl->api, cl->id, CL_DEVICE_MEM_BASE_ADDR_ALIGN) <= SLIM_ALIGNMENT * 8;
  cl->pins = info->device_class != SLIM_CLASS_CPU;
  snprintf(cl->options, sizeof(cl->options),
           "-cl-std=CL1.2 -w -DSLIM_CLASS=%d -DSLIM_WIDTH=%d", /* -w: PoCL would print how many warnings there were */
           (int)info->device_class, cl->vector_width);
}

static slim_status create_queue(slim_device *device)
{
  slim_cl *cl = slim_cl_of(device);
  cl_int code = CL_SUCCESS;
  cl->queue = cl->api->CreateCommandQueue(cl->context, cl->id, cl->profiling ? CL_QUEUE_PROFILING_ENABLE : 0, &code);
  return slim_cl_check(device, code, "creating a queue");
}

static slim_status create_context(slim_device *device)
{
  slim_cl *cl = slim_cl_of(device);
  cl_int code = CL_SUCCESS;
  cl->context = cl->api->CreateContext(NULL, 1, &cl->id, NULL, NULL, &code);
  slim_status status = slim_cl_check(device, code, "creating a context");
  if (status == SLIM_OK) {
    status = create_queue(device);
  }
  if (status == SLIM_OK) {
    cl->flag.bytes = SLIM_ALIGNMENT;
    cl->flag.memory = cl->api->CreateBuffer(cl->context, CL_MEM_READ_WRITE, cl->flag.bytes, NULL, &code);
    status = slim_cl_check(device, code, "allocating the finite flag");
  }
  if (status == SLIM_OK) {
    cl_uint none[SLIM_ALIGNMENT / sizeof(cl_uint)] = { 0 };
    cl->dealt =
        cl->api->CreateBuffer(cl->context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof(none), none, &code);
    status = slim_cl_check(device, code, "allocating the tasks' counter");
  }
  return status == SLIM_OK ? slim_cl_flag_clear(device) : status;
}

static slim_status self_test_launch(slim_device *device, slim_buffer *buffer)
{
  slim_cl *cl = slim_cl_of(device);
  slim_cl_step step = { 0 };
  slim_cl_build build = { .device = device, .cl = cl, .step = &step };
  const slim_view x = { .buffer = buffer }, y = { .buffer = buffer, .offset = SLIM_ALIGNMENT };
  const slim_activation_params params = { SELF_TEST_ELEMENTS, SLIM_ACTIVATION_RELU };
  slim_cl_begin(&build, "slim_activation_naive_f32");
  slim_cl_arg_view(&build, &x);
  slim_cl_arg_view(&build, &y);
  slim_cl_arg(&build, &params, sizeof(params));
  slim_cl_range(&build, SELF_TEST_ELEMENTS);
  const slim_run run = { 0 };
  const slim_status status = build.status == SLIM_OK ? slim_step_enqueue(device, &step.base, &run) : build.status;
  slim_cl_step_clear(device, &step);
  return status;
}

/* Transfers, offsets, the compiler and one kernel, checked against known results. */
static slim_status self_test(slim_device *device)
{
  slim_buffer *buffer = NULL;
  float x[SELF_TEST_ELEMENTS], y[SELF_TEST_ELEMENTS] = { 0 };
  for (int i = 0; i < SELF_TEST_ELEMENTS; i++) {
    x[i] = (float)i - 18.0f; /* negative, zero and positive */
  }
  slim_status status = slim_cl_alloc(device, (size_t)2 * SLIM_ALIGNMENT, &buffer);
  if (status == SLIM_OK) {
    status = slim_cl_upload(device, buffer, 0, x, sizeof(x));
  }
  if (status == SLIM_OK) {
    status = self_test_launch(device, buffer);
  }
  if (status == SLIM_OK) {
    status = slim_cl_download(device, y, buffer, SLIM_ALIGNMENT, sizeof(y));
  }
  slim_cl_release(device, buffer);
  for (int i = 0; i < SELF_TEST_ELEMENTS && status == SLIM_OK; i++) {
    if (y[i] != (x[i] > 0.0f ? x[i] : 0.0f)) {
      status = slim_cl_fail(device, SLIM_ERR_DEVICE, "%s '%s': failed its self-test: relu(%g) gave %g",
                            device->info.selector, device->info.name, (double)x[i], (double)y[i]);
    }
  }
  return status;
}

slim_status slim_cl_device_open(slim_device *device, int index)
{
  device->error = (slim_error){ 0 };
  const slim_cl_api *api = slim_cl_api_get(&device->error);
  if (api == NULL) {
    return SLIM_ERR_NOT_FOUND;
  }
  slim_cl *cl = calloc(1, sizeof(*cl));
  if (cl == NULL) {
    return slim_cl_fail(device, SLIM_ERR_MEMORY, "opencl:%d: out of memory", index);
  }
  cl->api = api;
  if (!slim_cl_find(api, index, &cl->platform, &cl->id)) {
    free(cl);
    return slim_cl_fail(device, SLIM_ERR_NOT_FOUND, "opencl:%d: there is no such OpenCL device", index);
  }
  pthread_mutex_init(&cl->lock, NULL);
  device->impl = cl;
  slim_cl_describe(api, cl->platform, cl->id, index, &device->info);
  choose_options(cl, &device->info);
  slim_status status = check_abilities(device, cl);
  if (status == SLIM_OK) {
    status = create_context(device);
  }
  if (status == SLIM_OK) {
    slim_cl_tuning_open(device);
    status = self_test(device);
  }
  if (status != SLIM_OK) {
    slim_cl_device_close(device);
  }
  return status;
}

void slim_cl_device_close(slim_device *device)
{
  slim_cl *cl = slim_cl_of(device);
  if (cl == NULL) {
    return;
  }
  if (cl->queue != NULL) {
    (void)slim_cl_device_finish(device);
    slim_cl_programs_save(device);
  }
  slim_cl_tuning_close(device);
  slim_cl_programs_free(device);
  slim_cl_flag_free(cl);
  slim_cl_chunk_free(cl);
  slim_cl_stages_free(cl);
  if (cl->dealt != NULL) {
    cl->api->ReleaseMemObject(cl->dealt);
  }
  if (cl->queue != NULL) {
    cl->api->ReleaseCommandQueue(cl->queue);
  }
  if (cl->context != NULL) {
    cl->api->ReleaseContext(cl->context);
  }
  pthread_mutex_destroy(&cl->lock);
  free(cl);
  device->impl = NULL;
}

slim_status slim_cl_device_flush(slim_device *device)
{
  const slim_cl *cl = slim_cl_of(device);
  return slim_cl_check(device, cl->api->Flush(cl->queue), "flushing the queue");
}

/* Behind a marker: rusticl of Mesa 22.3 waits for nothing when all commands were flushed before. */
cl_int slim_cl_wait(slim_cl *cl)
{
  if (cl->idle) {
    return CL_SUCCESS;
  }
  cl_int code = cl->api->EnqueueMarkerWithWaitList(cl->queue, 0, NULL, NULL);
  code = code == CL_SUCCESS ? cl->api->Finish(cl->queue) : code;
  cl->idle = code == CL_SUCCESS;
  return code;
}

slim_status slim_cl_device_finish(slim_device *device)
{
  const slim_status status = slim_cl_check(device, slim_cl_wait(slim_cl_of(device)), "finishing queued work");
  if (status == SLIM_OK) {
    slim_cl_programs_compiled(device);
  }
  return status;
}

void slim_cl_device_profile(slim_device *device, bool on)
{
  slim_cl *cl = slim_cl_of(device);
  if (cl->profiling == on) {
    return;
  }
  (void)slim_cl_wait(cl);
  cl_command_queue plain = cl->queue;
  cl->profiling = on;
  if (create_queue(device) != SLIM_OK) { /* goes on without */
    cl->queue = plain;
    cl->profiling = !on;
    return;
  }
  cl->api->ReleaseCommandQueue(plain);
}
