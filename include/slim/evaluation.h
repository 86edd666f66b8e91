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

/* --- hooks: what runs beside a loop ------------------------------------------------------------------------------- */

/** What a loop tells its hooks of a run. */
typedef struct slim_hook_run {
  slim_session *session;
  int64_t step; /* training: the global step; evaluation: batches; before a run without it, after it with it */
  bool stop;    /* a hook sets it: the loop ends after this run */
} slim_hook_run;

/** TensorFlow's SessionRunHook; each function may be NULL. An error of one ends the loop with it. */
typedef struct slim_hook {
  void *user;                                                                 /* the first argument of each */
  slim_status (*begin)(void *user, slim_session *session, slim_error *error); /* the graph may still grow */
  /* Variables have their values. */
  slim_status (*after_create_session)(void *user, slim_session *session, slim_error *error);
  slim_status (*before_run)(void *user, slim_hook_run *run, slim_error *error);
  slim_status (*after_run)(void *user, slim_hook_run *run, slim_error *error);
  slim_status (*end)(void *user, slim_session *session, slim_error *error); /* not called when the loop failed */
  const slim_fetch *fetches; /* run with each step; those with data are read for after_run, which waits for them */
  size_t num_fetches;
} slim_hook;

/** Options of slim_stop_after_n_evals_hook. */
typedef struct slim_stop_after_n_evals {
  int64_t num_evals;      /* 0: until the input ends */
  slim_flag log_progress; /* yes: "Evaluation [3/10]" in the log, about ten times in all */
} slim_stop_after_n_evals;

/** StopAfterNEvalsHook: ends an evaluation after so many batches. options are borrowed. */
SLIM_API slim_hook slim_stop_after_n_evals_hook(slim_stop_after_n_evals *options);

/** Options of slim_summary_at_end_hook. */
typedef struct slim_summary_at_end {
  const char *log_dir;               /* a new event file there at each end, unless there is a summary_writer */
  slim_event_writer *summary_writer; /* stays open */
  slim_tensors summary_op;           /* count 0: all of SLIM_SUMMARIES and SLIM_IMAGE_SUMMARIES */
  const slim_feed *feeds;
  size_t num_feeds;
  int batch_size; /* for summaries with an open batch */
} slim_summary_at_end;

/** SummaryAtEndHook: writes summaries under the global step when a loop has ended. Those that need input get the first
 * batch of queues that begin again. options are borrowed. Errors: SLIM_ERR_ARG without log_dir and summary_writer. */
SLIM_API slim_hook slim_summary_at_end_hook(slim_summary_at_end *options);

/** int64 scalar "eval_step", a local variable: the batches that slim_evaluate_once has run. Made if there is none. */
SLIM_API slim_tensor *slim_get_or_create_eval_step(slim_graph *graph);

/* --- evaluating --------------------------------------------------------------------------------------------------- */

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
  int64_t num_evals;           /* batches; 0: until the input ends, which feeds and endless queues do not */
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
  slim_tensors initial_ops; /* run once, when variables have their values */
  /* Called before them. */
  slim_status (*init_fn)(slim_session *session, void *user, slim_error *error);
  void *init_user;
  slim_flag summary_op; /* write the summaries of the graph too: yes, unless it has a SLIM_TRAIN_OP */
  int batch_size;       /* for those with an open batch */
  const slim_hook *hooks;
  size_t num_hooks;
  /* slim_evaluation_loop alone: */
  double eval_interval_secs;         /* 60; from one evaluation to the next, start to start; negative: 0 */
  int64_t max_number_of_evaluations; /* 0: no limit */
  double timeout;                    /* as in slim_checkpoint_walk */
  bool (*timeout_fn)(void *user);
  void *timeout_user;
} slim_evaluation_args;

/**
 * Restores, resets the local variables, lets the queues that eval_ops take from begin again, runs eval_ops for each
 * batch, then reads final_ops once and writes them to logdir under the global step. Metrics weigh by what arrives: a
 * short last batch counts rightly, and once.
 * @return SLIM_OK; SLIM_ERR_STOPPED; SLIM_ERR_NOT_FOUND without a checkpoint; SLIM_ERR_ARG, also for num_evals 0
 * without hooks where the input never ends; SLIM_ERR_END when the input
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

/**
 * evaluation_loop and evaluate_repeatedly: waits for new checkpoints of the folder checkpoint_path and evaluates each,
 * as slim_evaluate_once does, until max_number_of_evaluations, a timeout or stop. values and result are those of the
 * last. All events go to one file in logdir.
 * @return SLIM_OK, also after a timeout; else as slim_evaluate_once.
 */
SLIM_API slim_status slim_evaluation_loop(const slim_evaluation_args *args);

#ifndef __cplusplus
#define slim_evaluation_loop(session_, ...)                                                                            \
  (slim_evaluation_loop)(&(slim_evaluation_args){                                                                      \
      .struct_size = sizeof(slim_evaluation_args), .session = (session_), .checkpoint_path = __VA_ARGS__ })
#endif

/** Evaluates one metric over the whole input: slim_evaluate_once with its update and value. @return the value; NaN on
 * an error. */
SLIM_API float slim_evaluate_metric(slim_session *session, const char *checkpoint_path, slim_metric metric,
                                    slim_error *error);

/* --- new checkpoints ---------------------------------------------------------------------------------------------- */

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
  double min_interval_secs;       /* from one checkpoint to the next, start to start: some may be skipped */
  double timeout;                 /* seconds to wait for a new one; 0 or below: for ever */
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
