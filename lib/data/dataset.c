#include "data/dataset.h"

#include "base/arena.h"
#include "data/decoder.h"

#include <string.h>

struct slim_dataset {
  slim_arena *arena;
  slim_files *files;
  slim_decoder *decoder;
  slim_labels labels;
  int64_t num_samples; /* -1: not counted yet */
  int num_classes;
  slim_item_description *descriptions;
  int num_descriptions;
};

static slim_status copy_descriptions(slim_dataset *d, const slim_dataset_options *options, slim_error *error)
{
  d->num_descriptions = options->num_descriptions;
  d->descriptions = slim_arena_array(d->arena, (size_t)d->num_descriptions, sizeof *d->descriptions);
  for (int i = 0; d->descriptions && i < d->num_descriptions; i++) {
    const slim_item_description *from = &options->items_to_descriptions[i];
    d->descriptions[i].item = slim_arena_strdup(d->arena, from->item);
    d->descriptions[i].text = slim_arena_strdup(d->arena, from->text);
    if (!d->descriptions[i].item || !d->descriptions[i].text) {
      return slim_error_set(error, SLIM_ERR_MEMORY, "dataset: no memory for its descriptions");
    }
  }
  return d->descriptions ? SLIM_OK : slim_error_set(error, SLIM_ERR_MEMORY, "dataset: no memory");
}

slim_status slim_dataset_create(const slim_dataset_options *options, slim_dataset **dataset, slim_error *error)
{
  *dataset = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  slim_arena *arena = slim_arena_create();
  slim_dataset *d = slim_arena_alloc(arena, sizeof *d);
  if (!d) {
    slim_arena_destroy(arena);
    return slim_error_set(error, SLIM_ERR_MEMORY, "dataset: no memory");
  }
  d->arena = arena;
  d->num_samples = options->num_samples > 0 ? options->num_samples : -1;
  slim_status status = slim_files_open(options->data_sources, &d->files, error);
  if (status == SLIM_OK) {
    status = options->num_sequence_features
                 ? slim_sequence_decoder_create(options->features, options->num_features, options->sequence_features,
                                                options->num_sequence_features, options->handlers,
                                                options->num_handlers, &d->decoder, error)
                 : slim_decoder_create(options->features, options->num_features, options->handlers,
                                       options->num_handlers, &d->decoder, error);
  }
  if (status == SLIM_OK) {
    status = slim_labels_read(options->labels_file, &d->labels, error);
  }
  if (status == SLIM_OK) {
    status = copy_descriptions(d, options, error);
  }
  if (status != SLIM_OK) {
    slim_dataset_destroy(d);
    return status;
  }
  d->num_classes = options->num_classes > 0 ? options->num_classes : (int)d->labels.count;
  *dataset = d;
  return SLIM_OK;
}

void slim_dataset_destroy(slim_dataset *d)
{
  if (d) {
    slim_files_close(d->files);
    slim_decoder_destroy(d->decoder);
    slim_labels_free(&d->labels);
    slim_arena_destroy(d->arena);
  }
}

int64_t slim_dataset_num_samples(slim_dataset *d, slim_error *error)
{
  int64_t count = 0;
  if (slim_error_held(error) || !d) {
    return -1;
  }
  if (d->num_samples < 0 && slim_files_count_records(d->files, &count, error) == SLIM_OK) {
    d->num_samples = count;
  }
  return d->num_samples;
}

int slim_dataset_num_classes(const slim_dataset *d)
{
  return d ? d->num_classes : 0;
}

const char *slim_dataset_class_name(const slim_dataset *d, int64_t label)
{
  return d ? slim_labels_find(&d->labels, label) : NULL;
}

const slim_decoder *slim_dataset_decoder(const slim_dataset *d)
{
  return d ? d->decoder : NULL;
}

int slim_dataset_channels(const slim_dataset *d)
{
  const slim_handler *h = d ? slim_decoder_handler(d->decoder, "image") : NULL;
  return h && h->kind == SLIM_HANDLE_IMAGE ? h->channels : 0;
}

const char *slim_dataset_item_description(const slim_dataset *d, const char *item)
{
  for (int i = 0; d && i < d->num_descriptions; i++) {
    if (!strcmp(d->descriptions[i].item, item)) {
      return d->descriptions[i].text;
    }
  }
  return NULL;
}

const char *const *slim_dataset_files(const slim_dataset *d, int *count)
{
  if (count) {
    *count = d ? slim_files_count(d->files) : 0;
  }
  return d ? slim_files_names(d->files) : NULL;
}

bool slim_dataset_image_size(const slim_dataset *d, int *h, int *w)
{
  const slim_handler *handler = slim_decoder_handler(d->decoder, "image");
  const bool known = handler && handler->kind == SLIM_HANDLE_IMAGE && handler->has_shape;
  *h = known ? handler->shape.dim[0] : 0;
  *w = known ? handler->shape.dim[1] : 0;
  return known;
}

slim_files *slim_dataset_file_set(slim_dataset *d)
{
  return d->files;
}
