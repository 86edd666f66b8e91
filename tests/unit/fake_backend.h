/*
 * A third backend, which the library knows nothing of: memory of its own, that the host cannot see, and a queue that
 * runs only when somebody waits. Its kernels are the CPU backend's. What it counts shows what a session asked of it.
 */
#ifndef FAKE_BACKEND_H
#define FAKE_BACKEND_H

#include "backend/backend.h"

typedef struct fake_options {
  const char *unsupported; /* name of an op it has no kernel for; NULL */
  bool fuses;              /* bias_add and activation behind matmul */
  size_t max_allocation;   /* 0: no limit */
  int refused;             /* number of the step, as counted in enqueued, that it refuses; 0: none */
} fake_options;

typedef struct fake_counts {
  int uploads, lent, downloads, enqueued, finishes;
  int buffers; /* not yet released */
  int steps;   /* not yet released */
  int largest_group;
  int waiting; /* most entries the queue ever had */
} fake_counts;

slim_device *fake_open(fake_options options);
fake_counts fake_get(const slim_device *device);
void fake_close(slim_device *device);

#endif
