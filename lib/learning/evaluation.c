/* Evaluating a checkpoint, or values as they are, over a split. */
#include "learning/train.h"

#include "base/log.h"
#include "checkpoint/state.h"
#include "graph/graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct evaluation {
  slim_evaluation_args args;
  slim_error *error;
  slim_graph *graph;
  slim_hooks hooks;
  slim_tensor *eval_step; /* NULL: the graph has none */
  slim_fetch *fetches;    /* eval_ops and what hooks fetch; then final_ops */
  size_t num_fetches;
  float *values;
  bool ended; /* by a hook */
  slim_evaluation_result result;
} evaluation;

static slim_status fail_by_session(evaluation *e, slim_status status)
{
  return slim_error_set(e->error, status, "%s", slim_session_error(e->args.session));
}

static slim_status check_args(evaluation *e)
{
  const slim_tensors *final = &e->args.final_ops;
  if (slim_error_held(e->error)) {
    return e->error->status;
  }
  if (!e->args.session || (e->args.eval_ops.count == 0 && final->count == 0)) {
    return slim_error_set(e->error, SLIM_ERR_ARG, "evaluate: %s",
                          e->args.session ? "neither eval_ops nor final_ops" : "session is missing");
  }
  if (e->args.num_feeds && e->args.num_evals == 0 && e->args.eval_ops.count) {
    return slim_error_set(e->error, SLIM_ERR_ARG, "evaluate: feeds never end, num_evals says how many batches");
  }
  e->graph = slim_graph_of(e->args.eval_ops.count ? e->args.eval_ops.item[0] : final->item[0]);
  if (slim_graph_status(e->graph) != SLIM_OK) {
    return slim_error_set(e->error, slim_graph_status(e->graph), "%s", slim_graph_error(e->graph));
  }
  for (size_t i = 0; i < final->count; i++) {
    if (slim_tensor_dtype(final->item[i]) != SLIM_FLOAT32 || slim_tensor_shape(final->item[i]).rank != 0) {
      return slim_error_set(e->error, SLIM_ERR_TYPE, "evaluate: final op '%s' must be a float32 scalar",
                            slim_tensor_name(final->item[i]));
    }
  }
  return SLIM_OK;
}

slim_status slim_learning_read_step(slim_session *session, int64_t *step, slim_error *error)
{
  const slim_tensor *counter = slim_get_global_step(slim_session_graph(session));
  *step = 0;
  const slim_status status = counter ? slim_session_get_variable(session, counter, step, sizeof *step) : SLIM_OK;
  return status == SLIM_OK || status == SLIM_ERR_STATE
             ? SLIM_OK
             : slim_error_set(error, status, "%s", slim_session_error(session));
}

slim_tensor *slim_get_or_create_eval_step(slim_graph *graph)
{
  slim_tensor *step = slim_variable_find(graph, "eval_step");
  const slim_variable_spec spec = {
    .name = "eval_step", .exact = true, .dtype = SLIM_INT64, .host = true, .collections = SLIM_LOCAL_VARIABLES
  };
  return step ? step : slim_variable_make(graph, &spec);
}

/* --- the checkpoint ----------------------------------------------------------------------------------------------- */

static slim_status find_checkpoint(evaluation *e)
{
  slim_checkpoint_path latest;
  const char *prefix = NULL;
  const slim_status status = slim_checkpoint_find(e->args.checkpoint_path, &latest, &prefix, e->error);
  if (status != SLIM_OK) {
    return status;
  }
  if (strlen(prefix) >= sizeof e->result.checkpoint) {
    return slim_error_set(e->error, SLIM_ERR_ARG, "evaluate: '%s' is too long", prefix);
  }
  memcpy(e->result.checkpoint, prefix, strlen(prefix) + 1);
  return SLIM_OK;
}

/* The global step of a checkpoint, 0 where it has none. */
static slim_status read_step(evaluation *e)
{
  slim_checkpoint_reader *reader = NULL;
  slim_status status = slim_checkpoint_reader_open(e->result.checkpoint, &reader, e->error);
  const slim_checkpoint_entry *entry = status == SLIM_OK ? slim_checkpoint_reader_find(reader, "global_step") : NULL;
  if (entry && entry->dtype == SLIM_INT64 && entry->bytes == sizeof e->result.step) {
    status = slim_checkpoint_reader_read(reader, "global_step", &e->result.step, sizeof e->result.step, e->error);
  }
  slim_checkpoint_reader_close(reader);
  return status;
}

static slim_status restore_all(evaluation *e)
{
  slim_saver *saver = NULL;
  slim_status status = slim_saver_create(e->graph, (slim_tensors){ 0, NULL }, 0, &saver, e->error);
  if (status == SLIM_OK) {
    status = slim_saver_restore(saver, e->args.session, e->result.checkpoint, e->error);
  }
  slim_saver_destroy(saver);
  return status;
}

static slim_status restore(evaluation *e)
{
  slim_status status = find_checkpoint(e);
  if (status == SLIM_OK) {
    status = read_step(e);
  }
  if (status != SLIM_OK) {
    return status;
  }
  return e->args.num_restore == 0 ? restore_all(e)
                                  : slim_assign_from_checkpoint(e->args.session, e->result.checkpoint, e->args.restore,
                                                                e->args.num_restore, 0, e->error);
}

static slim_status make_room(evaluation *e)
{
  const size_t hooked = slim_hooks_fetches(e->hooks, NULL), final = e->args.final_ops.count;
  const size_t updates = e->args.eval_ops.count + hooked, initial = e->args.initial_ops.count;
  const size_t most = updates > final ? updates : final;
  e->fetches = calloc((most > initial ? most : initial) + 1, sizeof *e->fetches);
  e->values = calloc(final + 1, sizeof *e->values);
  return e->fetches && e->values ? SLIM_OK : slim_error_set(e->error, SLIM_ERR_MEMORY, "evaluate: out of memory");
}

static slim_status run_initial(evaluation *e)
{
  const slim_tensors initial = e->args.initial_ops;
  for (size_t i = 0; i < initial.count; i++) {
    e->fetches[i] = (slim_fetch){ initial.item[i], NULL, 0 };
  }
  const slim_status status =
      initial.count ? slim_session_run(e->args.session, e->args.feeds, e->args.num_feeds, e->fetches, initial.count)
                    : SLIM_OK;
  return status == SLIM_OK ? status : fail_by_session(e, status);
}

/* Metrics and input start anew. */
static slim_status begin_again(evaluation *e)
{
  const slim_tensors updates = e->args.eval_ops;
  for (size_t i = 0; i < updates.count; i++) {
    e->fetches[i] = (slim_fetch){ updates.item[i], NULL, 0 };
  }
  e->num_fetches = updates.count ? updates.count + slim_hooks_fetches(e->hooks, e->fetches + updates.count) : 0;
  bool endless = false;
  slim_status status = slim_session_initialize_local(e->args.session);
  if (status == SLIM_OK && e->num_fetches) {
    status = slim_session_restart_queues(e->args.session, e->fetches, e->num_fetches, &endless);
  }
  if (status == SLIM_OK && endless && e->args.num_evals == 0 && e->hooks.count == 0) {
    return slim_error_set(e->error, SLIM_ERR_ARG,
                          "evaluate: the input never ends, as for training: set num_evals, or num_epochs of the input "
                          "to 1");
  }
  return status == SLIM_OK ? status : fail_by_session(e, status);
}

static slim_status take_values(evaluation *e, int64_t step)
{
  slim_status status = SLIM_OK;
  if (e->args.checkpoint_path) {
    status = restore(e);
  } else if (step >= 0) {
    e->result.step = step;
  } else {
    status = slim_learning_read_step(e->args.session, &e->result.step, e->error);
  }
  if (status == SLIM_OK && e->args.init_fn) {
    status = e->args.init_fn(e->args.session, e->args.init_user, e->error);
  }
  return status;
}

static slim_status begin(evaluation *e, int64_t step)
{
  slim_status status = make_room(e);
  status = status == SLIM_OK ? slim_hooks_tell(e->hooks, SLIM_HOOK_BEGIN, e->args.session, e->error) : status;
  status = status == SLIM_OK ? take_values(e, step) : status;
  status = status == SLIM_OK ? run_initial(e) : status;
  if (status == SLIM_OK) {
    slim_learning_check_statistics(e->args.session, e->graph, e->result.step);
    status = begin_again(e);
  }
  return status == SLIM_OK ? slim_hooks_tell(e->hooks, SLIM_HOOK_CREATED, e->args.session, e->error) : status;
}

/* --- batches ------------------------------------------------------------------------------------------------------ */

static slim_status ended(evaluation *e)
{
  if (e->args.num_evals == 0) {
    return SLIM_OK;
  }
  return slim_error_set(e->error, SLIM_ERR_END, "evaluate: the input ended after %lld of %lld batches",
                        (long long)e->result.batches, (long long)e->args.num_evals);
}

/* One batch; SLIM_ERR_END, without a text, when there is none. */
static slim_status run_batch(evaluation *e)
{
  slim_hook_run told = { .session = e->args.session, .step = e->result.batches };
  slim_status status = slim_hooks_before_run(e->hooks, &told, e->error);
  if (status == SLIM_OK) {
    status = slim_session_run(e->args.session, e->args.feeds, e->args.num_feeds, e->fetches, e->num_fetches);
    status = status == SLIM_OK || status == SLIM_ERR_END ? status : fail_by_session(e, status);
  }
  if (status == SLIM_OK && e->eval_step) {
    const int64_t done = e->result.batches + 1;
    status = slim_session_set_variable(e->args.session, e->eval_step, &done, sizeof done);
    status = status == SLIM_OK ? status : fail_by_session(e, status);
  }
  if (status == SLIM_OK) {
    told.step = ++e->result.batches;
    status = slim_hooks_after_run(e->hooks, &told, e->error);
  }
  e->ended = told.stop;
  return status;
}

static slim_status run_batches(evaluation *e)
{
  while (e->num_fetches && !e->ended && (e->args.num_evals == 0 || e->result.batches < e->args.num_evals)) {
    if (e->args.stop && *e->args.stop) {
      return slim_error_set(e->error, SLIM_ERR_STOPPED, "evaluation stopped on request after %lld batches",
                            (long long)e->result.batches);
    }
    const slim_status status = run_batch(e);
    if (status != SLIM_OK) {
      return status == SLIM_ERR_END ? ended(e) : status;
    }
    if (e->args.progress) {
      e->args.progress(e->args.progress_user, e->result.batches);
    }
  }
  return SLIM_OK;
}

static slim_status read_values(evaluation *e)
{
  const slim_tensors final = e->args.final_ops;
  if (final.count == 0) {
    return SLIM_OK;
  }
  for (size_t i = 0; i < final.count; i++) {
    e->fetches[i] = (slim_fetch){ final.item[i], &e->values[i], sizeof *e->values };
  }
  const slim_status status =
      slim_session_run(e->args.session, e->args.feeds, e->args.num_feeds, e->fetches, final.count);
  if (status != SLIM_OK) {
    return fail_by_session(e, status);
  }
  if (e->args.values) {
    memcpy(e->args.values, e->values, final.count * sizeof *e->values);
  }
  return SLIM_OK;
}

static const char *name_of(const evaluation *e, size_t i)
{
  return e->args.names ? e->args.names[i] : slim_tensor_name(e->args.final_ops.item[i]);
}

static slim_status write_values(evaluation *e, slim_event_writer *writer)
{
  slim_status status = SLIM_OK;
  for (size_t i = 0; i < e->args.final_ops.count && status == SLIM_OK; i++) {
    status = slim_event_writer_scalar(writer, e->result.step, name_of(e, i), e->values[i], e->error);
  }
  const bool trains = slim_get_collection(e->graph, SLIM_TRAIN_OP, NULL).count > 0;
  if (status == SLIM_OK && slim_flag_or(e->args.summary_op, !trains)) {
    const slim_summary_at_end all = { .feeds = e->args.feeds,
                                      .num_feeds = e->args.num_feeds,
                                      .batch_size = e->args.batch_size };
    status = slim_summaries_at_end(e->args.session, &all, writer, e->result.step, e->error);
  }
  return status == SLIM_OK ? slim_event_writer_flush(writer, e->error) : status;
}

static slim_status write_events(evaluation *e)
{
  slim_event_writer *writer = NULL;
  if (e->args.summary_writer) {
    return write_values(e, e->args.summary_writer);
  }
  if (!e->args.logdir) {
    return SLIM_OK;
  }
  slim_status status = slim_event_writer_open(e->args.logdir, NULL, &writer, e->error);
  status = status == SLIM_OK ? write_values(e, writer) : status;
  const slim_status closed = slim_event_writer_close(writer, e->error);
  return status == SLIM_OK ? closed : status;
}

/* "evaluation at step 500: eval/Accuracy = 0.9710, eval/Loss = 0.0911" */
static void report(const evaluation *e)
{
  char text[1024] = "";
  size_t used = 0;
  for (size_t i = 0; i < e->args.final_ops.count && used < sizeof text; i++) {
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%s = %.4f", i ? ", " : ": ", name_of(e, i),
                             (double)e->values[i]);
  }
  slim_log_write(SLIM_LOG_INFO, "evaluation at step %lld%s", (long long)e->result.step, text);
  if (e->args.evaluated) {
    e->args.evaluated(e->args.evaluated_user, &e->result, e->values);
  }
}

slim_status slim_evaluate_at(const slim_evaluation_args *args, int64_t step)
{
  slim_error own = { SLIM_OK, "" };
  evaluation e = { .error = NULL };
  const size_t given = args->struct_size ? args->struct_size : sizeof e.args;
  memcpy(&e.args, args, given < sizeof e.args ? given : sizeof e.args);
  e.error = e.args.error ? e.args.error : &own;
  const double begun = slim_learning_now();
  e.hooks = (slim_hooks){ e.args.hooks, e.args.num_hooks };
  slim_status status = check_args(&e);
  e.eval_step = slim_variable_find(e.graph, "eval_step");
  status = status == SLIM_OK ? begin(&e, step) : status;
  status = status == SLIM_OK ? run_batches(&e) : status;
  status = status == SLIM_OK ? read_values(&e) : status;
  status = status == SLIM_OK ? write_events(&e) : status;
  status = status == SLIM_OK ? slim_hooks_tell(e.hooks, SLIM_HOOK_END, e.args.session, e.error) : status;
  e.result.seconds = slim_learning_now() - begun;
  if (status == SLIM_OK) {
    report(&e);
  }
  if (e.args.result) {
    *e.args.result = e.result;
  }
  free(e.fetches);
  free(e.values);
  return status;
}

slim_status(slim_evaluate_once)(const slim_evaluation_args *args)
{
  return slim_evaluate_at(args, -1);
}

float slim_evaluate_metric(slim_session *session, const char *checkpoint_path, slim_metric metric, slim_error *error)
{
  float value = NAN;
  (void)slim_evaluate_once(session, checkpoint_path, .eval_ops = { 1, &metric.update },
                           .final_ops = { 1, &metric.value }, .values = &value, .error = error);
  return value;
}
