/*
 * Ops of your own: what the library's ops are not made of. An op is a description of plain functions; slim_custom adds
 * it to a graph like any other, and it runs on every device, in training and inference.
 *
 *   static const slim_custom_op swish = {
 *     .struct_size = sizeof(slim_custom_op), .name = "swish", .inputs = 1, .outputs = 1,
 *     .infer = same_shape, .gradient = swish_gradient, .cpu = swish_cpu,
 *     .opencl_source = source, .opencl_kernel = "swish",
 *   };
 *   y = slim_custom(&swish, "Swish", NULL, SLIM_TENSORS(x));
 *
 * An op computes its outputs from inputs and attributes alone: the same in, the same out, with no state of its own, for
 * a session may run it once where all its inputs are constants, and leaves it out where nobody needs a result. Its
 * functions are called by any thread that runs a session. examples/custom_op.c is a whole program.
 *
 * What lives how long: slim_custom copies the description, its texts and the attributes. The functions, and what
 * pointers inside of attributes point to, must outlive the graph.
 */
#ifndef SLIM_CUSTOM_OP_H
#define SLIM_CUSTOM_OP_H

#include "slim/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

struct slim_device_info; /* slim/device.h */

/** What a gradient is built from. */
typedef struct slim_custom_gradient {
  const void *attr;
  int inputs, outputs;
  slim_tensor *const *in, *const *out;
  slim_tensor *const *dy; /* gradient of output k; NULL where nothing depends on it */
  slim_tensor **dx;       /* to be set for each input that has one; all are NULL */
} slim_custom_gradient;

typedef struct slim_custom_array {
  void *data; /* row-major. NULL: an input of shape_only, an optional output that nobody reads, or shapes only */
  slim_dtype dtype;
  slim_shape shape; /* batch bound */
} slim_custom_array;

/** One run on the CPU. parallel calls fn on all threads for pieces [begin, end) of [0, count), grain long (the last may
 * be shorter), and returns when all are done; pieces depend on count and grain alone. */
typedef void (*slim_custom_range_fn)(void *user, size_t begin, size_t end);
typedef struct slim_custom_run slim_custom_run;
struct slim_custom_run {
  const void *attr;
  int inputs, outputs;
  const slim_custom_array *in, *out;
  void (*parallel)(const slim_custom_run *run, size_t count, size_t grain, slim_custom_range_fn fn, void *user);
};

/**
 * What an op launches on an OpenCL device, asked once when a plan is made. Each call of add appends a launch of one of
 * the source's kernels (kernel is kept: a literal) over global work-items in groups of local (NULL: chosen, in the
 * first dimension). global is rounded up to whole groups: the kernel checks its bounds. Its arguments, in this order:
 * SLIM_TENSOR(type, name) for each input that is not shape_only, the same for each output, uint n (global[0] as it was
 * asked for), and the bytes of params (a struct of 4-byte members; none when bytes is 0).
 */
typedef struct slim_custom_launches slim_custom_launches;
struct slim_custom_launches {
  const void *attr;
  int inputs, outputs;
  const slim_custom_array *in, *out; /* data is NULL */
  const struct slim_device_info *device;
  void (*add)(slim_custom_launches *launches, const char *kernel, const size_t global[3], const size_t local[3],
              const void *params, size_t bytes);
};

typedef struct slim_custom_op {
  size_t struct_size;                       /* sizeof(slim_custom_op) */
  const char *name;                         /* "swish", in errors, plans and profiles; one op a name and graph */
  int inputs;                               /* how many it takes; -1: one or more */
  int outputs;                              /* up to SLIM_OP_OUTPUTS; output 0 is the result */
  size_t attr_size;                         /* attributes are a plain struct, copied by value */
  unsigned shape_only;                      /* bit i: of input i only the shape is read; it has no gradient */
  unsigned optional;                        /* bit k: output k may be left out when nobody reads it */
  bool (*infer)(slim_inference *inference); /* false: slim_error_set(inference->error, ...) was called */
  /* Sets dx with ops of slim/ops.h, layers, or more ops of your own. NULL: a gradient that would have to pass is an
   * error. */
  void (*gradient)(const slim_custom_gradient *gradient);
  void (*cpu)(const slim_custom_run *run);
  /* OpenCL C 1.2. In front of it stand SLIM_TENSOR(type, name), a tensor parameter of a kernel, and SLIM_OPEN(type,
   * name), its pointer (SLIM_OPEN_OPTIONAL of an optional output: a null pointer when nobody reads it). NULL: the op
   * runs on the CPU, also in a session on an OpenCL device, and counts among its cpu_steps. */
  const char *opencl_source;
  const char *opencl_kernel; /* runs once for each element of output 0, with attributes as its params ... */
  void (*opencl_launch)(slim_custom_launches *launches); /* ... or what this adds */
} slim_custom_op;

/**
 * Adds the op, and registers it with the graph at its first use. name: of the node (NULL: the op's); attr: attr_size
 * bytes (NULL: zeros). @return output 0; slim_tensor_output has the others. Errors, on the graph: SLIM_ERR_ARG for a
 * description without name, infer or cpu function, with a source that has nothing to launch, with numbers out of range,
 * or for a wrong number of inputs; SLIM_ERR_EXISTS when the name belongs to another op; what infer reports. A source
 * that does not compile is SLIM_ERR_DEVICE of the first run on an OpenCL device, with the compiler's log.
 */
SLIM_API slim_tensor *slim_custom(const slim_custom_op *op, const char *name, const void *attr, slim_tensors inputs);

#ifdef __cplusplus
}
#endif
#endif
