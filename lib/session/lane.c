#include "session/lane.h"

#include <stdlib.h>

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static slim_lane *registry;
static slim_device *host_device;
static int host_references;

static slim_lane *lane_make(slim_device *device)
{
  slim_lane *lane = calloc(1, sizeof *lane);
  if (!lane) {
    return NULL;
  }
  if (pthread_mutex_init(&lane->lock, NULL) != 0) {
    free(lane);
    return NULL;
  }
  lane->device = device;
  lane->next = registry;
  registry = lane;
  return lane;
}

slim_lane *slim_lane_acquire(slim_device *device)
{
  pthread_mutex_lock(&registry_lock);
  slim_lane *lane = registry;
  while (lane && lane->device != device) {
    lane = lane->next;
  }
  lane = lane ? lane : lane_make(device);
  if (lane) {
    lane->references++;
  }
  pthread_mutex_unlock(&registry_lock);
  return lane;
}

void slim_lane_release(slim_lane *lane)
{
  if (!lane) {
    return;
  }
  pthread_mutex_lock(&registry_lock);
  if (--lane->references == 0) {
    slim_lane **link = &registry;
    while (*link != lane) {
      link = &(*link)->next;
    }
    *link = lane->next;
    pthread_mutex_destroy(&lane->lock);
    free(lane);
  }
  pthread_mutex_unlock(&registry_lock);
}

slim_status slim_host_device_acquire(slim_device **device, slim_error *error)
{
  slim_status status = SLIM_OK;
  pthread_mutex_lock(&registry_lock);
  if (host_references == 0) {
    status = slim_device_open("cpu", &host_device, error);
  }
  host_references += status == SLIM_OK;
  *device = status == SLIM_OK ? host_device : NULL;
  pthread_mutex_unlock(&registry_lock);
  return status;
}

void slim_host_device_release(slim_device *device)
{
  if (!device) {
    return;
  }
  pthread_mutex_lock(&registry_lock);
  if (--host_references == 0) {
    slim_device_close(host_device);
    host_device = NULL;
  }
  pthread_mutex_unlock(&registry_lock);
}

slim_status slim_device_blame(slim_device *device, slim_status status, slim_error *error, const char *what)
{
  if (status != SLIM_OK) {
    const char *text = device->error.status != SLIM_OK ? device->error.text : slim_status_text(status);
    slim_error_set(error, status, "%s: %s", what, text);
  }
  device->error = (slim_error){ SLIM_OK, "" };
  return status;
}

bool slim_device_unified(slim_device *device)
{
  slim_buffer *buffer = NULL;
  if (device->backend->alloc(device, SLIM_ALIGNMENT, &buffer) != SLIM_OK) {
    return false;
  }
  const bool unified = device->backend->address(device, buffer) != NULL;
  device->backend->release(device, buffer);
  return unified;
}
