/* Packed weights that a step keeps, and when they are out of date. */
#ifndef SLIM_CPU_PACKED_H
#define SLIM_CPU_PACKED_H

#include "backend/cpu/vec.h"

#include <stdlib.h>

typedef struct packed_weights {
  float *data;
  bool valid;
  uint64_t version; /* that data was packed at */
} packed_weights;

static inline bool packed_alloc(slim_cpu_step *step, packed_weights *p, size_t floats)
{
  const size_t bytes = (floats * sizeof(float) / 64 + 1) * 64;
  p->data = aligned_alloc(64, bytes);
  step->base.own_bytes += p->data ? bytes : 0;
  return p->data != NULL;
}

/* Must the weights of the view be packed (again) now? What a plan computes changes with every run. */
static inline bool packed_stale(packed_weights *p, const slim_view *weights)
{
  const bool stale = !p->valid || !weights->version || *weights->version != p->version;
  p->valid = weights->version != NULL;
  p->version = weights->version ? *weights->version : 0;
  return stale;
}

#endif
