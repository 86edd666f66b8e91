/* Steps at work: enqueue sets only what changes from run to run. */
#include "backend/opencl/opencl.h"

#include <stdlib.h>

#include "base/rng.h"

static cl_int set_changing(const slim_cl *cl, const slim_cl_launch *l, const slim_run *run)
{
  cl_int code = CL_SUCCESS;
  for (int i = 0; i < l->num_host && code == CL_SUCCESS; i++) {
    code = cl->api->SetKernelArg(l->kernel, l->host[i].arg, sizeof(float), l->host[i].value);
  }
  if (l->keyed && code == CL_SUCCESS) {
    const slim_rng rng = slim_rng_make(run->seed, l->hash, (uint64_t)run->step);
    const cl_uint4 key = { { rng.key[0], rng.key[1], rng.step[0], rng.step[1] } };
    code = cl->api->SetKernelArg(l->kernel, l->key_arg, sizeof(key), &key);
  }
  return code;
}

/* PoCL fills pattern after pattern: a long one is much faster than a byte. */
static cl_int transfer(const slim_cl *cl, const slim_cl_launch *l, cl_event *event)
{
  const cl_uchar zero[128] = { 0 };
  const size_t pattern = l->bytes % sizeof(zero) == 0 ? sizeof(zero) : 1;
  return l->from != NULL
             ? cl->api->EnqueueCopyBuffer(cl->queue, l->from, l->to, l->from_at, l->to_at, l->bytes, 0, NULL, event)
             : cl->api->EnqueueFillBuffer(cl->queue, l->to, zero, pattern, l->to_at, l->bytes, 0, NULL, event);
}

/* Is what the launch made still there? */
static bool is_current(slim_cl_launch *l)
{
  const uint64_t now = l->version == NULL ? 0 : 1 + *l->version;
  const bool current = now != 0 && l->seen == now;
  l->seen = now;
  return current;
}

static cl_int launch(slim_cl *cl, slim_cl_launch *l, const slim_run *run)
{
  cl_event *event = cl->profiling ? &l->event : NULL;
  if (event != NULL && l->event != NULL) {
    cl->api->ReleaseEvent(l->event);
    l->event = NULL;
  }
  if (is_current(l)) {
    return CL_SUCCESS;
  }
  if (l->call != NULL) {
    return l->call(cl, l, event);
  }
  if (l->kernel == NULL) {
    return transfer(cl, l, event);
  }
  const cl_int code = set_changing(cl, l, run);
  return code != CL_SUCCESS
             ? code
             : cl->api->EnqueueNDRangeKernel(cl->queue, l->kernel, l->dims, NULL, l->global, l->local, 0, NULL, event);
}

static slim_status enqueue_one(slim_device *device, slim_cl_step *s, const slim_run *run)
{
  slim_cl *cl = slim_cl_of(device);
  for (int i = 0; i < s->count; i++) {
    slim_cl_launch *l = &s->launches[i];
    const cl_int code = launch(cl, l, run);
    if (code != CL_SUCCESS) {
      return slim_cl_check(device, code, l->name);
    }
    if (!l->ran && l->kernel != NULL) {
      slim_cl_program_launched(device, l->program, l->name, l->local);
      l->ran = true;
    }
  }
  return s->fetch_flag ? slim_cl_flag_fetch(device) : SLIM_OK;
}

slim_status slim_cl_step_enqueue(slim_device *device, slim_step *const *steps, size_t count, const slim_run *run,
                                 size_t *failed)
{
  slim_status status = SLIM_OK;
  slim_cl_of(device)->idle = false;
  for (size_t i = 0; i < count && status == SLIM_OK; i++) {
    status = enqueue_one(device, (slim_cl_step *)steps[i], run);
    *failed = i;
  }
  return status;
}

void slim_cl_step_clear(slim_device *device, slim_cl_step *step)
{
  const slim_cl_api *api = slim_cl_of(device)->api;
  for (int i = 0; i < step->count; i++) {
    if (step->launches[i].event != NULL) {
      api->ReleaseEvent(step->launches[i].event);
    }
    if (step->launches[i].kernel != NULL) {
      api->ReleaseKernel(step->launches[i].kernel);
    }
  }
  for (int i = 0; i < step->num_tables; i++) {
    api->ReleaseMemObject(step->tables[i]);
  }
  free(step->launches);
  free(step->tables);
}

void slim_cl_step_release(slim_device *device, slim_step *step)
{
  if (step != NULL) {
    (void)slim_cl_wait(slim_cl_of(device)); /* its arguments may be in use */
    slim_cl_step_clear(device, (slim_cl_step *)step);
    free(step);
  }
}

double slim_cl_step_ms(slim_device *device, slim_step *step)
{
  const slim_cl_api *api = slim_cl_of(device)->api;
  const slim_cl_step *s = (const slim_cl_step *)step;
  double ms = 0.0;
  for (int i = 0; i < s->count; i++) {
    cl_ulong start = 0, end = 0;
    cl_event event = s->launches[i].event;
    if (event == NULL && s->launches[i].version != NULL) {
      continue; /* it was not launched */
    }
    if (event == NULL || api->WaitForEvents(1, &event) != CL_SUCCESS ||
        api->GetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof(start), &start, NULL) != CL_SUCCESS ||
        api->GetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof(end), &end, NULL) != CL_SUCCESS) {
      return -1.0;
    }
    ms += (double)(end - start) * 1e-6;
  }
  return ms;
}
