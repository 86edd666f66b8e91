/* What the files of a session share. All calls hold the lanes' locks, but for create and destroy. */
#ifndef SLIM_SESSION_INTERNAL_H
#define SLIM_SESSION_INTERNAL_H

#include "session/plan.h"
#include "slim/data.h"

/* Runs without a wait that may be under way before a run waits. */
#define SLIM_RUNS_IN_FLIGHT 4

/* A queue that placeholders are attached to, with the batch it gave last. */
typedef struct slim_source {
  slim_queue *queue;
  const slim_batch *batch;
  uint64_t taken_at; /* number of the run that took the batch */
  struct slim_source *next;
} slim_source;

typedef struct slim_attachment {
  const slim_tensor *tensor;
  slim_source *source;
  int item;
  struct slim_attachment *next;
} slim_attachment;

struct slim_session {
  slim_graph *graph;
  slim_device *device, *host;  /* host: the CPU device; the same as device when unified */
  slim_device *host_reference; /* to give back; NULL when unified */
  slim_device *own_device;     /* opened by the session itself; NULL */
  slim_lane *lane, *host_lane; /* host_lane: NULL when unified */
  slim_values *values;
  slim_pool pool;
  slim_target target;
  unsigned passes;
  bool profiling, debug;
  const slim_node **warned; /* placeholders whose input was reported; by number */
  size_t num_warned;
  slim_program *programs, *traces;
  slim_plan *last; /* plan that ran last */
  slim_source *sources;
  slim_attachment *attachments;
  slim_value *global_step;
  slim_run run; /* of the run that began last */
  double feed_ms; /* copying what was fed took in it */
  uint64_t runs;
  int in_flight;
  bool numeric;      /* a finite check failed, still to be reported */
  const void **data; /* per placeholder of the program that runs */
  size_t data_room;
  slim_error error;
  char trace[SLIM_ERROR_TEXT];
};

/* Sets a variable of so many bytes to what fill gives: values.h. */
slim_status slim_session_fill_variable(slim_session *session, const slim_tensor *variable, size_t bytes,
                                       slim_value_fill_fn fill, void *user, slim_error *error);

/* Hands a variable's value, of so many bytes, to put in pieces: values.h. */
slim_status slim_session_give_variable(slim_session *session, const slim_tensor *variable, size_t bytes,
                                       slim_value_put_fn put, void *user, slim_error *error);

void slim_session_lock(slim_session *session);
void slim_session_unlock(slim_session *session);

/* programs.c: the program of these fetches, made at first use; NULL with the session's error set. */
slim_program *slim_session_program(slim_session *session, slim_program **list, const slim_fetch *fetches, size_t count);
slim_plan *slim_session_plan(slim_session *session, slim_program *program, int batch);
void slim_session_drop_programs(slim_session *session);
void slim_session_drop_traces(slim_session *session);

/* feeds.c: data for each placeholder of the program in session->data, and the batch. take: unattended placeholders take
 * the next batch of their queue; else the one it gave last. */
slim_status slim_session_bind_feeds(slim_session *session, const slim_program *program, const slim_feed *feeds,
                                    size_t num_feeds, bool take, int *batch);
void slim_session_drop_sources(slim_session *session);

/* guard.c: tells the log, once for each placeholder, of values far outside of its declared range. */
void slim_session_check_range(slim_session *session, const slim_plan *plan, const slim_node *node, const void *data);

/* run.c: feeds to their places on the device. lent: they stay as they are until the device has been waited for. */
slim_status slim_session_upload(slim_session *session, const slim_plan *plan, bool lent);
/* Copies a tensor that lies in memory now; waits for the device only. */
slim_status slim_session_download(slim_session *session, slim_plan *plan, const slim_tensor *tensor, void *data);
/* Do all variables of the plan have values? */
slim_status slim_session_check_ready(slim_session *session, slim_plan *plan);
/* Waits for what may still set the flag, and clears it. */
slim_status slim_session_clear_flag(slim_session *session);
/* Gives the finite flag back, when this session owns it. */
void slim_session_leave_flag(slim_session *session);

#endif
