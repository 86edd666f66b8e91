/* A training run and what it reports. */
#ifndef SLIM_LEARNING_TRAIN_H
#define SLIM_LEARNING_TRAIN_H

#include "slim/learning.h"
#include "slim/summary.h"

/* One tensor that goes to the event file, as a number, an image or else a histogram. */
typedef struct slim_watch {
  slim_tensor *tensor;
  char *tag; /* owned */
  slim_shape shape;
  bool image;
  size_t count; /* elements */
  float *data;
} slim_watch;

/* Event files of a training run. */
typedef struct slim_reporter {
  slim_event_writer *writer; /* NULL: nothing is written */
  size_t count;
  slim_watch *watch;
} slim_reporter;

/* Opens an event file in folder and collects what goes to it: losses and SLIM_SUMMARIES. batch: for open batches. */
slim_status slim_reporter_open(slim_reporter *reporter, slim_graph *graph, const char *folder, int batch, int64_t step,
                               slim_error *error);
/* Without an event file: what these collections hold. */
slim_status slim_reporter_collect(slim_reporter *reporter, slim_graph *graph, const char *const *keys, int num_keys,
                                  int batch, slim_error *error);
/* Without an event file: these tensors, under their ops' names. */
slim_status slim_reporter_choose(slim_reporter *reporter, slim_tensors tensors, int batch, slim_error *error);
/* Appends a fetch for each watch. */
void slim_reporter_fetches(const slim_reporter *reporter, slim_fetch *fetches);
/* Writes what was fetched, the scalars of progress and how full the session's queues are. steps_per_second below 0:
 * unknown. */
slim_status slim_reporter_write(slim_reporter *reporter, slim_session *session, const slim_train_progress *progress,
                                double steps_per_second, slim_error *error);
/* Writes what was fetched alone, to any writer. */
slim_status slim_reporter_write_watches(const slim_reporter *reporter, slim_event_writer *writer, int64_t step,
                                        slim_error *error);
slim_status slim_reporter_close(slim_reporter *reporter, int64_t step, slim_error *error);

/* The hooks of a loop. */
typedef struct slim_hooks {
  const slim_hook *item;
  size_t count;
} slim_hooks;

typedef enum slim_hook_event { SLIM_HOOK_BEGIN, SLIM_HOOK_CREATED, SLIM_HOOK_END } slim_hook_event;
slim_status slim_hooks_tell(slim_hooks hooks, slim_hook_event event, slim_session *session, slim_error *error);
slim_status slim_hooks_before_run(slim_hooks hooks, slim_hook_run *run, slim_error *error);
slim_status slim_hooks_after_run(slim_hooks hooks, slim_hook_run *run, slim_error *error);
/* Appends what they fetch (fetches NULL: not). @return how many. */
size_t slim_hooks_fetches(slim_hooks hooks, slim_fetch *fetches);

/* Writes summaries: of options->summary_op, or the graph's. */
slim_status slim_summaries_at_end(slim_session *session, const slim_summary_at_end *options, slim_event_writer *writer,
                                  int64_t step, slim_error *error);

/* slim_evaluate_once with values as they are at this global step. step below 0: it is found out. */
slim_status slim_evaluate_at(const slim_evaluation_args *args, int64_t step);

/* What slim_train_args.evaluation asks for. */
typedef struct slim_train_evaluation {
  slim_evaluation_args args;
  slim_session *train; /* and its graph */
  slim_graph *graph;
  slim_event_writer *writer; /* own; NULL */
  int64_t interval, done;    /* steps; the last step it was done at */
  bool wanted;
} slim_train_evaluation;

slim_status slim_train_evaluation_open(slim_train_evaluation *evaluation, const slim_train_args *train,
                                       slim_error *error);
/* Is it due after this step, which may be the last? */
bool slim_train_evaluation_due(const slim_train_evaluation *evaluation, int64_t step, bool last);
slim_status slim_train_evaluation_run(slim_train_evaluation *evaluation, int64_t step, slim_error *error);
slim_status slim_train_evaluation_close(slim_train_evaluation *evaluation, slim_error *error);

/* What the steps of the plan that ran last took, to "<logdir>/tf_trace-<step>.json". */
slim_status slim_train_write_trace(slim_session *session, const char *logdir, int64_t step, slim_error *error);

/* The log says which moving statistics of batch norm are what they began with after step steps, if there are such. */
void slim_learning_check_statistics(slim_session *session, slim_graph *graph, int64_t step);

/* The global step that the session's values have; 0 without one. */
slim_status slim_learning_read_step(slim_session *session, int64_t *step, slim_error *error);

/* Seconds of a clock that never goes back. */
double slim_learning_now(void);

#endif
