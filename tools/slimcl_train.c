/* slimcl train: the work of TF-Slim's train_image_classifier. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "train.h"

/* All that a run holds. */
typedef struct trainer {
  const train_options *o;
  slim_dataset *dataset;
  slim_device *device;
  slim_queue *queue;
  slim_session *session;
  slim_assignment *assignment; /* from --checkpoint_path; NULL: none */
  model m;
  train_graph graph;
  train_evaluation evaluation;
  progress bar;
  int64_t first_step; /* where the checkpoint in train_dir stands; 0 without */
  slim_train_result result;
} trainer;

static void release(trainer *t)
{
  train_evaluation_close(&t->evaluation);
  slim_session_destroy(t->session);
  slim_queue_destroy(t->queue);
  slim_assignment_destroy(t->assignment);
  slim_device_close(t->device);
  model_close(&t->m);
  slim_dataset_destroy(t->dataset);
}

static slim_status build(trainer *t, slim_error *error)
{
  const train_options *o = t->o;
  if (slim_dataset_open(o->dataset_name, o->dataset_split_name, o->dataset_dir, &t->dataset, error) != SLIM_OK) {
    return error->status;
  }
  const int64_t samples = slim_dataset_num_samples(t->dataset, error);
  const int64_t classes = slim_dataset_num_classes(t->dataset) - o->labels_offset;
  if (samples < 0) {
    return error->status;
  }
  if (classes < 1 || samples < o->batch_size) {
    return slim_error_set(error, SLIM_ERR_ARG, "%s in %s: %lld images of %lld classes are too few to train on in batches of %lld",
                          o->dataset_name, o->dataset_dir, (long long)samples, (long long)classes, (long long)o->batch_size);
  }
  const model_spec spec = { .model_name = o->model_name,
                            .preprocessing_name = o->preprocessing_name,
                            .image_size = o->train_image_size,
                            .channels = slim_dataset_channels(t->dataset),
                            .num_classes = classes,
                            .weight_decay = o->weight_decay,
                            .is_training = true,
                            .use_grayscale = o->use_grayscale,
                            .seed = (uint64_t)o->seed };
  const slim_status status = model_open(&t->m, &spec, error);
  return status == SLIM_OK ? train_build(o, &t->m, samples, &t->graph, error) : status;
}

/* The step that the newest checkpoint in train_dir has; the input goes on from there. */
static slim_status find_first_step(trainer *t, slim_error *error)
{
  char path[4096];
  slim_checkpoint_reader *reader = NULL;
  if (slim_latest_checkpoint(t->o->train_dir, path, sizeof path) != SLIM_OK) {
    return SLIM_OK;
  }
  slim_status status = slim_checkpoint_reader_open(path, &reader, error);
  if (status == SLIM_OK) {
    status = slim_checkpoint_reader_read(reader, "global_step", &t->first_step, sizeof t->first_step, error);
  }
  slim_checkpoint_reader_close(reader);
  if (status == SLIM_OK) {
    cli_message("going on from %s", path);
  }
  return status;
}

static bool excluded(const char *name, const char *scopes)
{
  for (const char *p = scopes; p && *p; p += strcspn(p, ","), p += strspn(p, ", ")) {
    const size_t length = strcspn(p, ",");
    if (length && !strncmp(name, p, length)) {
      return true;
    }
  }
  return false;
}

/* Makes ready to take the model variables, but for excluded ones, from --checkpoint_path. */
static slim_status prepare_warm_start(trainer *t, slim_error *error)
{
  const train_options *o = t->o;
  if (t->first_step > 0) {
    cli_message("--checkpoint_path is ignored: %s has a checkpoint already", o->train_dir);
    return SLIM_OK;
  }
  const slim_tensors variables = slim_get_model_variables(t->m.graph, NULL, NULL);
  slim_restore *items = calloc(variables.count ? variables.count : 1, sizeof *items);
  size_t count = 0;
  if (!items) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a list of %zu variables", variables.count);
  }
  for (size_t i = 0; i < variables.count; i++) {
    if (!excluded(slim_variable_full_name(variables.item[i]), o->checkpoint_exclude_scopes)) {
      items[count++].variable = variables.item[i];
    }
  }
  cli_message("starting from %s: %zu of %zu model variables", o->checkpoint_path, count, variables.count);
  const slim_status status = slim_assign_from_checkpoint_fn(
      o->checkpoint_path, items, count, o->ignore_missing_vars ? SLIM_RESTORE_IGNORE_MISSING : 0, &t->assignment, error);
  free(items);
  return status;
}

static slim_status open_session(trainer *t, slim_error *error)
{
  const train_options *o = t->o;
  const int64_t readers = o->num_readers > o->num_preprocessing_threads ? o->num_readers - o->num_preprocessing_threads : 0;
  const model_input input = { .batch_size = o->batch_size,
                              .threads = o->num_preprocessing_threads + readers,
                              .labels_offset = o->labels_offset,
                              .start_step = t->first_step * train_batches_of_step(o),
                              .is_training = true,
                              .use_grayscale = o->use_grayscale,
                              .seed = (uint64_t)o->seed };
  slim_status status = slim_device_open(o->device, &t->device, error);
  if (status == SLIM_OK) {
    status = model_run(&t->m, t->device, NULL, t->dataset, &input, &t->queue, &t->session, error);
  }
  if (status == SLIM_OK && (status = slim_session_recompute(t->session, o->recompute)) != SLIM_OK) {
    status = slim_error_set(error, status, "%s", slim_session_error(t->session));
  }
  return status == SLIM_OK && o->eval_interval_steps ? train_evaluation_open(&t->evaluation, o, t->session, error) : status;
}

static void show_progress(void *user, const slim_train_progress *done)
{
  trainer *t = user;
  progress_step(&t->bar, done->step, done->loss);
}

static void show_evaluation(void *user, const slim_evaluation_result *result, const float *values)
{
  trainer *t = user;
  progress_clear(&t->bar);
  train_evaluation_keep(&t->evaluation, result, values);
}

static void show_log(void *user, slim_log_level level, const char *text)
{
  const trainer *t = user;
  if (level >= SLIM_LOG_WARNING) {
    progress_clear(&t->bar);
    cli_message("%s", text);
  }
}

/* The library takes 0 for its default and a negative number for never; the flag's 0 is never. */
static double seconds_or_never(int64_t seconds)
{
  return seconds > 0 ? (double)seconds : -1;
}

static slim_status train(trainer *t, slim_error *error)
{
  const train_options *o = t->o;
  t->bar = progress_make("global step", o->max_number_of_steps, o->batch_size, 1);
  slim_log_set(show_log, t);
  t->evaluation.args.evaluated = show_evaluation;
  t->evaluation.args.evaluated_user = t;
  const slim_status status =
      slim_learning_train(t->session, t->graph.train_op, o->train_dir, .number_of_steps = o->max_number_of_steps,
                          .log_every_n_steps = (int)o->log_every_n_steps,
                          .save_interval_secs = seconds_or_never(o->save_interval_secs),
                          .save_summaries_secs = seconds_or_never(o->save_summaries_secs),
                          .init_fn = t->assignment ? slim_assignment_run : NULL, .init_user = t->assignment,
                          .batch_size = (int)o->batch_size, .learning_rate = t->graph.learning_rate,
                          .progress = show_progress, .progress_user = t,
                          .evaluation = o->eval_interval_steps ? &t->evaluation.args : NULL,
                          .eval_interval_steps = o->eval_interval_steps, .stop = cli_stop_on_signals(),
                          .result = &t->result, .error = error);
  slim_log_set(NULL, NULL);
  return status;
}

static slim_status run_all(trainer *t, slim_error *error)
{
  slim_status status = build(t, error);
  if (status == SLIM_OK) {
    status = find_first_step(t, error);
  }
  if (status == SLIM_OK && t->o->checkpoint_path) {
    status = prepare_warm_start(t, error);
  }
  if (status == SLIM_OK) {
    status = open_session(t, error);
  }
  return status == SLIM_OK ? train(t, error) : status;
}

static int report_json(trainer *t, bool stopped)
{
  slim_plan_info info = { 0 };
  cJSON *document = cJSON_CreateObject();
  (void)slim_session_plan_info(t->session, &info);
  cJSON_AddNumberToObject(document, "global_step", (double)t->result.step);
  cJSON_AddNumberToObject(document, "first_step", (double)t->first_step);
  cli_json_float(document, "loss", t->result.loss);
  cJSON_AddBoolToObject(document, "stopped", stopped);
  cli_json_number(document, "seconds", t->result.seconds);
  cli_json_number(document, "images_per_second", t->result.images_per_second);
  cJSON_AddStringToObject(document, "checkpoint", t->result.checkpoint);
  cJSON_AddStringToObject(document, "train_dir", t->o->train_dir);
  cJSON_AddStringToObject(document, "device", slim_device_get_info(t->device)->selector);
  if (t->evaluation.done) {
    cJSON_AddItemToObject(document, "evaluations", t->evaluation.done);
    t->evaluation.done = NULL; /* the document's */
  }
  cJSON_AddNumberToObject(document, "steps", info.steps);
  cJSON_AddNumberToObject(document, "cpu_steps", info.cpu_steps);
  return cli_print_json(document);
}

static int report(trainer *t, bool stopped)
{
  const slim_train_result *r = &t->result;
  if (r->steps_run == 0 && !stopped) {
    cli_message("global step %lld is reached already; a higher --max_number_of_steps goes on", (long long)r->step);
  }
  if (t->o->json) {
    return report_json(t, stopped);
  }
  if (r->steps_run > 0) {
    printf("%s at global step %lld, loss %.4f, %.0f images/s on %s\n", stopped ? "stopped" : "done", (long long)r->step,
           (double)r->loss, r->images_per_second, slim_device_get_info(t->device)->name);
  }
  if (*r->checkpoint) {
    printf("checkpoint: %s\n", r->checkpoint);
  }
  return EXIT_SUCCESS;
}

static int run(const void *options, operands files)
{
  trainer t = { .o = options };
  slim_error error = { 0 };
  (void)files;
  if (train_check(t.o) != 0) {
    return EXIT_USAGE;
  }
  const slim_status status = run_all(&t, &error);
  progress_clear(&t.bar);
  const bool stopped = status == SLIM_ERR_STOPPED;
  const int result = status == SLIM_OK || stopped ? report(&t, stopped) : cli_fail(status, "%s", error.text);
  release(&t);
  return result;
}

const command command_train = {
  .name = "train",
  .summary = "trains a net on a converted data set",
  .flags = train_flags,
  .num_flags = TRAIN_NUM_FLAGS,
  .options_size = sizeof(train_options),
  .run = run,
};
