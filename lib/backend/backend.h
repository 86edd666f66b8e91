/* All that lib/session knows of a backend. A new backend adds a folder and a line in device.c, nothing else. */
#ifndef SLIM_BACKEND_H
#define SLIM_BACKEND_H

#include "ops/ops.h"
#include "slim/device.h"

typedef struct slim_buffer slim_buffer; /* the backend's own: a piece of device memory */

/* A tensor as a kernel sees it: a place in a buffer, or host memory that is read when the step is enqueued (host-lane
 * scalars: learning rates, counters). On the CPU backend buffers are host memory, and host is set for both. */
typedef struct slim_view {
  slim_buffer *buffer; /* NULL: on the host, or not wanted (an output nobody reads: host is NULL too) */
  size_t offset;       /* bytes into buffer; a multiple of SLIM_ALIGNMENT */
  void *host;
  slim_dtype dtype;
  slim_shape shape; /* batch bound */
  /* Counts changes of a variable's value from outside or by another plan; NULL for what the plan computes or writes. A
   * step that packs weights keeps the count it packed at and packs again when it differs; without it, in every run. */
  const uint64_t *version;
} slim_view;

#define SLIM_ALIGNMENT 256 /* bytes; of every view's offset */

/* A node, or nodes fused into one. nodes[0] is the heavy one, or all are elementwise (chain.h); every later node takes the
 * result of the one before as one input (chain[i] says which) and no other node reads that result. in: all inputs of
 * nodes[0], then of each later node those inputs that are not the chain, in order. out: the outputs of nodes[0] beyond
 * output 0 come after the last node's output 0: out[0] is the group's result, out[1..] are nodes[0]'s outputs 1.. */
#define SLIM_GROUP_MAX 8
typedef struct slim_group {
  int count;
  const slim_node *nodes[SLIM_GROUP_MAX];
  int chain[SLIM_GROUP_MAX];
  int num_in, num_out;
} slim_group;

/* How many of the group's inputs are those of its first nodes. */
static inline int slim_group_inputs(const slim_group *group, int nodes)
{
  int inputs = 0;
  for (int i = 0; i < nodes; i++) {
    inputs += group->nodes[i]->num_inputs - (i > 0);
  }
  return inputs;
}

/* Things of one run that kernels may need; read at enqueue. */
typedef struct slim_run {
  uint64_t seed;
  int64_t step; /* global_step at the start of the run, or the session's own count of runs */
} slim_run;

/* A prepared step. The backend's own struct begins with this. */
typedef struct slim_step {
  const char *kernel; /* for describe and profiles: "conv2d_gemm_6x16" */
  double flops, bytes;
  size_t own_bytes; /* memory it keeps beside its views and workspace: packed weights, tables */
} slim_step;

/* A search for better values of what the steps of a plan can be prepared with. The caller chooses, prepares a plan, runs
 * it with profiling, reports what each step took at least, and decides. */
typedef enum slim_tuner_choice {
  SLIM_TUNER_BUILT_IN,
  SLIM_TUNER_BEST,  /* of all so far, and of earlier searches */
  SLIM_TUNER_TRIAL, /* the best, but for one new value for as many steps as can be told apart */
  SLIM_TUNER_CHOICES
} slim_tuner_choice;
typedef struct slim_tuner {
  slim_status (*begin)(slim_device *device); /* Errors: SLIM_ERR_STATE when one is under way */
  /* For the plans prepared from now on. @return how many values are on trial; 0: all were tried. */
  int (*choose)(slim_device *device, slim_tuner_choice choice);
  void (*report)(slim_device *device, const slim_step *step, double ms);
  /* TRIAL: takes what is faster than BEST. BUILT_IN: of the best, keeps what is faster than BUILT_IN. Both of a pair must
   * have run since the last decision. @return how many values of the best are not built in. */
  int (*decide)(slim_device *device, slim_tuner_choice choice);
  slim_status (*end)(slim_device *device, bool keep); /* keep: writes the best to the device's cache file */
  slim_status (*export_cache)(slim_device *device, const char *path); /* queued work is finished */
  slim_status (*import_cache)(slim_device *device, const char *path);
} slim_tuner;

typedef struct slim_backend {
  const char *name; /* "cpu", "opencl" */
  /* Describes device number index of this backend; false when there is none. */
  bool (*describe)(int index, slim_device_info *info);
  slim_status (*open)(slim_device *device, int index);
  void (*close)(slim_device *device);
  slim_status (*alloc)(slim_device *device, size_t bytes, slim_buffer **out);
  void (*release)(slim_device *device, slim_buffer *buffer);
  /* Host address of a buffer's memory when device memory is host memory (CPU backend), NULL otherwise. */
  void *(*address)(slim_device *device, slim_buffer *buffer);
  /* Upload copies src before it returns (it may be queued behind running work); download waits for its own data. */
  slim_status (*upload)(slim_device *device, slim_buffer *dst, size_t offset, const void *src, size_t bytes);
  /* As upload, of what stays as it is until the caller has called finish; no copy need be made. NULL: upload serves. */
  slim_status (*lend)(slim_device *device, slim_buffer *dst, size_t offset, const void *src, size_t bytes);
  /* Where the host can write these bytes, whose values are lost, until it calls unmap; waits for queued work. NULL: upload
   * is as good. Both NULL: always. */
  void *(*map)(slim_device *device, slim_buffer *buffer, size_t offset, size_t bytes);
  slim_status (*unmap)(slim_device *device, slim_buffer *buffer, void *address);
  slim_status (*download)(slim_device *device, void *dst, slim_buffer *src, size_t offset, size_t bytes);
  bool (*supports)(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out);
  /* Bytes of scratch memory the step needs while it runs; views have shapes but no memory yet. */
  size_t (*workspace)(slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out);
  /* Kernels, work sizes, arguments: once. workspace may be NULL when none was asked for. */
  slim_status (*prepare)(slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out,
                         const slim_view *workspace, slim_step **step);
  void (*release_step)(slim_device *device, slim_step *step);
  /* A row of steps; returns before the work is done. failed: the one whose status is returned, if not SLIM_OK. */
  slim_status (*enqueue)(slim_device *device, slim_step *const *steps, size_t count, const slim_run *run, size_t *failed);
  slim_status (*flush)(slim_device *device);  /* hands queued work to the device; does not wait */
  slim_status (*finish)(slim_device *device); /* waits, and reports late errors */
  /* The finite flag: cleared, and read without waiting for work queued after the last finite_check when wait is false
   * (then it may be one run late). */
  slim_status (*flag_clear)(slim_device *device);
  slim_status (*flag_read)(slim_device *device, bool wait, bool *set);
  /* Measured milliseconds of the step's last run with profiling on; negative when unknown. Turning profiling on may
   * slow everything down. */
  void (*profile)(slim_device *device, bool on);
  double (*step_ms)(slim_device *device, slim_step *step);
  /* May a group be formed by adding node behind? Asked by the fusion pass. */
  bool (*can_fuse)(const slim_device *device, const slim_group *group, const slim_node *node);
  /* Number of the step's input, weights, that it reads only when their version has changed, and works with a packed
   * copy; 0: none. NULL: never. */
  int (*packs)(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out);
  /* Does the step, one node, read its weights in every run and take a factor of each output channel of theirs as a
   * further input? NULL: never. */
  bool (*scales)(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out);
  /* Number of the step's input that its result may be written over, because each element of that is read for the last
   * time when the result's in its place is written; 0: none. NULL: never. */
  int (*overwrites)(const slim_device *device, const slim_group *group, const slim_view *in, const slim_view *out);
  const slim_tuner *tuner; /* NULL: there is nothing to choose */
} slim_backend;

struct slim_device {
  const slim_backend *backend;
  slim_device_info info;
  slim_error error; /* of the last failed call */
  void *impl;       /* the backend's own state */
};

static inline slim_status slim_step_enqueue(slim_device *device, slim_step *step, const slim_run *run)
{
  size_t failed = 0;
  return device->backend->enqueue(device, &step, 1, run, &failed);
}

extern const slim_backend slim_backend_cpu;
extern const slim_backend slim_backend_opencl; /* absent with -Dopencl=disabled */

#endif
