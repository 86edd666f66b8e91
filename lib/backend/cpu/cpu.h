/* The CPU backend's own: devices, steps, and what an op gives it. */
#ifndef SLIM_CPU_H
#define SLIM_CPU_H

#include "backend/backend.h"
#include "base/caches.h"
#include "base/chunk.h"
#include "base/threads.h"

#include <stdatomic.h>

typedef struct slim_cpu_step slim_cpu_step;

/* What an op is on the CPU. Each of its functions sees a step with device, group, attr and views filled in; supports
 * and workspace see views without memory. */
typedef struct slim_cpu_op {
  const char *kernel;                          /* for describe; NULL: the op's name */
  size_t state_bytes;                          /* of step->state, zeroed */
  unsigned halves;                             /* bit i: input i may have halves in the place of float32 */
  bool (*supports)(const slim_cpu_step *step); /* NULL: always */
  bool (*can_fuse)(const slim_group *group, const slim_node *node); /* NULL: never */
  int (*packs)(const slim_cpu_step *step); /* the input that is read only when its version has changed, 0: none. NULL: none */
  bool (*scales)(const slim_cpu_step *step); /* does it take a factor of the weights as a further input? NULL: no */
  int (*overwrites)(const slim_cpu_step *step); /* the input that the result may be written over, 0: none. NULL: none */
  double (*flops)(const slim_cpu_step *step);                       /* NULL: one per element of output 0 */
  size_t (*workspace)(const slim_cpu_step *step);                   /* NULL: none */
  bool (*prepare)(slim_cpu_step *step);                             /* NULL: nothing; false: out of memory */
  void (*run)(slim_cpu_step *step, const slim_run *run);
  void (*release)(slim_cpu_step *step); /* frees what prepare allocated; also after a prepare that failed */
} slim_cpu_op;

/* All ops for one instruction set. */
typedef struct slim_cpu_table {
  const char *isa;
  const slim_cpu_op *op[SLIM_OP_COUNT], *chain; /* elementwise chains */
} slim_cpu_table;

extern const slim_cpu_table slim_cpu_table_baseline;
#if defined(__x86_64__)
extern const slim_cpu_table slim_cpu_table_avx2;
extern const slim_cpu_table slim_cpu_table_avx512;
#endif

typedef struct slim_cpu_device {
  slim_threads *threads;
  slim_caches caches;
  const slim_cpu_table *table;
  slim_chunk *packed; /* for weights that steps keep packed */
  atomic_bool not_finite; /* the finite flag */
  atomic_size_t large_buffers; /* allocated so far */
  bool profiling;
} slim_cpu_device;

struct slim_cpu_step {
  slim_step base;
  const slim_cpu_op *op;
  slim_cpu_device *device;
  slim_group group;
  const void *attr; /* of group.nodes[0] */
  const slim_view *in, *out;
  int num_in, num_out;
  void *workspace;
  void *state;
  double ms; /* of the last run, with profiling on */
};

/* Calls fn for pieces [begin, end) of [0, count) of grain elements each (the last may be shorter). The pieces depend on
 * count and grain only. */
typedef void (*slim_cpu_range_fn)(void *user, size_t begin, size_t end, int worker);
void slim_cpu_for(const slim_cpu_step *step, size_t count, size_t grain, slim_cpu_range_fn fn, void *user);

/* The op of the table that the group runs; NULL when there is none. */
const slim_cpu_op *slim_cpu_op_of(const slim_cpu_table *table, const slim_group *group);

/* A value of the host lane, read or written in the view's own type. */
double slim_cpu_scalar(const slim_view *view);
void slim_cpu_set_scalar(const slim_view *view, double value);

#endif
