#include <slim/data.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inspect.h"

static const slim_dtype feature_types[] = { SLIM_STRING, SLIM_INT64, SLIM_FLOAT32 };
enum { NUM_TYPES = sizeof feature_types / sizeof *feature_types, SHOWN_VALUES = 16 };

/* The features that Slim's image records have; --feature names any other. */
static const char *const known[] = { "image/format", "image/class/label", "image/height", "image/width", "image/encoded" };
enum { NUM_KNOWN = sizeof known / sizeof *known };

typedef struct tally {
  int64_t records;
  uint64_t bytes;
} tally;

/* Counts the records of the file and keeps a copy of number wanted in kept, if there are so many. */
static slim_status scan(const char *path, int64_t wanted, tally *total, slim_record *kept, slim_error *error)
{
  slim_reader *reader = NULL;
  slim_record record;
  slim_status status = slim_single_pass_read((const char *const[]){ path, NULL }, &reader, error);
  while (status == SLIM_OK && (status = slim_reader_next(reader, &record, error)) == SLIM_OK) {
    if (total->records++ == wanted) {
      void *copy = malloc(record.size ? record.size : 1);
      if (!copy) {
        status = slim_error_set(error, SLIM_ERR_MEMORY, "no memory for a record of %zu bytes", record.size);
        break;
      }
      memcpy(copy, record.data, record.size);
      *kept = (slim_record){ copy, record.size, path, record.offset };
    }
    total->bytes += record.size;
  }
  slim_reader_destroy(reader);
  return status == SLIM_ERR_END ? SLIM_OK : status;
}

/* A feature of a record, as a list of values of its type. */
typedef struct decoded {
  slim_decoder *decoder;
  slim_sample *sample;
  const slim_item *item;
} decoded;

static void release(decoded *d)
{
  slim_sample_destroy(d->sample);
  slim_decoder_destroy(d->decoder);
  *d = (decoded){ 0 };
}

static slim_status decode_as(const slim_record *record, const char *key, slim_dtype dtype, decoded *d, slim_error *error)
{
  const slim_feature_spec feature = { .key = key, .dtype = dtype, .var_len = true };
  const slim_item_handler handler = { .item = key, .kind = SLIM_HANDLE_TENSOR, .keys = { key } };
  slim_status status = slim_decoder_create(&feature, 1, &handler, 1, &d->decoder, error);
  if (status == SLIM_OK) {
    d->sample = slim_sample_create(d->decoder);
    status = d->sample ? slim_decoder_decode(d->decoder, record->data, record->size, d->sample, error)
                       : slim_error_set(error, SLIM_ERR_MEMORY, "no memory to decode a record");
  }
  if (status == SLIM_OK) {
    d->item = slim_sample_item(d->sample, key);
  }
  return status;
}

/* Finds the type of the feature by trying. @return false, with nothing to release, if the record has no such feature. */
static bool decode(const slim_record *record, const char *key, decoded *d)
{
  for (size_t i = 0; i < NUM_TYPES; i++) {
    slim_error unused = { 0 };
    if (decode_as(record, key, feature_types[i], d, &unused) == SLIM_OK && slim_item_elements(d->item)) {
      return true;
    }
    release(d);
  }
  return false;
}

static void print_text(FILE *out, const slim_string *text)
{
  const char *c = text->data;
  for (size_t i = 0; i < text->size; i++) {
    if (c[i] < ' ' || c[i] > '~') {
      fprintf(out, "(%zu bytes)", text->size);
      return;
    }
  }
  fprintf(out, "%.*s", (int)text->size, c);
}

static void print_value(FILE *out, const slim_item *item, size_t i)
{
  if (item->dtype == SLIM_STRING) {
    print_text(out, (const slim_string *)item->data + i);
  } else if (item->dtype == SLIM_INT64) {
    fprintf(out, "%lld", (long long)((const int64_t *)item->data)[i]);
  } else {
    fprintf(out, "%.9g", ((const float *)item->data)[i]);
  }
}

static cJSON *json_value(const slim_item *item, size_t i)
{
  if (item->dtype == SLIM_INT64) {
    return cJSON_CreateNumber((double)((const int64_t *)item->data)[i]);
  }
  if (item->dtype == SLIM_FLOAT32) {
    return cJSON_CreateNumber(((const float *)item->data)[i]);
  }
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (out) {
    print_text(out, (const slim_string *)item->data + i);
  }
  cJSON *value = out && !fclose(out) ? cJSON_CreateString(text) : cJSON_CreateNull();
  free(text);
  return value;
}

/* Shows the first values of a feature: a line of text, or an array of features. */
static void show_feature(const char *key, const slim_item *item, cJSON *features)
{
  const size_t count = slim_item_elements(item), shown = count < SHOWN_VALUES ? count : SHOWN_VALUES;
  cJSON *values = features ? cJSON_AddArrayToObject(features, key) : NULL;
  if (!features) {
    printf("  %-20s", key);
  }
  for (size_t i = 0; i < shown; i++) {
    if (features) {
      cJSON_AddItemToArray(values, json_value(item, i));
    } else {
      fputc(' ', stdout);
      print_value(stdout, item, i);
    }
  }
  if (!features) {
    printf(shown < count ? " ... (%zu values)\n" : "\n", count);
  }
}

/* Writes the bytes of a string feature as they are. */
static slim_status extract(const char *key, const slim_item *item, const char *path, slim_error *error)
{
  if (item->dtype != SLIM_STRING) {
    return slim_error_set(error, SLIM_ERR_TYPE, "feature '%s' holds numbers; --output takes bytes only", key);
  }
  const slim_string *bytes = item->data;
  FILE *out = fopen(path, "wb");
  const bool written = out && fwrite(bytes->data, 1, bytes->size, out) == bytes->size;
  if (!out || fclose(out) != 0 || !written) {
    return slim_error_set(error, SLIM_ERR_IO, "cannot write %s: %s", path, strerror(errno));
  }
  return SLIM_OK;
}

static slim_status show_one(const slim_record *record, const inspect_options *options, cJSON *features, slim_error *error)
{
  decoded d = { 0 };
  if (!decode(record, options->feature, &d)) {
    return slim_error_set(error, SLIM_ERR_NOT_FOUND, "record %lld of %s has no feature '%s'", (long long)options->record,
                          record->file, options->feature);
  }
  slim_status status = SLIM_OK;
  show_feature(options->feature, d.item, features);
  if (options->output) {
    status = extract(options->feature, d.item, options->output, error);
  }
  release(&d);
  return status;
}

static void show_known(const slim_record *record, cJSON *features)
{
  for (size_t i = 0; i < NUM_KNOWN; i++) {
    decoded d = { 0 };
    if (decode(record, known[i], &d)) {
      show_feature(known[i], d.item, features);
    }
    release(&d);
  }
}

/* Shows one record: the features that are known, or the one that --feature names. */
static slim_status show(const slim_record *record, const inspect_options *options, cJSON *document, slim_error *error)
{
  cJSON *features = NULL;
  if (document) {
    cJSON *object = cJSON_AddObjectToObject(document, "record");
    cJSON_AddNumberToObject(object, "index", (double)options->record);
    cJSON_AddNumberToObject(object, "offset", (double)record->offset);
    cJSON_AddNumberToObject(object, "bytes", (double)record->size);
    features = cJSON_AddObjectToObject(object, "features");
  } else {
    printf("record %lld at offset %llu, %zu bytes\n", (long long)options->record, (unsigned long long)record->offset,
           record->size);
  }
  if (options->feature) {
    return show_one(record, options, features, error);
  }
  show_known(record, features);
  return SLIM_OK;
}

slim_status inspect_records(const char *path, const inspect_options *options, cJSON *document, slim_error *error)
{
  tally total = { 0 };
  slim_record record = { 0 };
  slim_status status = scan(path, options->record, &total, &record, error);
  if (status == SLIM_OK && document) {
    cJSON_AddStringToObject(document, "kind", "records");
    cJSON_AddStringToObject(document, "path", path);
    cJSON_AddNumberToObject(document, "records", (double)total.records);
    cJSON_AddNumberToObject(document, "bytes", (double)total.bytes);
  } else if (status == SLIM_OK) {
    printf("%lld records, %llu bytes\n", (long long)total.records, (unsigned long long)total.bytes);
  }
  if (status == SLIM_OK && record.data) {
    status = show(&record, options, document, error);
  } else if (status == SLIM_OK && (options->record > 0 || options->feature)) {
    status = slim_error_set(error, SLIM_ERR_NOT_FOUND, "%s has no record %lld: it holds %lld", path,
                            (long long)options->record, (long long)total.records);
  }
  free((void *)record.data);
  return status;
}
