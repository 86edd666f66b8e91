/* Inside of the OpenCL backend: the device's state, programs, steps and the builder that ops prepare steps with. */
#ifndef SLIM_OPENCL_H
#define SLIM_OPENCL_H

#include "backend/backend.h"
#include "backend/opencl/loader.h"
#include "base/bytes.h"
#include "base/caches.h"
#include "kernels/kernels.h"

#include <pthread.h>

/* --- the device --------------------------------------------------------------------------------------------------- */

#define SLIM_CL_STAGES 8

struct slim_buffer {
  cl_mem memory;
  size_t bytes;
};

/* Host memory that an upload is copied to, so that it need not wait for the queue. */
typedef struct slim_cl_stage {
  cl_mem pinned; /* whose memory it is, which the device reads by itself; NULL: it is the heap's */
  void *memory;
  size_t bytes;
  uint64_t turn;  /* number of the upload that took it last */
  cl_event event; /* of the transfer that reads it; NULL when free */
} slim_cl_stage;

typedef struct slim_cl_program slim_cl_program;
typedef struct slim_cl_kernel slim_cl_kernel;

/* slim_device.impl */
typedef struct slim_cl {
  const slim_cl_api *api;
  cl_platform_id platform;
  cl_device_id id;
  cl_context context;
  cl_command_queue queue;
  pthread_mutex_t lock;      /* of programs, stages, the chunk and the flag's reads */
  slim_cl_program *programs; /* a list */
  slim_cl_kernel *kernels;   /* a list: those that are used or expected */
  bool compiles;             /* kernels that were launched for the first time since the queue was idle */
  slim_cl_stage stages[SLIM_CL_STAGES];
  uint64_t stage_turns;
  bool pins;            /* are stages of memory that the device can read by itself? */
  cl_mem dealt;         /* uint: counts tasks of the launch that runs */
  bool chunks;          /* can parts of a buffer begin wherever views do, on a device that is like a CPU? */
  slim_buffer chunk;    /* the newest one that steps get parts of, */
  size_t chunk_used;    /* its bytes that they have */
  slim_buffer flag;     /* uint: 1 after a value that was not finite */
  cl_uint flag_host[2]; /* where reads of the flag arrive, in turn */
  cl_event flag_event[2];
  int flag_turn;
  bool flag_seen;
  bool profiling;
  bool idle; /* has nothing been queued since a wait or a download ended? */
  struct slim_cl_tuning *tuning;
  int vector_width;   /* floats a register holds */
  slim_caches caches; /* of a core, where the device is this machine's processor */
  size_t group_1d;    /* work-items of a group for plain elementwise kernels */
  char options[96];   /* of every program build */
} slim_cl;

static inline slim_cl *slim_cl_of(const slim_device *device)
{
  return device->impl;
}

/** Forgets the device's last error and records this one. @return status. */
slim_status slim_cl_fail(slim_device *device, slim_status status, const char *format, ...) SLIM_PRINTF(3, 4);
/** The status of an OpenCL call, recorded with what was tried when it failed. */
slim_status slim_cl_check(slim_device *device, cl_int code, const char *what);
/** Waits for all that is in the queue. */
cl_int slim_cl_wait(slim_cl *cl);

/* --- query.c: what there is, seen through SLIM_DEVICE_LIMITS ------------------------------------------------------ */

/** Device number index over all platforms. @return false when there is none. */
bool slim_cl_find(const slim_cl_api *api, int index, cl_platform_id *platform, cl_device_id *id);
void slim_cl_describe(const slim_cl_api *api, cl_platform_id platform, cl_device_id id, int index,
                      slim_device_info *info);
/** Floats of a vector that suits a device of this class. */
int slim_cl_vector_width(const slim_cl_api *api, cl_device_id id, slim_device_class device_class);
/** A query that gives a number of up to 8 bytes; 0 when it fails. */
uint64_t slim_cl_query(const slim_cl_api *api, cl_device_id id, cl_device_info what);

/* --- memory.c ----------------------------------------------------------------------------------------------------- */

/** A buffer object; on CPU-like devices of memory as the CPU backend's, which drivers use in place. */
cl_mem slim_cl_create(slim_device *device, cl_mem_flags flags, size_t bytes, cl_int *code);
/** Memory that a step keeps. On CPU-like devices many such parts are of one buffer: at each launch PoCL takes notes of
 * all buffers that it is given. */
cl_mem slim_cl_create_part(slim_device *device, size_t bytes, cl_int *code);
void slim_cl_chunk_free(slim_cl *cl);
slim_status slim_cl_alloc(slim_device *device, size_t bytes, slim_buffer **out);
void slim_cl_release(slim_device *device, slim_buffer *buffer);
slim_status slim_cl_upload(slim_device *device, slim_buffer *dst, size_t offset, const void *src, size_t bytes);
slim_status slim_cl_lend(slim_device *device, slim_buffer *dst, size_t offset, const void *src, size_t bytes);
/** On CPU-like devices, whose buffers lie in the host's memory, for as many bytes as are worth the wait. */
void *slim_cl_map(slim_device *device, slim_buffer *buffer, size_t offset, size_t bytes);
slim_status slim_cl_unmap(slim_device *device, slim_buffer *buffer, void *address);
slim_status slim_cl_download(slim_device *device, void *dst, slim_buffer *src, size_t offset, size_t bytes);
void slim_cl_stages_free(slim_cl *cl);
slim_status slim_cl_flag_clear(slim_device *device);
slim_status slim_cl_flag_read(slim_device *device, bool wait, bool *set);
/** Queues a read of the flag; called behind each finite_check. */
slim_status slim_cl_flag_fetch(slim_device *device);
void slim_cl_flag_free(slim_cl *cl);

/* --- program.c ---------------------------------------------------------------------------------------------------- */

#define SLIM_CL_LAUNCHED_MOST 256

/* An embedded kernel. */
struct slim_cl_kernel {
  slim_cl_kernel *next;
  char name[96];
  bool sought;              /* in the cache file */
  uint64_t key[2];          /* there */
  slim_cl_program *program; /* NULL: not built yet */
};

struct slim_cl_program {
  slim_cl_program *next;
  cl_program program;
  uint64_t key[2];                          /* of the disk cache */
  uint64_t launched[SLIM_CL_LAUNCHED_MOST]; /* hashes of the kernels and group sizes that its binary holds compiled */
  uint32_t num_launched, num_saved;         /* so many of them are in the cache file */
  bool refused;                             /* the driver did not take the binary of the cache file */
};

/** An embedded kernel will be created soon: those that are expected when one has to be built are built with it, as one
 * program. @return its name, which stays until the device is closed; NULL: there is none, or no memory */
const char *slim_cl_kernel_expect(slim_device *device, const char *name);
/** A new kernel object; its program is built, or loaded, at first use. */
slim_status slim_cl_kernel_create(slim_device *device, const char *name, cl_kernel *kernel, slim_cl_program **program);
/** The same of a source that is not embedded: its program is kept for the next source of the same name and text. */
slim_status slim_cl_kernel_create_of(slim_device *device, const slim_kernel_source *source, const char *name,
                                     cl_kernel *kernel, slim_cl_program **program);
/** Notes that the kernel ran with this group size: its binary may have grown. */
void slim_cl_program_launched(slim_device *device, slim_cl_program *program, const char *kernel, const size_t *local);
/** To be told that the queue is idle. */
void slim_cl_programs_compiled(slim_device *device);
/** Writes binaries that are new or have grown to the disk cache; failures are silent. The queue must be idle. For when
 * the device is closed: PoCL compiles every kernel once more, for groups of any size, when it is asked for binaries.
 * Does nothing while the process exits: parts of a driver's compiler may be gone then. */
void slim_cl_programs_save(slim_device *device);
/** Of two cache entries of a program the one that holds more kernels compiled: processes may have launched different
 * ones. */
void slim_cl_binaries_merge(slim_span old, slim_span own, slim_bytes *out);
void slim_cl_programs_free(slim_device *device);

/* --- step.c and build.c: steps and how ops build them ------------------------------------------------------------- */

#define SLIM_CL_HOST_ARGS 4
#define SLIM_CL_PLACES 4

/* A matrix product that another library enqueues; places and strides in elements. */
typedef struct slim_cl_product {
  size_t m, n, k, a_at, b_at, y_at, a_stride, b_stride;
  bool a_transposed, b_transposed;
  cl_mem a, b, y;
} slim_cl_product;

typedef struct slim_cl_launch slim_cl_launch;
typedef cl_int (*slim_cl_call_fn)(slim_cl *cl, const slim_cl_launch *launch, cl_event *event);

/* One kernel launch, one copy, zeroing, or a call. */
struct slim_cl_launch {
  cl_kernel kernel; /* NULL: a copy; or zeroing of to when there is no from */
  const char *name;
  slim_cl_program *program;
  bool ran;
  const uint64_t *version; /* of what it packs: not launched again while that stays; NULL: always launched */
  uint64_t seen;           /* 1 + the version it packed; 0: never */
  cl_uint args, dims;
  cl_uint places[SLIM_CL_PLACES], num_places; /* of tensors, until they are an argument */
  cl_mem last;                                /* of its buffers */
  size_t global[3], local[3], local_bytes;
  int num_host; /* float arguments that are read from the host at each enqueue */
  struct {
    cl_uint arg;
    const float *value;
  } host[SLIM_CL_HOST_ARGS];
  bool keyed; /* takes the run's random stream */
  cl_uint key_arg;
  uint64_t hash;
  cl_mem from, to;
  size_t from_at, to_at, bytes;
  slim_cl_call_fn call; /* NULL: none */
  slim_cl_product product;
  cl_event event; /* with profiling on */
};

/* A slim_step of this backend. */
typedef struct slim_cl_step {
  slim_step base;
  int count;
  slim_cl_launch *launches;
  int num_tables;
  cl_mem *tables;  /* small constant buffers of its own */
  bool fetch_flag; /* a read of the finite flag follows */
} slim_cl_step;

/* A step in the making. The first failure stays and later calls do nothing, so that an op checks nothing. */
typedef struct slim_cl_build {
  slim_device *device;
  slim_cl *cl;
  const slim_group *group;
  const slim_view *in, *out, *workspace;
  const void *attr; /* of the heavy node */
  slim_cl_step *step;
  bool naming; /* only tells which kernels to expect */
  slim_status status;
} slim_cl_build;

/** What one allocation has room for beside so many bytes. */
static inline size_t slim_cl_room_beside(const slim_device *device, size_t bytes)
{
  const size_t most = device->info.max_allocation;
  return bytes < most ? most - bytes : 0;
}

static inline int slim_cl_larger(int a, int b)
{
  return a > b ? a : b;
}
/** The parts of at most b that a is cut into; 0 for b below 1. */
static inline int slim_cl_ceil_div(int a, int b)
{
  return b < 1 ? 0 : (a + b - 1) / b;
}
/** bytes with what is left to where another view may begin. */
static inline size_t slim_cl_aligned(size_t bytes)
{
  return (bytes + SLIM_ALIGNMENT - 1) / SLIM_ALIGNMENT * SLIM_ALIGNMENT;
}
/** The same of floats. */
static inline size_t slim_cl_float_bytes(size_t floats)
{
  return slim_cl_aligned(floats * sizeof(float));
}

/* The name of a kernel for weights as the view has them: its twin _f16 reads halves. */
#define SLIM_CL_READING(view_, kernel_) ((view_)->dtype == SLIM_FLOAT16 ? kernel_ "_f16" : kernel_ "_f32")
/** Begins a launch of the kernel; arguments follow in order, a range ends it. */
void slim_cl_begin(slim_cl_build *build, const char *kernel);
/** The same for a kernel of this source, which may be gone afterwards. */
void slim_cl_begin_source(slim_cl_build *build, const slim_kernel_source *source, const char *kernel);
/** The view's buffer and its offset; a view without memory is passed as some valid buffer that the kernel must not
 * touch: one that the launch has already, if there is one, as drivers take notes of each. */
void slim_cl_arg_view(slim_cl_build *build, const slim_view *view);
/** As slim_cl_arg_view, bytes behind the view's start (a multiple of SLIM_ALIGNMENT). */
void slim_cl_arg_view_at(slim_cl_build *build, const slim_view *view, size_t bytes);
/** Only the view's buffer: the offsets of all such views, in order, are what slim_cl_arg_places passes as uint4
 * (kernels/common.h). */
void slim_cl_arg_placed(slim_cl_build *build, const slim_view *view);
void slim_cl_arg_places(slim_cl_build *build);
void slim_cl_arg(slim_cl_build *build, const void *value, size_t bytes);
void slim_cl_arg_memory(slim_cl_build *build, cl_mem memory);
/** Local memory; fails where a kernel's arguments take more than the device has. */
void slim_cl_arg_local(slim_cl_build *build, size_t bytes);
/** Checks that the kernel takes so many arguments, as one of a source from outside may not. */
void slim_cl_args_expect(slim_cl_build *build, int count);
/** A float read from the host view at each enqueue. */
void slim_cl_arg_host(slim_cl_build *build, const slim_view *view);
/** uint4: key and step of the random stream of (seed, hash, step), set at each enqueue. */
void slim_cl_arg_key(slim_cl_build *build, uint64_t hash);
/** n work-items, rounded up to whole groups: the kernel checks its bound. */
void slim_cl_range(slim_cl_build *build, size_t n);
/** n elements, a vector of them a work-item. */
void slim_cl_range_vectors(slim_cl_build *build, size_t n);
/** The same for few but longer work-items, a row each: small groups, so that all compute units get some. */
void slim_cl_range_rows(slim_cl_build *build, size_t rows);
void slim_cl_range_3d(slim_cl_build *build, const size_t groups[3], const size_t local[3]);
/** items work-items, rounded up to whole groups of local; local NULL: groups along the first dimension. */
void slim_cl_range_items(slim_cl_build *build, const size_t items[3], const size_t *local);
/** The same in groups along the first dimension that are no larger than it needs, at most 65535 along the others. */
void slim_cl_range_grid(slim_cl_build *build, const size_t items[3]);
/** groups groups of local work-items. */
void slim_cl_range_groups(slim_cl_build *build, size_t groups, size_t local);
/** So many tasks along each axis, which the kernel's groups take one by one (kernels/deal.h): its last arguments. */
void slim_cl_range_dealt(slim_cl_build *build, const size_t tasks[3]);
/** A copy between views of as many bytes. */
void slim_cl_copy(slim_cl_build *build, const slim_view *from, const slim_view *to, size_t bytes);
/** Zeroes so many bytes of the view. */
void slim_cl_zero(slim_cl_build *build, const slim_view *view, size_t bytes);
/** Calls fn at each enqueue. */
void slim_cl_call(slim_cl_build *build, const char *name, slim_cl_call_fn fn, const slim_cl_product *product);
/** A small constant buffer that lives as long as the step. */
cl_mem slim_cl_table(slim_cl_build *build, const void *data, size_t bytes);
/** One that its own kernels write. */
cl_mem slim_cl_kept(slim_cl_build *build, size_t bytes);
/** The launch in the making packs this view: it is left out while the view's version stays. */
void slim_cl_once(slim_cl_build *build, const slim_view *view);

/** Frees what the step holds, not the step. */
void slim_cl_step_clear(slim_device *device, slim_cl_step *step);
slim_status slim_cl_step_enqueue(slim_device *device, slim_step *const *steps, size_t count, const slim_run *run,
                                 size_t *failed);
void slim_cl_step_release(slim_device *device, slim_step *step);
double slim_cl_step_ms(slim_device *device, slim_step *step);

#endif
