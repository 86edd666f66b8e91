/* slimcl eval: the work of TF-Slim's eval_image_classifier, once over a split. */
#include <slim/slim.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "evaluation.h"
#include "progress.h"

typedef struct eval_options {
  const char *master, *device, *checkpoint_path, *eval_dir, *dataset_name, *dataset_split_name, *dataset_dir;
  const char *model_name, *preprocessing_name;
  int64_t batch_size, max_num_batches, num_preprocessing_threads, labels_offset, eval_image_size;
  double moving_average_decay;
  bool quantize, use_grayscale, half_weights, json;
} eval_options;

#define O eval_options
static const flag flags[] = {
  FLAG(O, dataset_name, STRING, "imagenet", MODEL_HELP_DATASET),
  FLAG(O, dataset_dir, STRING, NULL, "folder of the converted data set; required"),
  FLAG(O, dataset_split_name, STRING, "test", "split to evaluate"),
  FLAG(O, model_name, STRING, "inception_v3", MODEL_HELP_NAME),
  FLAG(O, preprocessing_name, STRING, NULL, "preprocessing, if not the net's own"),
  FLAG(O, checkpoint_path, STRING, "/tmp/tfmodel", "checkpoint, or folder whose latest is taken"),
  FLAG(O, eval_dir, STRING, "/tmp/tfmodel", "folder for event files"),
  CLI_FLAG_DEVICE(O),
  CLI_FLAG_JSON(O),
  FLAG(O, batch_size, INT, "100", "images a batch", .min = 1, .max = 1 << 20),
  FLAG(O, max_num_batches, INT, NULL, "at most so many batches; all without it", .min = 1, .max = 1e12),
  FLAG(O, eval_image_size, INT, NULL, "height and width, if not the net's own", .min = 1, .max = 1 << 14),
  FLAG(O, use_grayscale, BOOL, "false", "turn images grey"),
  FLAG(O, half_weights, BOOL, "false", MODEL_HELP_HALF),
  FLAG(O, labels_offset, INT, "0", "subtracted from labels and from the number of classes", .min = 0, .max = 1 << 20),
  FLAG(O, moving_average_decay, FLOAT, NULL, "take the moving averages of the model variables", .min = 0, .max = 1),
  FLAG(O, num_preprocessing_threads, INT, "4", "threads that decode and prepare images", .min = 1, .max = 256),
  FLAG(O, quantize, BOOL, "false", "only false: quantisation is not supported"),
  FLAG(O, master, STRING, "", "ignored"),
};
#undef O

/* All that a run holds. */
typedef struct evaluator {
  const eval_options *o;
  slim_dataset *dataset;
  slim_device *device;
  slim_queue *queue;
  slim_session *session;
  model m;
  metrics measured;
  int64_t samples;
  progress bar;
  slim_evaluation_result result;
} evaluator;

static void release(evaluator *e)
{
  metrics_release(&e->measured);
  slim_session_destroy(e->session);
  slim_queue_destroy(e->queue);
  slim_device_close(e->device);
  model_close(&e->m);
  slim_dataset_destroy(e->dataset);
}

static slim_status build(evaluator *e, slim_error *error)
{
  const eval_options *o = e->o;
  if (slim_dataset_open(o->dataset_name, o->dataset_split_name, o->dataset_dir, &e->dataset, error) != SLIM_OK ||
      (e->samples = slim_dataset_num_samples(e->dataset, error)) < 0) {
    return error->status;
  }
  const model_spec spec = { .model_name = o->model_name,
                            .preprocessing_name = o->preprocessing_name,
                            .image_size = o->eval_image_size,
                            .channels = slim_dataset_channels(e->dataset),
                            .num_classes = slim_dataset_num_classes(e->dataset) - o->labels_offset,
                            .use_grayscale = o->use_grayscale };
  const slim_status status = model_open(&e->m, &spec, error);
  return status == SLIM_OK ? metrics_add(&e->measured, &e->m, error) : status;
}

static slim_status open_session(evaluator *e, slim_error *error)
{
  const eval_options *o = e->o;
  const model_input input = { .batch_size = o->batch_size,
                              .threads = o->num_preprocessing_threads,
                              .labels_offset = o->labels_offset,
                              .use_grayscale = o->use_grayscale };
  slim_status status = slim_device_open(o->device, &e->device, error);
  if (status == SLIM_OK) {
    status = model_run(&e->m, e->device, NULL, e->dataset, &input, &e->queue, &e->session, error);
  }
  if (status == SLIM_OK && o->half_weights) {
    (void)slim_session_half_weights(e->session);
  }
  return status;
}

static void show_progress(void *user, int64_t batches)
{
  evaluator *e = user;
  progress_step(&e->bar, batches, NAN);
}

static slim_status evaluate(evaluator *e, slim_error *error)
{
  const eval_options *o = e->o;
  metrics *m = &e->measured;
  const int64_t batches = metrics_batches(e->samples, o->batch_size, o->max_num_batches);
  e->bar = progress_make("batch", batches, o->batch_size, 0);
  return slim_evaluate_once(e->session, o->checkpoint_path, .eval_ops = { NUM_METRICS, m->updates },
                            .final_ops = { NUM_METRICS, m->finals }, .names = metric_names, .values = m->values,
                            .num_evals = batches, .logdir = o->eval_dir, .restore = m->restore,
                            .num_restore = m->num_restore, .progress = show_progress, .progress_user = e,
                            .stop = cli_stop_on_signals(), .result = &e->result, .error = error);
}

static slim_status run_all(evaluator *e, slim_error *error)
{
  slim_status status = build(e, error);
  if (status == SLIM_OK && e->o->moving_average_decay > 0) {
    status = metrics_choose_averages(&e->measured, &e->m, error);
  }
  if (status == SLIM_OK) {
    status = open_session(e, error);
  }
  return status == SLIM_OK ? evaluate(e, error) : status;
}

static int report_json(const evaluator *e)
{
  slim_plan_info info = { 0 };
  cJSON *document = cJSON_CreateObject();
  (void)slim_session_plan_info(e->session, &info);
  for (size_t i = 0; i < NUM_METRICS; i++) {
    cli_json_float(document, metric_names[i], e->measured.values[i]);
  }
  cJSON_AddNumberToObject(document, "global_step", (double)e->result.step);
  cJSON_AddNumberToObject(document, "batches", (double)e->result.batches);
  cJSON_AddStringToObject(document, "checkpoint", e->result.checkpoint);
  cJSON_AddStringToObject(document, "device", slim_device_get_info(e->device)->selector);
  cJSON_AddNumberToObject(document, "steps", info.steps);
  cJSON_AddNumberToObject(document, "cpu_steps", info.cpu_steps);
  cli_json_number(document, "seconds", e->result.seconds);
  return cli_print_json(document);
}

static int report(const evaluator *e)
{
  if (e->o->json) {
    return report_json(e);
  }
  printf("%s, global step %lld, on %s\n", e->result.checkpoint, (long long)e->result.step,
         slim_device_get_info(e->device)->name);
  for (size_t i = NUM_METRICS; i-- > 0;) { /* the accuracy last */
    printf("%s %.4f\n", metric_names[i], (double)e->measured.values[i]);
  }
  return EXIT_SUCCESS;
}

static int check_flags(const eval_options *o)
{
  if (!o->dataset_dir) {
    return cli_usage("--dataset_dir is missing: the folder that 'slimcl convert' wrote to");
  }
  if (o->quantize) {
    return cli_usage("--quantize: quantisation is not supported");
  }
  if (*o->master) {
    cli_message("--master has no meaning here and is ignored");
  }
  return 0;
}

static int run(const void *options, operands files)
{
  evaluator e = { .o = options };
  slim_error error = { 0 };
  (void)files;
  if (check_flags(e.o) != 0) {
    return EXIT_USAGE;
  }
  const slim_status status = run_all(&e, &error);
  progress_clear(&e.bar);
  const int result = status == SLIM_OK ? report(&e) : cli_fail(status, "%s", error.text);
  release(&e);
  return result;
}

const command command_eval = {
  .name = "eval",
  .summary = "evaluates a checkpoint on a split of a data set",
  .flags = flags,
  .num_flags = sizeof flags / sizeof *flags,
  .options_size = sizeof(eval_options),
  .run = run,
};
