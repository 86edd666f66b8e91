#include <slim/checkpoint.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "inspect.h"

enum { NUMBER_TEXT = 32 };

/* Element i of values as JSON has it: null for what is not finite. @return false for a type without numbers. */
static bool format_value(slim_dtype dtype, const void *values, size_t i, char text[NUMBER_TEXT])
{
  double number = 0;
  switch (dtype) {
  case SLIM_FLOAT32:
    number = ((const float *)values)[i];
    (void)snprintf(text, NUMBER_TEXT, isfinite(number) ? "%.9g" : "null", number);
    return true;
  case SLIM_FLOAT64:
    number = ((const double *)values)[i];
    (void)snprintf(text, NUMBER_TEXT, isfinite(number) ? "%.17g" : "null", number);
    return true;
  case SLIM_INT32:
    (void)snprintf(text, NUMBER_TEXT, "%d", ((const int32_t *)values)[i]);
    return true;
  case SLIM_INT64:
    (void)snprintf(text, NUMBER_TEXT, "%lld", (long long)((const int64_t *)values)[i]);
    return true;
  case SLIM_UINT8:
    (void)snprintf(text, NUMBER_TEXT, "%u", ((const uint8_t *)values)[i]);
    return true;
  case SLIM_BOOL:
    (void)snprintf(text, NUMBER_TEXT, "%s", ((const uint8_t *)values)[i] ? "true" : "false");
    return true;
  default:
    return false;
  }
}

static void write_values(FILE *out, const slim_checkpoint_entry *entry, const void *values, const char *between,
                         const char *end_of_row)
{
  const size_t count = slim_shape_elements(&entry->shape);
  const int rank = entry->shape.rank;
  const size_t row = rank > 0 ? (size_t)entry->shape.dim[rank - 1] : 1;
  for (size_t i = 0; i < count; i++) {
    char text[NUMBER_TEXT];
    (void)format_value(entry->dtype, values, i, text);
    fprintf(out, "%s%s", text, i + 1 == count ? "" : (i + 1) % row ? between : end_of_row);
  }
}

/* Adds { name, shape, dtype, values }, the values row by row. */
static slim_status add_tensor(cJSON *document, const slim_checkpoint_entry *entry, const void *values, slim_error *error)
{
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (!out) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "no memory for the values of '%s'", entry->name);
  }
  fputc('[', out);
  write_values(out, entry, values, ", ", ", ");
  fputc(']', out);
  cJSON *tensor = !fclose(out) ? cJSON_AddObjectToObject(document, "tensor") : NULL;
  cJSON_AddStringToObject(tensor, "name", entry->name);
  cJSON_AddItemToObject(tensor, "shape", cli_json_shape(&entry->shape));
  cJSON_AddStringToObject(tensor, "dtype", entry->type_name);
  const bool added = cJSON_AddRawToObject(tensor, "values", text) != NULL;
  free(text);
  return added ? SLIM_OK : slim_error_set(error, SLIM_ERR_MEMORY, "no memory for the values of '%s'", entry->name);
}

static slim_status show_tensor(slim_checkpoint_reader *reader, const char *name, cJSON *document, slim_error *error)
{
  const slim_checkpoint_entry *entry = slim_checkpoint_reader_find(reader, name);
  char unused[NUMBER_TEXT];
  if (!entry) {
    return slim_error_set(error, SLIM_ERR_NOT_FOUND, "no tensor '%s' in this checkpoint; without --tensor all are listed",
                          name);
  }
  if (!slim_dtype_size(entry->dtype) || !format_value(entry->dtype, &(double){ 0 }, 0, unused)) {
    return slim_error_set(error, SLIM_ERR_UNSUPPORTED, "tensor '%s' is of type %s, which cannot be shown", name,
                          entry->type_name);
  }
  void *values = malloc(entry->bytes ? entry->bytes : 1);
  slim_status status = values ? slim_checkpoint_reader_read(reader, name, values, entry->bytes, error)
                              : slim_error_set(error, SLIM_ERR_MEMORY, "no memory for %zu bytes", entry->bytes);
  if (status == SLIM_OK && document) {
    status = add_tensor(document, entry, values, error);
  } else if (status == SLIM_OK) {
    write_values(stdout, entry, values, " ", "\n");
    fputc('\n', stdout);
  }
  free(values);
  return status;
}

static void list(const slim_checkpoint_reader *reader, cJSON *variables)
{
  const size_t count = slim_checkpoint_reader_count(reader);
  size_t elements = 0, bytes = 0;
  for (size_t i = 0; i < count; i++) {
    const slim_checkpoint_entry *entry = slim_checkpoint_reader_entry(reader, i);
    char shape[96];
    elements += slim_shape_elements(&entry->shape);
    bytes += entry->bytes;
    if (variables) {
      cJSON *item = cJSON_CreateObject();
      cJSON_AddStringToObject(item, "name", entry->name);
      cJSON_AddItemToObject(item, "shape", cli_json_shape(&entry->shape));
      cJSON_AddStringToObject(item, "dtype", entry->type_name);
      cJSON_AddItemToArray(variables, item);
    } else {
      printf("%-60s %-8s %s\n", entry->name, entry->type_name, slim_shape_format(&entry->shape, shape, sizeof shape));
    }
  }
  if (!variables) {
    printf("%zu tensors, %zu elements, %zu bytes, V%d checkpoint\n", count, elements, bytes,
           slim_checkpoint_reader_version(reader));
  }
}

slim_status inspect_checkpoint(const char *prefix, const inspect_options *options, cJSON *document, slim_error *error)
{
  slim_checkpoint_reader *reader = NULL;
  slim_status status = slim_checkpoint_reader_open(prefix, &reader, error);
  if (status != SLIM_OK) {
    return status;
  }
  if (document) {
    cJSON_AddStringToObject(document, "kind", "checkpoint");
    cJSON_AddStringToObject(document, "path", prefix);
    cJSON_AddNumberToObject(document, "version", slim_checkpoint_reader_version(reader));
    list(reader, cJSON_AddArrayToObject(document, "variables"));
  } else if (!options->tensor) {
    list(reader, NULL);
  }
  if (options->tensor) {
    status = show_tensor(reader, options->tensor, document, error);
  }
  slim_checkpoint_reader_close(reader);
  return status;
}
