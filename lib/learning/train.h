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

/* The log says which moving statistics of batch norm are what they began with after step steps, if there are such. */
void slim_learning_check_statistics(slim_session *session, slim_graph *graph, int64_t step);

/* Seconds of a clock that never goes back. */
double slim_learning_now(void);

#endif
