/*
 * Knobs: numbers that change how fast a kernel is, not what it computes. An op asks for a knob's value when it prepares
 * a step; the answer is what a search found best on this device for a problem of these dimensions (slimcl tune keeps it
 * in the device's cache file), or what the op itself would take. SLIM_KNOBS=0 ignores what was found; SLIM_KNOBS=n, for
 * tests, takes the n-th value of every knob, around the end of its list.
 */
#ifndef SLIM_OPENCL_TUNING_H
#define SLIM_OPENCL_TUNING_H

#include <pthread.h>

#include "backend/backend.h"
#include "base/bytes.h"

/* values: what a search tries. An op must be right with each of them on any problem: where one does not fit, it clamps.
 */
typedef struct slim_cl_knob {
  const char *name; /* "tile.slices" */
  int count;
  const int *values;
} slim_cl_knob;
#define SLIM_CL_KNOB(name_, ...)                                                                                       \
  {                                                                                                                    \
    (name_), (int)(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int)), (const int[])                                        \
    {                                                                                                                  \
      __VA_ARGS__                                                                                                      \
    }                                                                                                                  \
  }

/** The knob's value for a problem of dims dimensions; otherwise: what the op takes where nothing was found. */
int slim_cl_tuned(const slim_device *device, const slim_cl_knob *knob, const int *shape, int dims, int otherwise);
/** A problem's dimensions, and how many: slim_cl_tuned(device, &rows, SLIM_CL_DIMS(m, n, k), 384). */
#define SLIM_CL_DIMS(...) (const int[]){ __VA_ARGS__ }, (int)(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int))

/** Loads what was found; never fails. */
void slim_cl_tuning_open(slim_device *device);
void slim_cl_tuning_close(slim_device *device);

/* --- what tuning.c and search.c share ----------------------------------------------------------------------------- */

/* What was found, sorted by hash: of the knob's name and the dimensions. */
typedef struct slim_cl_finding {
  uint64_t hash;
  int value;
} slim_cl_finding;
typedef struct slim_cl_findings {
  slim_cl_finding *item;
  size_t count;
} slim_cl_findings;

/** From the data of a cache entry, into new memory. @return false when it is damaged: then there are none. */
bool slim_cl_findings_parse(slim_span data, slim_cl_findings *findings);
/** Merges items, which it sorts, into the device's cache file and takes them from now on. Errors: as
 * slim_cl_cache_store. */
slim_status slim_cl_findings_keep(slim_device *device, slim_cl_finding *items, size_t count);
/** Merges what another file holds, as slim_cl_cache_import does. */
slim_status slim_cl_findings_import(slim_device *device, const char *path);
/** Sets *found to what was found, if that is a value that the knob may have. @return whether it did. */
bool slim_cl_finding_of(const slim_cl_findings *findings, const slim_cl_knob *knob, uint64_t hash, int *found);

typedef struct slim_cl_search slim_cl_search;
/* slim_cl.tuning */
typedef struct slim_cl_tuning {
  pthread_mutex_t lock;
  slim_cl_findings findings;
  int forced;             /* SLIM_KNOBS; -1 without */
  slim_cl_search *search; /* NULL: none is under way */
} slim_cl_tuning;

/** The value that a search wants, which it notes to belong to the step in the making. */
int slim_cl_search_value(slim_cl_tuning *tuning, const slim_cl_knob *knob, uint64_t hash, int otherwise);
/** A step is begun, and made: what was asked for in between belongs to it. Nothing when no search is under way. */
void slim_cl_search_step_begin(slim_device *device);
void slim_cl_search_step_made(slim_device *device, const slim_step *step);

extern const slim_tuner slim_cl_tuner;

#endif
