/*
 * Evaluating a checkpoint, or the values of a session, over a split.
 *
 *   slim_metric accuracy = slim_streaming_accuracy(slim_argmax(logits, 1), labels);
 *   status = slim_evaluate_once(session, "logs", .eval_ops = SLIM_TENSORS(accuracy.update),
 *                               .final_ops = SLIM_TENSORS(accuracy.value), .values = &value, .error = &error);
 */
#ifndef SLIM_EVALUATION_H
#define SLIM_EVALUATION_H

#include <signal.h>

#include "slim/checkpoint.h"
#include "slim/metrics.h"
#include "slim/session.h"
#include "slim/summary.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct slim_evaluation_result {
  int64_t step; /* the global step of the checkpoint, or of the values as they are; 0 where there is none */
  int64_t batches;
  double seconds;
  char checkpoint[1024];
} slim_evaluation_result;

typedef struct slim_evaluation_args {
  size_t struct_size; /* set by the macro */
  slim_session *session;
  const char *checkpoint_path; /* a checkpoint, or a folder for its latest; NULL: the session's values as they are */
  const struct slim_options_must_be_named *guard_;
  slim_tensors eval_ops;       /* run for each batch: updates of metrics */
  slim_tensors final_ops;      /* float32 scalars, read once at the end: values of metrics */
  const char *const *names;    /* of final_ops, for event files; NULL: their ops' names */
  float *values;               /* gets final_ops, in order; may be NULL */
  int64_t num_evals;           /* batches; 0 (not with feeds): until the input ends */
  const char *logdir;          /* event files; NULL: none */
  const slim_restore *restore; /* count 0: all global variables of the graph */
  size_t num_restore;
  const slim_feed *feeds;
  size_t num_feeds;
  void (*progress)(void *user, int64_t batches); /* after each batch */
  void *progress_user;
  const volatile sig_atomic_t *stop;
  slim_evaluation_result *result;
  slim_error *error;
  slim_event_writer *summary_writer; /* takes the events in the place of files in logdir, and stays open */
  /* Called after an evaluation, with the values of final_ops. */
  void (*evaluated)(void *user, const slim_evaluation_result *result, const float *values);
  void *evaluated_user;
} slim_evaluation_args;

/**
 * Restores, resets the local variables, lets the queues that eval_ops take from begin again, runs eval_ops for each
 * batch, then reads final_ops once and writes them to logdir under the global step. Metrics weigh by what arrives: a
 * short last batch counts rightly, and once.
 * @return SLIM_OK; SLIM_ERR_STOPPED; SLIM_ERR_NOT_FOUND without a checkpoint; SLIM_ERR_ARG; SLIM_ERR_END when the input
 * ended before num_evals.
 */
SLIM_API slim_status slim_evaluate_once(const slim_evaluation_args *args);

#ifndef __cplusplus
#define slim_evaluate_once(session_, ...)                                                                              \
  (slim_evaluate_once)(&(slim_evaluation_args){                                                                        \
      .struct_size = sizeof(slim_evaluation_args), .session = (session_), .checkpoint_path = __VA_ARGS__ })
#endif

/** SLIM_EVALUATION(session, .eval_ops = ..., .final_ops = ...): an evaluation of the values as they are, for
 * slim_learning_train. */
#ifndef __cplusplus
#define SLIM_EVALUATION(...)                                                                                           \
  (&(slim_evaluation_args){ .struct_size = sizeof(slim_evaluation_args), .session = __VA_ARGS__ })
#endif

/** Evaluates one metric over the whole input: slim_evaluate_once with its update and value. @return the value; NaN on
 * an error. */
SLIM_API float slim_evaluate_metric(slim_session *session, const char *checkpoint_path, slim_metric metric,
                                    slim_error *error);

/**
 * Waits until the folder's latest checkpoint is another than last (NULL: any) and writes its prefix to path.
 * @return SLIM_OK; SLIM_ERR_NOT_FOUND after timeout seconds (negative: never); SLIM_ERR_STOPPED when stop (may be NULL)
 * was set; SLIM_ERR_ARG when path is too small.
 */
SLIM_API slim_status slim_wait_for_new_checkpoint(const char *folder, const char *last, double seconds_to_sleep,
                                                  double timeout, const volatile sig_atomic_t *stop, char *path,
                                                  size_t size);

/** Where a walk over new checkpoints is; zero-initialise it, with folder and, if wanted, the options. */
typedef struct slim_checkpoint_walk {
  const char *folder;
  double min_interval_secs; /* from one checkpoint to the next, start to start: some may be skipped */
  double timeout;           /* seconds to wait for a new one; 0 or below: for ever */
  bool (*timeout_fn)(void *user); /* asked after a timeout: true ends the walk, as NULL does; false waits on */
  void *timeout_user;
  const volatile sig_atomic_t *stop; /* may be NULL */
  char path[1024];                   /* the checkpoint that slim_checkpoints_iterator found; "" at first */
  double begun;                      /* when it was found, of the library's own clock */
} slim_checkpoint_walk;

/**
 * Waits for the next checkpoint of the folder: another than walk->path.
 * @return true with walk->path set; false at the end: stopped, timed out, or a path too long.
 *
 *   slim_checkpoint_walk walk = { .folder = "run", .timeout = 600 };
 *   while (slim_checkpoints_iterator(&walk)) { ... slim_evaluate_once(session, walk.path, ...) ... }
 */
SLIM_API bool slim_checkpoints_iterator(slim_checkpoint_walk *walk);

#ifdef __cplusplus
}
#endif
#endif
