#include "model.h"

#include <stdio.h>
#include <stdlib.h>

void model_list_networks(char *text, size_t size)
{
  const slim_network *network;
  size_t used = 0;
  text[0] = '\0';
  for (size_t i = 0; (network = slim_network_at(i)) != NULL && used < size; i++) {
    used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", network->name);
  }
}

static slim_status find_parts(model *m, const model_spec *spec, slim_error *error)
{
  m->network = slim_get_network(spec->model_name);
  if (!m->network) {
    char names[SLIM_ERROR_TEXT];
    model_list_networks(names, sizeof names);
    return slim_error_set(error, SLIM_ERR_NOT_FOUND, "there is no net '%s'; there are: %s", spec->model_name, names);
  }
  if (!spec->synthetic) {
    slim_error cause = { 0 };
    m->preprocessing =
        slim_get_preprocessing(spec->preprocessing_name ? spec->preprocessing_name : spec->model_name, &cause);
    if (!m->preprocessing) {
      return slim_error_set(error, cause.status, "%s%s", cause.text,
                            spec->preprocessing_name ? "" : "; choose one by --preprocessing_name");
    }
  }
  m->size = spec->image_size ? (int)spec->image_size : m->network->default_image_size;
  m->channels = spec->use_grayscale ? 1 : spec->channels ? spec->channels : m->network->channels;
  return SLIM_OK;
}

slim_status model_open(model *m, const model_spec *spec, slim_error *error)
{
  *m = (model){ 0 };
  if (find_parts(m, spec, error) != SLIM_OK) {
    return error->status;
  }
  m->graph = slim_graph_create(spec->seed);
  m->images = slim_placeholder(m->graph, SLIM_FLOAT32, SLIM_SHAPE(-1, m->size, m->size, m->channels), "images");
  m->labels = slim_placeholder(m->graph, SLIM_INT64, SLIM_SHAPE(-1), "labels");
  const int classes = spec->num_classes ? (int)spec->num_classes : m->network->default_num_classes;
  m->logits = slim_build_network(spec->model_name, m->images, (float)spec->weight_decay,
                                 &(slim_net_args){ .num_classes = classes,
                                                   .is_training = spec->is_training,
                                                   .dropout_keep_prob = (float)spec->dropout_keep_prob });
  if (!m->graph) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a graph");
  }
  return slim_graph_status(m->graph) == SLIM_OK
             ? SLIM_OK
             : slim_error_set(error, slim_graph_status(m->graph), "%s", slim_graph_error(m->graph));
}

void model_close(model *m)
{
  slim_graph_destroy(m->graph);
  *m = (model){ 0 };
}

static slim_status open_queue(const model *m, slim_dataset *dataset, const model_input *input, slim_queue **queue,
                              slim_error *error)
{
  const slim_image_options options = {
    .batch_size = (int)input->batch_size,
    .height = m->size,
    .width = m->size,
    .preprocessing = m->preprocessing,
    .is_training = input->is_training,
    .use_grayscale = input->use_grayscale,
    .labels_offset = (int)input->labels_offset,
    .stream = { .shuffle = input->is_training,
                .seed = input->seed,
                .num_epochs = input->is_training ? 0 : 1,
                .start_step = input->start_step,
                .num_threads = (int)input->threads,
                .drop_partial = input->is_training },
  };
  return slim_image_queue(dataset, &options, queue, error);
}

slim_status model_run(const model *m, slim_device *device, slim_values *values, slim_dataset *dataset,
                      const model_input *input, slim_queue **queue, slim_session **session, slim_error *error)
{
  if (open_queue(m, dataset, input, queue, error) != SLIM_OK ||
      slim_session_create(m->graph, device, values, session, error) != SLIM_OK) {
    return error->status;
  }
  slim_status status = slim_session_attach(*session, m->images, *queue, 0);
  if (status == SLIM_OK) {
    status = slim_session_attach(*session, m->labels, *queue, 1);
  }
  return status == SLIM_OK ? SLIM_OK : slim_error_set(error, status, "%s", slim_session_error(*session));
}

slim_status model_count(const model *m, model_counts *counts, slim_error *error)
{
  const slim_tensors variables = slim_get_variables(m->graph, NULL, NULL, NULL);
  const size_t count = slim_graph_list(m->graph, NULL, 0);
  slim_op_info *ops = calloc(count ? count : 1, sizeof *ops);
  if (!ops) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a list of %zu ops", count);
  }
  *counts = (model_counts){ 0 };
  for (size_t i = 0; i < variables.count; i++) {
    const slim_shape shape = slim_tensor_shape(variables.item[i]);
    const int64_t elements = (int64_t)slim_shape_elements(&shape);
    counts->parameters += elements;
    counts->trainable_parameters += slim_variable_trainable(variables.item[i]) ? elements : 0;
  }
  (void)slim_graph_list(m->graph, ops, count);
  for (size_t i = 0; i < count; i++) {
    counts->macs += ops[i].macs;
  }
  free(ops);
  return SLIM_OK;
}
