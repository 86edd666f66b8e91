/* One lock per open device: sessions and values on a device take turns. And the CPU device of the host lane. */
#ifndef SLIM_SESSION_LANE_H
#define SLIM_SESSION_LANE_H

#include "backend/backend.h"

#include <pthread.h>

/* What all sessions on a device share. The finite flag belongs to the session whose run may have set it. */
typedef struct slim_lane {
  slim_device *device;
  pthread_mutex_t lock;
  void *flag_owner; /* slim_session whose finite check ran last; NULL */
  int references;
  struct slim_lane *next;
} slim_lane;

/* The lane of device, made at the first call; NULL without memory. */
slim_lane *slim_lane_acquire(slim_device *device);
void slim_lane_release(slim_lane *lane); /* NULL is fine */

/* The CPU device that runs host work for sessions on other devices; opened at the first call, closed with the last. */
slim_status slim_host_device_acquire(slim_device **device, slim_error *error);
void slim_host_device_release(slim_device *device); /* NULL is fine */

/* Moves the device's error text into error: "what: text". @return status. */
slim_status slim_device_blame(slim_device *device, slim_status status, slim_error *error, const char *what);

/* Does the backend compute in host memory? Then nothing is ever copied between host and device. */
bool slim_device_unified(slim_device *device);

#endif
