/* slimcl train --eval_interval_steps: what is evaluated on the way. */
#include <stdlib.h>
#include <string.h>

#include "train.h"

/* The split that --eval_split_name names; without it validation, or test where there is none. */
static slim_status open_split(const train_options *o, slim_dataset **dataset, slim_error *error)
{
  slim_error none = { SLIM_OK, "" };
  const char *split = o->eval_split_name;
  if (!split && slim_dataset_open(o->dataset_name, "validation", o->dataset_dir, dataset, &none) == SLIM_OK) {
    return SLIM_OK;
  }
  return slim_dataset_open(o->dataset_name, split ? split : "test", o->dataset_dir, dataset, error);
}

static slim_status build(train_evaluation *e, const train_options *o, slim_error *error)
{
  const model_spec spec = { .model_name = o->model_name,
                            .preprocessing_name = o->preprocessing_name,
                            .image_size = o->train_image_size,
                            .channels = slim_dataset_channels(e->dataset),
                            .num_classes = slim_dataset_num_classes(e->dataset) - o->labels_offset,
                            .use_grayscale = o->use_grayscale };
  slim_status status = model_open(&e->m, &spec, error);
  if (status == SLIM_OK) {
    status = metrics_add(&e->measured, &e->m, error);
  }
  return status == SLIM_OK && o->moving_average_decay > 0 ? metrics_choose_averages(&e->measured, &e->m, error) : status;
}

slim_status train_evaluation_open(train_evaluation *e, const train_options *o, slim_session *session, slim_error *error)
{
  int64_t samples = -1;
  if (open_split(o, &e->dataset, error) != SLIM_OK || (samples = slim_dataset_num_samples(e->dataset, error)) < 0 ||
      build(e, o, error) != SLIM_OK) {
    return error->status;
  }
  const model_input input = { .batch_size = o->batch_size,
                              .threads = o->num_preprocessing_threads,
                              .labels_offset = o->labels_offset,
                              .use_grayscale = o->use_grayscale };
  metrics *m = &e->measured; /* averages need values of their own */
  const slim_status status = model_run(&e->m, slim_session_device(session),
                                       m->num_restore ? NULL : slim_session_values(session), e->dataset, &input,
                                       &e->queue, &e->session, error);
  e->done = cJSON_CreateArray();
  e->args = (slim_evaluation_args){ .struct_size = sizeof e->args,
                                    .session = e->session,
                                    .eval_ops = { NUM_METRICS, m->updates },
                                    .final_ops = { NUM_METRICS, m->finals },
                                    .names = metric_names,
                                    .num_evals = metrics_batches(samples, o->batch_size, o->eval_max_num_batches),
                                    .restore = m->restore,
                                    .num_restore = m->num_restore };
  return status;
}

void train_evaluation_keep(train_evaluation *e, const slim_evaluation_result *result, const float *values)
{
  cJSON *one = cJSON_CreateObject();
  char text[256] = "";
  size_t used = 0;
  cJSON_AddNumberToObject(one, "global_step", (double)result->step);
  for (size_t i = 0; i < NUM_METRICS; i++) {
    cli_json_float(one, metric_names[i], values[i]);
    used += (size_t)snprintf(text + used, sizeof text - used, "%s %s = %.4f", i ? "," : "", metric_names[i],
                             (double)values[i]);
  }
  cJSON_AddItemToArray(e->done, one);
  cli_message("global step %lld:%s", (long long)result->step, text);
}

void train_evaluation_close(train_evaluation *e)
{
  slim_session_destroy(e->session);
  slim_queue_destroy(e->queue);
  metrics_release(&e->measured);
  model_close(&e->m);
  slim_dataset_destroy(e->dataset);
  cJSON_Delete(e->done);
}
