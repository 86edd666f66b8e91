/* Running a graph on a device. */
#ifndef SLIM_SESSION_H
#define SLIM_SESSION_H

#include "slim/device.h"
#include "slim/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct slim_session slim_session;
typedef struct slim_values slim_values;
typedef struct slim_queue slim_queue;

/** Values of variables on a device, by name, reference-counted: sessions that are given the same values share them. */
SLIM_API slim_values *slim_values_create(slim_device *device);
/** Gives up the caller's reference; NULL is fine. */
SLIM_API void slim_values_destroy(slim_values *values);

/** A session of graph on device. values NULL: values of its own. The device and graph must outlive it.
 * Errors: the graph's own error if it has one. */
SLIM_API slim_status slim_session_create(slim_graph *graph, slim_device *device, slim_values *values,
                                         slim_session **session, slim_error *error);
/** The same on a device of its own, which closes with it; selector as in slim_device_open. @return NULL on an error. */
SLIM_API slim_session *slim_session_open(slim_graph *graph, const char *selector, slim_error *error);
/** Waits for its work and frees it. NULL is fine. */
SLIM_API void slim_session_destroy(slim_session *session);
/** The last error of this session in words; "" without one. (A call with a NULL session returns SLIM_ERR_ARG.) */
SLIM_API const char *slim_session_error(const slim_session *session);
/** The values it runs on; owned by the session. */
SLIM_API slim_values *slim_session_values(slim_session *session);
/** The graph it runs. */
SLIM_API slim_graph *slim_session_graph(const slim_session *session);
/** The device it runs on. */
SLIM_API slim_device *slim_session_device(slim_session *session);

/** Gives every global and local variable of the graph that has no value yet its initial one. Variables are initialised
 * by name and seed: the same on every device. */
SLIM_API slim_status slim_session_initialize(slim_session *session);
/** Resets the local variables (metric accumulators). */
SLIM_API slim_status slim_session_initialize_local(slim_session *session);

/** data is row-major, of tensor's type; elements of dim[0] are batch (ignored for tensors without an open batch). */
typedef struct slim_feed {
  slim_tensor *tensor;
  const void *data;
  int batch;
} slim_feed;

/** Where a result goes; data NULL: run it for its effect only. bytes: room at data, checked. */
typedef struct slim_fetch {
  slim_tensor *tensor;
  void *data;
  size_t bytes;
} slim_fetch;

/**
 * Runs what the fetches need, and the UPDATE_OPS collection with it when a fetch applies gradients (unless the fetch needs
 * a tensor of the collection SLIM_OWN_UPDATE_OPS). The plan for these fetches and this batch size is compiled on first
 * use and kept. Without a fetch that has data nothing is waited for. A fetched variable gives its value after the run.
 * Errors: a placeholder neither fed nor attached, by name; SLIM_ERR_END when an attached queue has ended;
 * SLIM_ERR_NUMERIC when a finite check failed, in this run or the one before.
 */
SLIM_API slim_status slim_session_run(slim_session *session, const slim_feed *feeds, size_t num_feeds,
                                      const slim_fetch *fetches, size_t num_fetches);
/** From now on tensor (a placeholder) takes item of the batches of queue when it is not fed; each run takes one batch of
 * each queue it needs. Placeholders of slim_image_inputs need no attaching. The session holds the last batch: the queue must outlive it, or be detached with queue NULL.
 * Errors: SLIM_ERR_TYPE, SLIM_ERR_SHAPE when the item does not fit the placeholder. */
SLIM_API slim_status slim_session_attach(slim_session *session, slim_tensor *tensor, slim_queue *queue, int item);
/** Queue i of those that placeholders are attached to; NULL behind the last. */
SLIM_API slim_queue *slim_session_queue(slim_session *session, size_t i);
/** The queues that these fetches take from begin again (slim_queue_restart), whatever they have given so far: what an
 * evaluation starts with. endless (may be NULL): whether one of them never ends. */
SLIM_API slim_status slim_session_restart_queues(slim_session *session, const slim_fetch *fetches, size_t num_fetches,
                                                 bool *endless);
/** Waits for all queued work. */
SLIM_API slim_status slim_session_finish(slim_session *session);

/** Reads a variable's value; bytes must be its size. */
SLIM_API slim_status slim_session_get_variable(slim_session *session, const slim_tensor *variable, void *data, size_t bytes);
/** Writes a variable's value; bytes must be its size. */
SLIM_API slim_status slim_session_set_variable(slim_session *session, const slim_tensor *variable, const void *data, size_t bytes);

/** Train steps that run from now on keep few results of their forward part, and make what gradients need again: less
 * memory, about a third more time, and the same numbers. */
SLIM_API slim_status slim_session_recompute(slim_session *session, bool on);

/** For inference: weights, which are float32 variables of two dimensions or more, are kept as IEEE half numbers (16 bits)
 * in the values of this session: half the memory, half as much to read. All else, activations too, stays float32, and
 * everything is computed in float32. Weights are rounded to 11 significant bits; below 6e-5 to multiples of 6e-8. To be
 * called before the variables get values; sessions that are given these values share them as they are.
 * Errors: SLIM_ERR_STATE when there are variables already. Later: SLIM_ERR_NUMERIC with the name of a variable, or of a
 * batch norm that is folded into one, whose numbers a half cannot hold (65504 at most); SLIM_ERR_STATE from a run that
 * would write weights, as training does. */
SLIM_API slim_status slim_session_half_weights(slim_session *session);

typedef struct slim_plan_info {
  int steps, cpu_steps; /* cpu_steps: steps that fell back to the CPU backend on another device */
  size_t arena_bytes, variable_bytes, workspace_bytes;
  double flops, bytes;
  size_t packed_bytes; /* what steps keep beside the arenas: packed weights, tables */
  size_t peak_bytes;   /* all memory of the plan but its variables: arenas and what steps keep */
  double feed_ms;      /* milliseconds that the host took to copy what was fed to the last run */
} slim_plan_info;

/** About the plan that ran last. */
SLIM_API slim_status slim_session_plan_info(const slim_session *session, slim_plan_info *info);

/** One step of a plan. */
typedef struct slim_plan_step_info {
  const char *name, *kernel; /* of the first node, "vgg_16/conv1/conv1_1/Conv2D"; owned by the session */
  bool cpu;                  /* fell back to the CPU backend on another device */
  double flops, bytes;
  double ms; /* of its last run with profiling on; negative: not known */
} slim_plan_step_info;

/** About step i of the plan that ran last. @return false behind the last step. */
SLIM_API bool slim_session_plan_step(slim_session *session, size_t i, slim_plan_step_info *info);
/** Writes the plan that ran last: a line per step with kernel, shapes, FLOPs, bytes, arena offsets and, with profiling on,
 * milliseconds. @return as snprintf. */
SLIM_API size_t slim_session_describe(slim_session *session, char *text, size_t size);
/** Measures the time of each step of later runs: slim_plan_step_info.ms. */
SLIM_API void slim_session_profile(slim_session *session, bool on);

/** Debug mode, which SLIM_DEBUG=1 in the environment turns on too: what is fed or comes from queues is looked at, and the
 * log is told once for each placeholder when more than a hundredth of its values lie far outside of the declared range
 * (slim_declare_range), by more than the range's width: pixels from 0 to 255 for a net that takes [-1, 1]. */
SLIM_API void slim_session_debug(slim_session *session, bool on);

/** Runs the fetches again node by node and names the first op whose output is not finite. "" if all are finite. */
SLIM_API const char *slim_session_trace_numerics(slim_session *session, const slim_feed *feeds, size_t num_feeds,
                                                 const slim_fetch *fetches, size_t num_fetches);

#ifdef __cplusplus
}
#endif
#endif
