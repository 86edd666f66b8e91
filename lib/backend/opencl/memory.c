/* Buffers, transfers that do not stall the queue, and the finite flag. */
#include "backend/opencl/opencl.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK ((size_t)32 << 20) /* of memory that steps share */
#define STAGED_MOST (64u << 20)  /* of all stages; larger uploads wait instead */
#define MAPPED_LEAST ((size_t)256 << 10) /* a wait takes PoCL as long as copying it twice */
#define PIECE ((size_t)4 << 20)  /* of an upload: the first ones are on their way while the next are copied */

static void CL_CALLBACK free_host(cl_mem memory, void *host)
{
  (void)memory;
  free(host);
}

cl_mem slim_cl_create(slim_device *device, cl_mem_flags flags, size_t bytes, cl_int *code)
{
  const slim_cl *cl = slim_cl_of(device);
  void *host = device->info.device_class == SLIM_CLASS_CPU ? slim_memory_alloc(bytes, SLIM_ALIGNMENT) : NULL;
  if (host == NULL) {
    return cl->api->CreateBuffer(cl->context, flags, bytes, NULL, code);
  }
  cl_mem memory = cl->api->CreateBuffer(cl->context, flags | CL_MEM_USE_HOST_PTR, bytes, host, code);
  if (*code == CL_SUCCESS) {
    *code = cl->api->SetMemObjectDestructorCallback(memory, free_host, host);
    if (*code == CL_SUCCESS) {
      return memory;
    }
    cl->api->ReleaseMemObject(memory);
  }
  free(host);
  return NULL;
}

/* --- chunks: what is not touched of one takes nothing on CPU-like devices ----------------------------------------- */

static size_t chunk_bytes(const slim_device *device)
{
  return device->info.max_allocation < CHUNK ? device->info.max_allocation : CHUNK;
}

/* A new chunk, where the present one has no room for so many bytes; its parts keep the latter. */
static cl_int chunk_open(slim_device *device, size_t bytes)
{
  slim_cl *cl = slim_cl_of(device);
  cl_int code = CL_SUCCESS;
  if (cl->chunk.memory == NULL || cl->chunk_used + bytes > cl->chunk.bytes) {
    slim_cl_chunk_free(cl);
    cl->chunk.bytes = chunk_bytes(device);
    cl->chunk.memory = slim_cl_create(device, CL_MEM_READ_WRITE, cl->chunk.bytes, &code);
    cl->chunk_used = 0;
  }
  return code;
}

static cl_mem part_of_chunk(slim_device *device, size_t bytes, cl_int *code)
{
  slim_cl *cl = slim_cl_of(device);
  *code = chunk_open(device, bytes);
  if (*code != CL_SUCCESS) {
    return NULL;
  }
  const cl_buffer_region region = { cl->chunk_used, bytes };
  cl->chunk_used += slim_cl_aligned(bytes);
  return cl->api->CreateSubBuffer(cl->chunk.memory, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region, code);
}

cl_mem slim_cl_create_part(slim_device *device, size_t bytes, cl_int *code)
{
  slim_cl *cl = slim_cl_of(device);
  if (!cl->chunks || bytes > chunk_bytes(device) / 2) {
    return slim_cl_create(device, CL_MEM_READ_WRITE, bytes, code);
  }
  pthread_mutex_lock(&cl->lock);
  cl_mem part = part_of_chunk(device, bytes, code);
  pthread_mutex_unlock(&cl->lock);
  return part;
}

void slim_cl_chunk_free(slim_cl *cl)
{
  if (cl->chunk.memory != NULL) {
    cl->api->ReleaseMemObject(cl->chunk.memory);
    cl->chunk.memory = NULL;
  }
}

slim_status slim_cl_alloc(slim_device *device, size_t bytes, slim_buffer **out)
{
  *out = NULL;
  if (bytes > device->info.max_allocation) {
    return slim_cl_fail(device, SLIM_ERR_MEMORY, "%s '%s': a buffer of %zu bytes is above the device's limit of %zu",
                        device->info.selector, device->info.name, bytes, device->info.max_allocation);
  }
  slim_buffer *buffer = calloc(1, sizeof(*buffer));
  if (buffer == NULL) {
    return slim_cl_fail(device, SLIM_ERR_MEMORY, "%s: out of memory", device->info.selector);
  }
  cl_int code = CL_SUCCESS;
  buffer->bytes = bytes < SLIM_ALIGNMENT ? SLIM_ALIGNMENT : bytes;
  buffer->memory = slim_cl_create(device, CL_MEM_READ_WRITE, buffer->bytes, &code);
  if (code != CL_SUCCESS) {
    free(buffer);
    return slim_cl_check(device, code, "allocating a buffer");
  }
  *out = buffer;
  return SLIM_OK;
}

void slim_cl_release(slim_device *device, slim_buffer *buffer)
{
  if (buffer != NULL) {
    slim_cl_of(device)->api->ReleaseMemObject(buffer->memory); /* queued work keeps it until it is done */
    free(buffer);
  }
}

static slim_status check_range(slim_device *device, const slim_buffer *buffer, size_t offset, size_t bytes)
{
  if (offset > buffer->bytes || bytes > buffer->bytes - offset) {
    return slim_cl_fail(device, SLIM_ERR_ARG, "%s: %zu bytes at %zu do not lie in a buffer of %zu bytes",
                        device->info.selector, bytes, offset, buffer->bytes);
  }
  return SLIM_OK;
}

static bool event_done(const slim_cl *cl, cl_event event)
{
  cl_int state = CL_QUEUED;
  const cl_int code = cl->api->GetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(state), &state, NULL);
  return code == CL_SUCCESS && state <= CL_COMPLETE; /* negative: ended with an error */
}

/* Waits for the transfer if there is one, and forgets it. */
static void event_wait(const slim_cl *cl, cl_event *event)
{
  if (*event != NULL) {
    cl->api->WaitForEvents(1, event);
    cl->api->ReleaseEvent(*event);
    *event = NULL;
  }
}

static bool stage_free(const slim_cl *cl, slim_cl_stage *stage)
{
  if (stage->event != NULL && event_done(cl, stage->event)) {
    cl->api->ReleaseEvent(stage->event);
    stage->event = NULL;
  }
  return stage->event == NULL;
}

/* A free stage, the smallest that is large enough, else the largest; NULL if all are in use. */
static slim_cl_stage *stage_choose(slim_cl *cl, size_t bytes)
{
  slim_cl_stage *best = NULL;
  for (int i = 0; i < SLIM_CL_STAGES; i++) {
    slim_cl_stage *stage = &cl->stages[i];
    if (!stage_free(cl, stage)) {
      continue;
    }
    const bool fits = stage->bytes >= bytes;
    if (best == NULL || (fits ? best->bytes < bytes || stage->bytes < best->bytes
                              : best->bytes < bytes && stage->bytes > best->bytes)) {
      best = stage;
    }
  }
  return best;
}

/* Waits for the stage that was filled first of those that are large enough; NULL if none is. */
static slim_cl_stage *stage_await(slim_cl *cl, size_t bytes)
{
  slim_cl_stage *first = NULL;
  for (int i = 0; i < SLIM_CL_STAGES; i++) {
    slim_cl_stage *stage = &cl->stages[i];
    if (stage->bytes >= bytes && (first == NULL || stage->turn < first->turn)) {
      first = stage;
    }
  }
  if (first != NULL) {
    event_wait(cl, &first->event);
  }
  return first;
}

static void stage_drop(const slim_cl *cl, slim_cl_stage *stage)
{
  if (stage->pinned != NULL) {
    cl->api->EnqueueUnmapMemObject(cl->queue, stage->pinned, stage->memory, 0, NULL, NULL);
    cl->api->ReleaseMemObject(stage->pinned);
  } else {
    free(stage->memory);
  }
  *stage = (slim_cl_stage){ 0 };
}

static void stage_pin(const slim_cl *cl, slim_cl_stage *stage, size_t bytes)
{
  cl_int code = CL_SUCCESS;
  cl_mem pinned = cl->api->CreateBuffer(cl->context, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, bytes, NULL, &code);
  if (code != CL_SUCCESS) {
    return;
  }
  stage->memory = cl->api->EnqueueMapBuffer(cl->queue, pinned, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION, 0, bytes, 0,
                                            NULL, NULL, &code);
  if (code == CL_SUCCESS) {
    stage->pinned = pinned;
  } else {
    stage->memory = NULL;
    cl->api->ReleaseMemObject(pinned);
  }
}

/* Whether all stages together stay within bounds when this one, NULL: none, grows to so many bytes. */
static bool stage_may_grow(const slim_cl *cl, const slim_cl_stage *grows, size_t bytes)
{
  for (int i = 0; i < SLIM_CL_STAGES; i++) {
    bytes += &cl->stages[i] == grows ? 0 : cl->stages[i].bytes;
  }
  return grows != NULL && bytes <= STAGED_MOST;
}

static bool stage_grow(const slim_cl *cl, slim_cl_stage *stage, size_t bytes)
{
  stage_drop(cl, stage);
  if (cl->pins) {
    stage_pin(cl, stage, bytes);
  }
  if (stage->memory == NULL) {
    stage->memory = malloc(bytes);
  }
  stage->bytes = stage->memory == NULL ? 0 : bytes;
  return stage->memory != NULL;
}

/* A free stage of at least as many bytes; NULL without memory. */
static slim_cl_stage *stage_take(slim_cl *cl, size_t bytes)
{
  slim_cl_stage *stage = stage_choose(cl, bytes);
  if ((stage == NULL || stage->bytes < bytes) && !stage_may_grow(cl, stage, bytes)) {
    stage = stage_await(cl, bytes);
  }
  if (stage == NULL) {
    slim_cl_stages_free(cl);
    stage = &cl->stages[0];
  }
  if (stage->bytes < bytes && !stage_grow(cl, stage, bytes)) {
    return NULL;
  }
  stage->turn = ++cl->stage_turns;
  return stage;
}

/* By way of the stage, in pieces. */
static cl_int upload_pieces(const slim_cl *cl, slim_cl_stage *stage, cl_mem dst, size_t offset, const void *src,
                            size_t bytes)
{
  cl_int code = CL_SUCCESS;
  for (size_t at = 0; at < bytes && code == CL_SUCCESS; at += PIECE) {
    const size_t left = bytes - at, count = left < PIECE ? left : PIECE;
    char *piece = (char *)stage->memory + at;
    memcpy(piece, (const char *)src + at, count);
    code = cl->api->EnqueueWriteBuffer(cl->queue, dst, CL_FALSE, offset + at, count, piece, 0, NULL,
                                       count == left ? &stage->event : NULL);
    if (code == CL_SUCCESS && count < left) {
      code = cl->api->Flush(cl->queue);
    }
  }
  if (code != CL_SUCCESS) {
    cl->api->Finish(cl->queue); /* the pieces before may be read still */
  }
  return code;
}

static cl_int upload_staged(slim_cl *cl, cl_mem dst, size_t offset, const void *src, size_t bytes)
{
  pthread_mutex_lock(&cl->lock);
  cl->idle = false;
  slim_cl_stage *stage = bytes <= STAGED_MOST ? stage_take(cl, bytes) : NULL;
  cl_int code = CL_SUCCESS;
  if (stage == NULL) {
    code = cl->api->EnqueueWriteBuffer(cl->queue, dst, CL_TRUE, offset, bytes, src, 0, NULL, NULL);
  } else {
    code = upload_pieces(cl, stage, dst, offset, src, bytes);
  }
  pthread_mutex_unlock(&cl->lock);
  return code;
}

slim_status slim_cl_upload(slim_device *device, slim_buffer *dst, size_t offset, const void *src, size_t bytes)
{
  const slim_status status = check_range(device, dst, offset, bytes);
  if (status != SLIM_OK || bytes == 0) {
    return status;
  }
  return slim_cl_check(device, upload_staged(slim_cl_of(device), dst->memory, offset, src, bytes),
                       "uploading to the device");
}

/* Where the device reads from any memory, nothing is staged. */
slim_status slim_cl_lend(slim_device *device, slim_buffer *dst, size_t offset, const void *src, size_t bytes)
{
  slim_cl *cl = slim_cl_of(device);
  if (cl->pins) {
    return slim_cl_upload(device, dst, offset, src, bytes);
  }
  const slim_status status = check_range(device, dst, offset, bytes);
  if (status != SLIM_OK || bytes == 0) {
    return status;
  }
  cl->idle = false;
  return slim_cl_check(device,
                       cl->api->EnqueueWriteBuffer(cl->queue, dst->memory, CL_FALSE, offset, bytes, src, 0, NULL, NULL),
                       "uploading to the device");
}

void *slim_cl_map(slim_device *device, slim_buffer *buffer, size_t offset, size_t bytes)
{
  const slim_cl *cl = slim_cl_of(device);
  cl_int code = CL_SUCCESS;
  if (device->info.device_class != SLIM_CLASS_CPU || bytes < MAPPED_LEAST ||
      check_range(device, buffer, offset, bytes) != SLIM_OK) {
    return NULL;
  }
  void *address = cl->api->EnqueueMapBuffer(cl->queue, buffer->memory, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION, offset,
                                            bytes, 0, NULL, NULL, &code);
  return code == CL_SUCCESS ? address : NULL;
}

slim_status slim_cl_unmap(slim_device *device, slim_buffer *buffer, void *address)
{
  slim_cl *cl = slim_cl_of(device);
  cl->idle = false;
  return slim_cl_check(device, cl->api->EnqueueUnmapMemObject(cl->queue, buffer->memory, address, 0, NULL, NULL),
                       "uploading to the device");
}

slim_status slim_cl_download(slim_device *device, void *dst, slim_buffer *src, size_t offset, size_t bytes)
{
  slim_cl *cl = slim_cl_of(device);
  const slim_status status = check_range(device, src, offset, bytes);
  if (status != SLIM_OK || bytes == 0) {
    return status;
  }
  const cl_int code =
      cl->api->EnqueueReadBuffer(cl->queue, src->memory, CL_TRUE, offset, bytes, dst, 0, NULL, NULL);
  cl->idle = code == CL_SUCCESS;
  return slim_cl_check(device, code, "downloading from the device");
}

void slim_cl_stages_free(slim_cl *cl)
{
  for (int i = 0; i < SLIM_CL_STAGES; i++) {
    event_wait(cl, &cl->stages[i].event);
    stage_drop(cl, &cl->stages[i]);
  }
}

/* --- the finite flag ---------------------------------------------------------------------------------------------- */

/* Takes the result of read number k, if it has arrived or wait is set. */
static void flag_take(slim_cl *cl, int k, bool wait)
{
  if (cl->flag_event[k] == NULL || !(wait || event_done(cl, cl->flag_event[k]))) {
    return;
  }
  event_wait(cl, &cl->flag_event[k]);
  cl->flag_seen = cl->flag_seen || cl->flag_host[k] != 0;
}

slim_status slim_cl_flag_clear(slim_device *device)
{
  slim_cl *cl = slim_cl_of(device);
  const cl_uint zero = 0;
  pthread_mutex_lock(&cl->lock);
  cl->idle = false;
  cl->flag_seen = false;
  const cl_int code =
      cl->api->EnqueueFillBuffer(cl->queue, cl->flag.memory, &zero, sizeof(zero), 0, cl->flag.bytes, 0, NULL, NULL);
  pthread_mutex_unlock(&cl->lock);
  return slim_cl_check(device, code, "clearing the finite flag");
}

slim_status slim_cl_flag_fetch(slim_device *device)
{
  slim_cl *cl = slim_cl_of(device);
  pthread_mutex_lock(&cl->lock);
  const int k = cl->flag_turn;
  flag_take(cl, k, true);
  cl->flag_turn = 1 - k;
  const cl_int code = cl->api->EnqueueReadBuffer(cl->queue, cl->flag.memory, CL_FALSE, 0, sizeof(cl->flag_host[k]),
                                                 &cl->flag_host[k], 0, NULL, &cl->flag_event[k]);
  pthread_mutex_unlock(&cl->lock);
  return slim_cl_check(device, code, "reading the finite flag");
}

slim_status slim_cl_flag_read(slim_device *device, bool wait, bool *set)
{
  slim_cl *cl = slim_cl_of(device);
  pthread_mutex_lock(&cl->lock);
  for (int k = 0; k < 2; k++) {
    flag_take(cl, k, wait);
  }
  *set = cl->flag_seen;
  pthread_mutex_unlock(&cl->lock);
  return SLIM_OK;
}

void slim_cl_flag_free(slim_cl *cl)
{
  for (int k = 0; k < 2; k++) {
    event_wait(cl, &cl->flag_event[k]);
  }
  if (cl->flag.memory != NULL) {
    cl->api->ReleaseMemObject(cl->flag.memory);
    cl->flag.memory = NULL;
  }
}
