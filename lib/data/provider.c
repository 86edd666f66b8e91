/* Samples of a dataset, one by one or as batches of prepared images. */
#include "data/dataset.h"
#include "data/decoder.h"
#include "data/queue.h"
#include "data/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- one by one --------------------------------------------------------------------------------------------------- */

#define RECORD_KEY "record_key"

struct slim_provider {
  slim_dataset *dataset;
  slim_reader *reader;
  const slim_sample *sample; /* delivered last; NULL */
  char *key;
  size_t key_room;
  slim_string key_text; /* of key_item */
  slim_item key_item;   /* "record_key": nothing of it is owned */
};

slim_status slim_provider_create(slim_dataset *dataset, const slim_stream_options *options, slim_provider **provider,
                                 slim_error *error)
{
  *provider = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  if (!dataset) {
    return slim_error_set(error, SLIM_ERR_ARG, "provider: no dataset given");
  }
  slim_stream_options resolved;
  slim_status status = slim_stream_resolve(options, &resolved, error);
  if (status != SLIM_OK) {
    return status;
  }
  if (slim_decoder_handler(slim_dataset_decoder(dataset), RECORD_KEY)) {
    return slim_error_set(error, SLIM_ERR_ARG,
                          "provider: the item name '" RECORD_KEY
                          "' stands for the key and cannot be the dataset's too");
  }
  slim_provider *p = calloc(1, sizeof *p);
  if (!p) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "provider: no memory");
  }
  p->dataset = dataset;
  status = slim_reader_create(slim_dataset_file_set(dataset), false, slim_dataset_decoder(dataset), &resolved,
                              &p->reader, error);
  if (status != SLIM_OK) {
    slim_provider_destroy(p);
    return status;
  }
  *provider = p;
  return SLIM_OK;
}

slim_status slim_provider_next(slim_provider *p, const slim_sample **sample, slim_error *error)
{
  *sample = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  slim_record record = { 0 };
  const slim_status status = slim_reader_advance(p->reader, &record, sample, error);
  if (status != SLIM_OK) {
    return status;
  }
  const size_t needed = strlen(record.file) + 24;
  if (needed > p->key_room) {
    char *key = realloc(p->key, needed);
    if (!key) {
      return slim_error_set(error, SLIM_ERR_MEMORY, "provider: no memory for the record key");
    }
    p->key = key;
    p->key_room = needed;
  }
  const int length = snprintf(p->key, p->key_room, "%s:%" PRIu64, record.file, record.offset);
  p->key_text = (slim_string){ p->key, (size_t)length };
  p->sample = *sample;
  return SLIM_OK;
}

const char *slim_provider_list_items(const slim_provider *p, int i)
{
  const slim_decoder *decoder = slim_dataset_decoder(p->dataset);
  return i >= 0 && i == slim_decoder_num_items(decoder) ? RECORD_KEY : slim_decoder_item_name(decoder, i);
}

static void name_items(const slim_provider *p, const char *item, slim_error *error)
{
  char text[512] = "";
  const char *name = NULL;
  for (int i = 0, used = 0; (name = slim_provider_list_items(p, i)) && used < (int)sizeof text; i++) {
    used += snprintf(text + used, sizeof text - (size_t)used, "%s%s", i ? ", " : "", name);
  }
  slim_error_set(error, SLIM_ERR_NOT_FOUND, "provider: there is no item '%s'; there are: %s", item, text);
}

const slim_item *slim_provider_get(slim_provider *p, const char *item, slim_error *error)
{
  if (slim_error_held(error) || !p->sample) {
    return NULL;
  }
  p->key_item = (slim_item){ .dtype = SLIM_STRING, .data = &p->key_text };
  const slim_item *found = strcmp(item, RECORD_KEY) == 0 ? &p->key_item : slim_sample_item(p->sample, item);
  if (!found) {
    name_items(p, item, error);
  }
  return found;
}

int64_t slim_provider_num_samples(const slim_provider *p, slim_error *error)
{
  return slim_dataset_num_samples(p->dataset, error);
}

const char *slim_provider_record_key(const slim_provider *p)
{
  return p->key ? p->key : "";
}

void slim_provider_destroy(slim_provider *p)
{
  if (p) {
    slim_reader_destroy(p->reader);
    free(p->key);
    free(p);
  }
}

/* --- batches of images -------------------------------------------------------------------------------------------- */

/* What a thread works in. */
typedef struct workbench {
  slim_bytes room;
  slim_sample *sample;
  const slim_item *image, *label;
} workbench;

typedef struct image_source {
  slim_dataset *dataset;
  slim_files *files;
  slim_image_options options;
  int channels;            /* of the dataset's images */
  int64_t lowest, highest; /* labels, before the offset */
  workbench *benches;
  int num_benches;
} image_source;

static void destroy_source(void *user)
{
  image_source *s = user;
  if (!s) {
    return;
  }
  for (int i = 0; s->benches && i < s->num_benches; i++) {
    slim_bytes_free(&s->benches[i].room);
    slim_sample_destroy(s->benches[i].sample);
  }
  free(s->benches);
  free(s);
}

static slim_status read_label(const image_source *s, const slim_item *item, int64_t *label, slim_error *error)
{
  if (item->dtype != SLIM_INT64 || slim_item_elements(item) != 1) {
    char text[128];
    return slim_error_set(error, SLIM_ERR_DATA, "item 'label' is %s %s, one int64 is needed",
                          slim_dtype_name(item->dtype), slim_shape_format(&item->shape, text, sizeof text));
  }
  const int64_t value = *(const int64_t *)item->data;
  if (value < s->lowest || value > s->highest) {
    return slim_error_set(error, SLIM_ERR_DATA, "label %" PRId64 " is outside [%" PRId64 ", %" PRId64 "]", value,
                          s->lowest, s->highest);
  }
  *label = value - s->options.labels_offset;
  return SLIM_OK;
}

static slim_status prepare(const image_source *s, const workbench *b, uint64_t sample, void *const *rows,
                           slim_error *error)
{
  const slim_item *image = b->image;
  if (image->dtype != SLIM_UINT8 || image->shape.rank != 3 || image->shape.dim[2] != s->channels) {
    char text[128];
    return slim_error_set(error, SLIM_ERR_DATA, "item 'image' is %s %s, uint8 with %d channels is needed",
                          slim_dtype_name(image->dtype), slim_shape_format(&image->shape, text, sizeof text),
                          s->channels);
  }
  const slim_preprocess_call call = { .pixels = image->data,
                                      .h = image->shape.dim[0],
                                      .w = image->shape.dim[1],
                                      .c = image->shape.dim[2],
                                      .out_h = s->options.height,
                                      .out_w = s->options.width,
                                      .is_training = s->options.is_training,
                                      .use_grayscale = s->options.use_grayscale,
                                      .seed = s->options.stream.seed,
                                      .sample = sample };
  const slim_status status = s->options.preprocessing(&call, rows[0], error);
  return status == SLIM_OK ? read_label(s, b->label, rows[1], error) : status;
}

static slim_status fill(void *user, int worker, const slim_ticket *ticket, void *const *rows, slim_error *error)
{
  image_source *s = user;
  workbench *b = &s->benches[worker];
  slim_span record;
  slim_error cause = { 0 };
  slim_status status = slim_files_read(s->files, ticket, &b->room, &record, error);
  if (status != SLIM_OK) {
    return status;
  }
  status = slim_decoder_decode(slim_dataset_decoder(s->dataset), record.data, record.size, b->sample, &cause);
  if (status == SLIM_OK) {
    status = prepare(s, b, ticket->sample, rows, &cause);
  }
  return status == SLIM_OK ? SLIM_OK : slim_record_error(s->files, ticket, &cause, error);
}

static slim_status check_options(slim_dataset *dataset, const slim_image_options *options, slim_image_options *out,
                                 slim_error *error)
{
  *out = *options;
  out->batch_size = options->batch_size ? options->batch_size : 32;
  if (out->batch_size < 1 || out->height < 1 || out->width < 1) {
    return slim_error_set(error, SLIM_ERR_ARG, "image queue: batch_size %d, height %d, width %d: all must be 1 or more",
                          out->batch_size, out->height, out->width);
  }
  if (!out->preprocessing) {
    return slim_error_set(error, SLIM_ERR_ARG, "image queue: preprocessing is not given; see slim_get_preprocessing()");
  }
  const int classes = slim_dataset_num_classes(dataset);
  if (out->labels_offset < 0 || (classes > 0 && out->labels_offset >= classes)) {
    return slim_error_set(error, SLIM_ERR_ARG, "image queue: labels_offset is %d, the dataset has %d classes",
                          out->labels_offset, classes);
  }
  if (!slim_dataset_channels(dataset)) {
    return slim_error_set(error, SLIM_ERR_ARG, "image queue: the dataset has no image item of the name 'image'");
  }
  return slim_stream_resolve(&options->stream, &out->stream, error);
}

static slim_status make_benches(image_source *s, slim_error *error)
{
  s->num_benches = s->options.stream.num_threads;
  s->benches = calloc((size_t)s->num_benches, sizeof *s->benches);
  for (int i = 0; s->benches && i < s->num_benches; i++) {
    workbench *b = &s->benches[i];
    b->sample = slim_sample_create(slim_dataset_decoder(s->dataset));
    if (!b->sample) {
      return slim_error_set(error, SLIM_ERR_MEMORY, "image queue: no memory for %d threads", s->num_benches);
    }
    b->image = slim_sample_item(b->sample, "image");
    b->label = slim_sample_item(b->sample, "label");
    if (!b->label) {
      return slim_error_set(error, SLIM_ERR_ARG, "image queue: the dataset has no item of the name 'label'");
    }
  }
  return s->benches ? SLIM_OK : slim_error_set(error, SLIM_ERR_MEMORY, "image queue: no memory");
}

static slim_status start(image_source *s, slim_queue **queue, slim_error *error)
{
  const slim_image_options *o = &s->options;
  const int channels = o->use_grayscale ? 1 : s->channels;
  const slim_array items[] = { { "image", SLIM_FLOAT32, { 3, { o->height, o->width, channels } }, NULL },
                               { "label", SLIM_INT64, { 0, { 0 } }, NULL } };
  slim_walk walk = { 0 };
  const slim_status status = slim_walk_of_files(s->files, o->stream.shuffle, o->stream.seed, &walk, error);
  if (status != SLIM_OK) {
    destroy_source(s);
    return status;
  }
  const slim_sample_source source = { items, 2, s, fill, destroy_source };
  return slim_queue_create(source, walk, o->batch_size, &o->stream, queue, error);
}

slim_status slim_image_queue(slim_dataset *dataset, const slim_image_options *options, slim_queue **queue,
                             slim_error *error)
{
  *queue = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  if (!dataset) {
    return slim_error_set(error, SLIM_ERR_ARG, "image queue: no dataset given");
  }
  slim_image_options checked;
  slim_status status = check_options(dataset, options, &checked, error);
  if (status != SLIM_OK) {
    return status;
  }
  image_source *s = calloc(1, sizeof *s);
  if (!s) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "image queue: no memory");
  }
  const int classes = slim_dataset_num_classes(dataset);
  s->dataset = dataset;
  s->files = slim_dataset_file_set(dataset);
  s->options = checked;
  s->channels = slim_dataset_channels(dataset);
  s->lowest = checked.labels_offset;
  s->highest = classes > 0 ? classes - 1 : INT64_MAX;
  status = make_benches(s, error);
  if (status != SLIM_OK) {
    destroy_source(s);
    return status;
  }
  return start(s, queue, error);
}
