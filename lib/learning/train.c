/* The training loop. */
#include "learning/train.h"

#include "base/log.h"
#include "checkpoint/state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL 600.0

typedef struct training {
  slim_train_args args;
  slim_error *error;
  slim_graph *graph;
  slim_session *session;
  slim_tensor *counter; /* global_step; NULL */
  slim_saver *saver, *own_saver;
  slim_reporter reporter;
  slim_train_evaluation evaluation;
  slim_hooks hooks;
  slim_tensors accumulate; /* what each step runs before the train op */
  slim_fetch *fetches;     /* train op, what hooks fetch, learning rate, what the reporter watches */
  size_t num_quiet;        /* of them, those of each step: train op and what hooks fetch */
  size_t num_scalars;      /* and those of a step that is told */
  int64_t step, first_step;
  bool settled; /* the last step was waited for and found good */
  bool checked; /* the statistics: once updated they stay so */
  bool ended;   /* by a hook or a step function */
  float loss, learning_rate;
  double begun, saved_at, summarised_at, reported_at;
  double evaluating; /* seconds that evaluations took, which no rate counts */
  int64_t summarised_step, reported_step;
  slim_train_result result;
} training;

static slim_status fail_by_session(training *t, slim_status status)
{
  return slim_error_set(t->error, status, "%s", slim_session_error(t->session));
}

/* --- beginning ---------------------------------------------------------------------------------------------------- */

static slim_status check_args(const slim_train_args *args, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  if (!args->session || !args->train_op) {
    return slim_error_set(error, SLIM_ERR_ARG, "train: %s is missing", args->session ? "train_op" : "session");
  }
  if (slim_graph_status(slim_graph_of(args->train_op)) != SLIM_OK) {
    const slim_graph *graph = slim_graph_of(args->train_op);
    return slim_error_set(error, slim_graph_status(graph), "%s", slim_graph_error(graph));
  }
  const struct {
    const char *name;
    int64_t value;
  } numbers[] = { { "number_of_steps", args->number_of_steps },
                  { "log_every_n_steps", args->log_every_n_steps },
                  { "eval_interval_steps", args->eval_interval_steps },
                  { "save_summaries_steps", args->save_summaries_steps },
                  { "trace_every_n_steps", args->trace_every_n_steps } };
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (numbers[i].value < 0) {
      return slim_error_set(error, SLIM_ERR_ARG, "train: %s must not be negative", numbers[i].name);
    }
  }
  if (!args->logdir && (args->saver || args->trace_every_n_steps)) {
    return slim_error_set(error, SLIM_ERR_ARG, "train: %s needs a logdir",
                          args->saver ? "a saver" : "trace_every_n_steps");
  }
  return SLIM_OK;
}

static slim_status read_step(training *t)
{
  if (t->counter) {
    const slim_status status = slim_session_get_variable(t->session, t->counter, &t->step, sizeof t->step);
    return status == SLIM_OK ? status : fail_by_session(t, status);
  }
  return SLIM_OK;
}

/* Values from the newest checkpoint of logdir, or initial ones and then init_fn's. */
static slim_status start_values(training *t)
{
  slim_checkpoint_state state = { 0 };
  slim_error lost = { SLIM_OK, "" };
  const bool resume = t->saver && slim_checkpoint_state_read(t->args.logdir, &state, &lost) != SLIM_ERR_NOT_FOUND;
  slim_checkpoint_state_free(&state);
  slim_status status = SLIM_OK;
  if (resume) {
    status = slim_saver_restore_latest(t->saver, t->session, t->args.logdir, t->result.checkpoint,
                                       sizeof t->result.checkpoint, t->error);
  }
  if (status == SLIM_OK) {
    status = slim_session_initialize(t->session);
    status = status == SLIM_OK ? slim_session_initialize_local(t->session) : status;
    status = status == SLIM_OK ? status : fail_by_session(t, status);
  }
  if (status == SLIM_OK && !resume && t->args.init_fn) {
    status = t->args.init_fn(t->session, t->args.init_user, t->error);
  }
  status = status == SLIM_OK ? read_step(t) : status;
  if (status == SLIM_OK && resume) {
    const bool done = t->args.number_of_steps != 0 && t->step >= t->args.number_of_steps;
    slim_log_write(SLIM_LOG_INFO,
                   done ? "restored '%s' of step %lld: number_of_steps is reached, nothing is trained"
                        : "restored '%s', going on from step %lld",
                   t->result.checkpoint, (long long)t->step);
  }
  return status;
}

static slim_status open_saver(training *t)
{
  t->saver = t->args.saver;
  if (t->saver || !t->args.logdir) {
    return SLIM_OK;
  }
  const slim_status status =
      slim_saver_create(t->graph, (slim_tensors){ 0, NULL }, t->args.max_to_keep, &t->own_saver, t->error);
  t->saver = t->own_saver;
  return status;
}

static slim_status open_reports(training *t)
{
  slim_status status = SLIM_OK;
  if (t->args.logdir && (t->args.save_summaries_secs >= 0.0 || t->args.save_summaries_steps)) {
    status = slim_reporter_open(&t->reporter, t->graph, t->args.logdir, t->args.batch_size, t->step, t->error);
  }
  t->fetches = calloc(t->reporter.count + slim_hooks_fetches(t->hooks, NULL) + 2, sizeof *t->fetches);
  if (!t->fetches) {
    return slim_error_set(t->error, SLIM_ERR_MEMORY, "train: out of memory");
  }
  t->fetches[0] = (slim_fetch){ t->args.train_op, NULL, 0 };
  t->num_quiet = t->num_scalars = 1 + slim_hooks_fetches(t->hooks, t->fetches + 1);
  if (t->args.learning_rate) {
    t->fetches[t->num_scalars++] = (slim_fetch){ t->args.learning_rate, &t->learning_rate, sizeof t->learning_rate };
  }
  slim_reporter_fetches(&t->reporter, t->fetches + t->num_scalars);
  return status;
}

static slim_status begin(training *t)
{
  slim_status status = slim_hooks_tell(t->hooks, SLIM_HOOK_BEGIN, t->session, t->error);
  status = status == SLIM_OK ? open_saver(t) : status;
  status = status == SLIM_OK ? start_values(t) : status;
  status = status == SLIM_OK ? slim_hooks_tell(t->hooks, SLIM_HOOK_CREATED, t->session, t->error) : status;
  status = status == SLIM_OK ? open_reports(t) : status;
  status = status == SLIM_OK ? slim_train_evaluation_open(&t->evaluation, &t->args, t->error) : status;
  t->begun = t->saved_at = t->summarised_at = t->reported_at = slim_learning_now();
  t->first_step = t->summarised_step = t->reported_step = t->step;
  t->settled = true;
  return status;
}

/* --- a step ------------------------------------------------------------------------------------------------------- */

/* The batch that the last run used may be gone when the flag is seen; then the trace finds nothing. */
static slim_status fail_by_numbers(training *t)
{
  const slim_fetch fetch = { t->args.train_op, NULL, 0 };
  const char *first = slim_session_trace_numerics(t->session, t->args.feeds, t->args.num_feeds, &fetch, 1);
  return slim_error_set(t->error, SLIM_ERR_NUMERIC, "LossTensor is inf or nan near step %lld; %s%s", (long long)t->step,
                        *first ? "the first op that is not finite is " : "",
                        *first ? first : "the batch was gone when it was seen, log_every_n_steps 1 finds the op");
}

/* SLIM_ERR_END comes back without a text. */
static slim_status fail(training *t, slim_status status, const slim_error *error)
{
  if (status == SLIM_OK || status == SLIM_ERR_END) {
    return status;
  }
  return status == SLIM_ERR_NUMERIC ? fail_by_numbers(t) : slim_error_set(t->error, status, "%s", error->text);
}

/* What is to happen after the step that comes. */
typedef struct due {
  bool report, save, summarise, evaluate, trace;
} due;

static bool every(int64_t step, int64_t steps)
{
  return steps > 0 && step % steps == 0;
}

static due due_after(const training *t, int64_t step)
{
  const double now = slim_learning_now();
  const bool last = step == t->args.number_of_steps;
  const bool first = step == t->first_step + 1;
  const double secs = t->args.save_summaries_secs;
  const bool summarise = secs >= 0.0 && (first || last || now - t->summarised_at >= secs);
  return (due){
    .report = last || every(step, t->args.log_every_n_steps),
    .save = t->saver && t->args.save_interval_secs >= 0.0 && now - t->saved_at >= t->args.save_interval_secs,
    .evaluate = slim_train_evaluation_due(&t->evaluation, step, last),
    .summarise = t->reporter.writer && (summarise || every(step, t->args.save_summaries_steps)),
    .trace = every(step, t->args.trace_every_n_steps),
  };
}

/* wait: the loss is read; d.summarise: and what the reporter watches. */
static slim_status call_step(training *t, due d, bool wait)
{
  slim_error error = { SLIM_OK, "" };
  const size_t loud = t->num_scalars + (d.summarise ? t->reporter.count : 0);
  slim_train_step_call call = { .session = t->session,
                                .train_op = t->args.train_op,
                                .fetches = t->fetches,
                                .num_fetches = wait ? loud : t->num_quiet,
                                .feeds = t->args.feeds,
                                .num_feeds = t->args.num_feeds,
                                .accumulate_ops = t->accumulate,
                                .step = t->step,
                                .user = t->args.train_step_user };
  t->fetches[0] = (slim_fetch){ t->args.train_op, wait ? &t->loss : NULL, wait ? sizeof t->loss : 0 };
  if (t->args.trace_every_n_steps) {
    slim_session_profile(t->session, d.trace);
  }
  const slim_status status = t->args.train_step_fn(&call, &error);
  t->ended |= call.should_stop;
  return fail(t, status, &error);
}

static slim_status step_once(training *t, due d)
{
  const bool own = t->args.train_step_fn != slim_train_step;
  const bool wait = d.report || d.save || d.summarise || d.evaluate || d.trace || own;
  slim_hook_run told = { .session = t->session, .step = t->step };
  slim_status status = slim_hooks_before_run(t->hooks, &told, t->error);
  status = status == SLIM_OK ? call_step(t, d, wait) : status;
  if (status != SLIM_OK) {
    return status;
  }
  t->step++;
  t->settled = wait;
  t->result.loss = wait ? t->loss : t->result.loss;
  status = wait ? read_step(t) : SLIM_OK;
  told.step = t->step;
  status = status == SLIM_OK ? slim_hooks_after_run(t->hooks, &told, t->error) : status;
  t->ended |= told.stop;
  return status;
}

/* --- after a step ------------------------------------------------------------------------------------------------- */

static double images_of_step(const training *t)
{
  return (double)(t->accumulate.count + 1) * t->args.batch_size;
}

static slim_train_progress progress_of(training *t, double now)
{
  const double steps = (double)(t->step - t->reported_step), seconds = now - t->reported_at;
  slim_train_progress p = { .step = t->step,
                            .number_of_steps = t->args.number_of_steps,
                            .loss = t->loss,
                            .learning_rate = t->args.learning_rate ? t->learning_rate : NAN };
  if (steps > 0 && seconds > 0.0) {
    p.seconds_per_step = seconds / steps;
    p.images_per_second = steps * images_of_step(t) / seconds;
  }
  return p;
}

static void report(training *t)
{
  const double now = slim_learning_now();
  const slim_train_progress p = progress_of(t, now);
  slim_log_write(SLIM_LOG_INFO, "global step %lld: loss = %.4f (%.3f sec/step)", (long long)p.step, (double)p.loss,
                 p.seconds_per_step);
  if (t->args.progress) {
    t->args.progress(t->args.progress_user, &p);
  }
  t->reported_at = now;
  t->reported_step = t->step;
}

static slim_status summarise(training *t)
{
  const double now = slim_learning_now(), seconds = now - t->summarised_at;
  const slim_train_progress p = progress_of(t, now);
  const int64_t steps = t->step - t->summarised_step;
  const slim_status status =
      slim_reporter_write(&t->reporter, t->session, &p, seconds > 0.0 ? (double)steps / seconds : -1.0, t->error);
  t->summarised_at = now;
  t->summarised_step = t->step;
  return status;
}

static slim_status save(training *t)
{
  const size_t room = strlen(t->args.logdir) + sizeof "/model.ckpt";
  char *prefix = malloc(room);
  if (!prefix) {
    return slim_error_set(t->error, SLIM_ERR_MEMORY, "train: out of memory");
  }
  (void)snprintf(prefix, room, "%s/model.ckpt", t->args.logdir);
  slim_status status = slim_saver_save(t->saver, t->session, prefix, t->step, t->result.checkpoint,
                                       sizeof t->result.checkpoint, t->error);
  free(prefix);
  if (!t->checked) {
    slim_learning_check_statistics(t->session, t->graph, t->step);
    t->checked = true;
  }
  if (status == SLIM_OK && t->reporter.writer) {
    status =
        slim_event_writer_session(t->reporter.writer, t->step, SLIM_SESSION_CHECKPOINT, t->result.checkpoint, t->error);
  }
  t->saved_at = slim_learning_now();
  return status;
}

/* A run whose evaluation fails does not lose what it has learned. */
static slim_status evaluate(training *t)
{
  const double begun = slim_learning_now();
  slim_error failed = { SLIM_OK, "" };
  const slim_status status = slim_train_evaluation_run(&t->evaluation, t->step, &failed);
  const double seconds = slim_learning_now() - begun;
  t->evaluating += seconds;
  t->reported_at += seconds;
  t->summarised_at += seconds;
  if (status == SLIM_OK || status == SLIM_ERR_STOPPED) {
    return SLIM_OK;
  }
  if (t->saver) {
    (void)save(t);
  }
  return slim_error_set(t->error, status, "%s", failed.text);
}

static slim_status after_step(training *t, due d)
{
  if (d.report) {
    report(t);
  }
  slim_status status = d.trace ? slim_train_write_trace(t->session, t->args.logdir, t->step, t->error) : SLIM_OK;
  status = status == SLIM_OK && d.summarise ? summarise(t) : status;
  status = status == SLIM_OK && d.evaluate ? evaluate(t) : status;
  if (status == SLIM_OK && d.save && t->step != t->args.number_of_steps) {
    status = save(t);
  }
  return status;
}

static bool stopped(const training *t)
{
  return t->args.stop && *t->args.stop;
}

static bool going(const training *t)
{
  return !stopped(t) && !t->ended && (t->args.number_of_steps == 0 || t->step < t->args.number_of_steps);
}

static slim_status loop(training *t)
{
  slim_status status = SLIM_OK;
  while (status == SLIM_OK && going(t)) {
    const due d = due_after(t, t->step + 1);
    status = step_once(t, d);
    status = status == SLIM_OK ? after_step(t, d) : status;
  }
  return status == SLIM_ERR_END ? SLIM_OK : status;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

/* Waits for the steps under way; a loss that was not finite shows now. */
static slim_status settle(training *t)
{
  slim_status status = SLIM_OK;
  if (!t->settled && t->counter) {
    const slim_fetch fetch = { t->counter, &t->step, sizeof t->step };
    status = slim_session_run(t->session, NULL, 0, &fetch, 1);
    status = status == SLIM_ERR_NUMERIC ? fail_by_numbers(t) : status == SLIM_OK ? status : fail_by_session(t, status);
  } else if (!t->settled) {
    status = slim_session_finish(t->session);
    status = status == SLIM_OK ? status : fail_by_session(t, status);
  }
  return status;
}

static slim_status finish(training *t)
{
  slim_status status = settle(t);
  const bool ran = t->step > t->first_step && !stopped(t);
  if (status == SLIM_OK && ran && slim_train_evaluation_due(&t->evaluation, t->step, true)) {
    status = evaluate(t);
  }
  if (status == SLIM_OK && t->saver && (t->step > t->first_step || !*t->result.checkpoint)) {
    status = save(t);
  }
  if (status == SLIM_OK) {
    status = slim_hooks_tell(t->hooks, SLIM_HOOK_END, t->session, t->error);
  }
  if (status == SLIM_OK && stopped(t) && t->step != t->args.number_of_steps) {
    status = slim_error_set(t->error, SLIM_ERR_STOPPED, "training stopped on request at step %lld", (long long)t->step);
  }
  return status;
}

static void close_all(training *t, slim_status *status)
{
  const double seconds = slim_learning_now() - t->begun;
  slim_status closed = slim_reporter_close(&t->reporter, t->step, *status == SLIM_OK ? t->error : NULL);
  *status = *status == SLIM_OK ? closed : *status;
  closed = slim_train_evaluation_close(&t->evaluation, *status == SLIM_OK ? t->error : NULL);
  *status = *status == SLIM_OK ? closed : *status;
  t->result.step = t->step;
  t->result.steps_run = t->step - t->first_step;
  t->result.seconds = seconds;
  const double busy = seconds - t->evaluating;
  t->result.images_per_second = busy > 0.0 ? (double)t->result.steps_run * images_of_step(t) / busy : 0.0;
  slim_saver_destroy(t->own_saver);
  free(t->fetches);
}

slim_status(slim_learning_train)(const slim_train_args *args)
{
  slim_error own = { SLIM_OK, "" };
  training t = { .loss = NAN, .learning_rate = NAN, .result.loss = NAN };
  const size_t given = args->struct_size ? args->struct_size : sizeof t.args;
  memcpy(&t.args, args, given < sizeof t.args ? given : sizeof t.args);
  t.error = t.args.error ? t.args.error : &own;
  slim_status status = check_args(&t.args, t.error);
  if (status == SLIM_OK) {
    t.graph = slim_graph_of(t.args.train_op);
    t.session = t.args.session;
    t.counter = slim_get_global_step(t.graph);
    t.accumulate = slim_accumulate_ops(t.args.train_op);
    t.hooks = (slim_hooks){ t.args.hooks, t.args.num_hooks };
    t.args.train_step_fn = t.args.train_step_fn ? t.args.train_step_fn : slim_train_step;
    t.args.log_every_n_steps = t.args.log_every_n_steps ? t.args.log_every_n_steps : 1;
    t.args.save_interval_secs = t.args.save_interval_secs != 0.0 ? t.args.save_interval_secs : INTERVAL;
    t.args.save_summaries_secs = t.args.save_summaries_secs != 0.0 ? t.args.save_summaries_secs : INTERVAL;
    status = begin(&t);
    status = status == SLIM_OK ? loop(&t) : status;
    status = status == SLIM_OK ? finish(&t) : status;
    close_all(&t, &status);
  }
  if (t.args.result) {
    *t.args.result = t.result;
  }
  return status;
}
