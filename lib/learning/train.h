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
/* Appends a fetch for each watch. */
void slim_reporter_fetches(const slim_reporter *reporter, slim_fetch *fetches);
/* Writes what was fetched, and the scalars of progress. steps_per_second below 0: unknown. */
slim_status slim_reporter_write(slim_reporter *reporter, const slim_train_progress *progress, double steps_per_second,
                                slim_error *error);
slim_status slim_reporter_close(slim_reporter *reporter, int64_t step, slim_error *error);

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

/* The log says which moving statistics of batch norm are what they began with after step steps, if there are such. */
void slim_learning_check_statistics(slim_session *session, slim_graph *graph, int64_t step);

/* Seconds of a clock that never goes back. */
double slim_learning_now(void);

#endif
