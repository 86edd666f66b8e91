/* A split of a dataset as tensors of a graph. */
#include "data/dataset.h"
#include "graph/graph.h"

#include <string.h>

static void end_dataset(void *dataset)
{
  slim_dataset_destroy(dataset);
}

static void end_queue(void *queue)
{
  slim_queue_destroy(queue);
}

static slim_status choose_preprocessing(const slim_inputs_args *a, slim_preprocessing *out, slim_error *error)
{
  const char *name = a->preprocessing ? a->preprocessing : slim_dataset_preprocessing(a->dataset);
  if (!name) {
    return slim_error_set(error, SLIM_ERR_ARG, "dataset '%s' has no preprocessing of its own; give .preprocessing",
                          a->dataset);
  }
  *out = slim_get_preprocessing(name, error);
  return *out ? SLIM_OK : error->status;
}

static slim_status choose_size(const slim_inputs_args *a, const slim_dataset *dataset, slim_image_options *options,
                               slim_error *error)
{
  int h = 0, w = 0;
  const bool known = slim_dataset_image_size(dataset, &h, &w);
  options->height = a->height ? a->height : h;
  options->width = a->width ? a->width : w;
  return known || (a->height && a->width)
             ? SLIM_OK
             : slim_error_set(error, SLIM_ERR_ARG, "images of dataset '%s' differ in size; give .height and .width",
                              a->dataset);
}

static slim_status open_queue(const slim_inputs_args *a, slim_dataset *dataset, slim_queue **queue, slim_error *error)
{
  slim_image_options options = {
    .batch_size = a->batch_size,
    .is_training = a->is_training,
    .use_grayscale = a->use_grayscale,
    .labels_offset = a->labels_offset,
    .stream = { .shuffle = a->is_training,
                .seed = a->seed ? a->seed : slim_graph_seed(a->graph),
                .num_epochs = a->is_training ? 0 : 1,
                .start_step = a->start_step,
                .num_threads = a->num_threads,
                .drop_partial = a->is_training },
  };
  slim_status status = choose_preprocessing(a, &options.preprocessing, error);
  status = status == SLIM_OK ? choose_size(a, dataset, &options, error) : status;
  status = status == SLIM_OK ? slim_image_queue(dataset, &options, queue, error) : status;
  if (status == SLIM_OK && slim_graph_own(a->graph, *queue, end_queue) != SLIM_OK) {
    status = slim_error_set(error, SLIM_ERR_MEMORY, "dataset '%s': no memory", a->dataset);
  }
  return status;
}

/* A placeholder that takes an item of the queue. */
static slim_tensor *add_placeholder(slim_graph *graph, slim_queue *queue, int item, const char *name)
{
  const slim_batch_item *given = slim_queue_item(queue, item);
  const slim_source_attr attr = { .dtype = given->dtype, .shape = given->shape, .queue = queue, .item = item };
  return slim_node_add(graph, &slim_op_placeholder, name, &attr, NULL, 0);
}

static slim_status open_inputs(const slim_inputs_args *a, slim_inputs *out, slim_error *error)
{
  slim_dataset *dataset = NULL;
  slim_queue *queue = NULL;
  slim_status status = slim_dataset_open(a->dataset, a->split, a->dataset_dir, &dataset, error);
  if (status != SLIM_OK) {
    return status;
  }
  if (slim_graph_own(a->graph, dataset, end_dataset) != SLIM_OK) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "dataset '%s': no memory", a->dataset);
  }
  const int64_t samples = slim_dataset_num_samples(dataset, error);
  status = samples < 0 ? error->status : open_queue(a, dataset, &queue, error);
  if (status != SLIM_OK) {
    return status;
  }
  const int classes = slim_dataset_num_classes(dataset);
  *out = (slim_inputs){ .images = add_placeholder(a->graph, queue, 0, "images"),
                        .labels = add_placeholder(a->graph, queue, 1, "labels"),
                        .num_classes = classes ? classes - a->labels_offset : 0,
                        .num_samples = samples,
                        .dataset = dataset };
  return SLIM_OK;
}

slim_inputs(slim_image_inputs)(const slim_inputs_args *args)
{
  slim_error error = { SLIM_OK, "" };
  slim_inputs inputs = { .num_samples = 0 };
  slim_inputs_args a = { .batch_size = 0 };
  const size_t given = args->struct_size ? args->struct_size : sizeof a;
  memcpy(&a, args, given < sizeof a ? given : sizeof a);
  if (!a.graph) {
    return inputs;
  }
  const slim_status status =
      a.graph->error.status == SLIM_OK ? open_inputs(&a, &inputs, &error) : a.graph->error.status;
  if (status != SLIM_OK) {
    inputs.images = inputs.labels = slim_graph_fail(a.graph, status, "%s", error.text);
  }
  return inputs;
}
