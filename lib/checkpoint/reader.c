/* One front for all formats: what a checkpoint is shows by its files. */
#include "base/file.h"
#include "checkpoint/bundle.h"
#include "checkpoint/state.h"
#include "checkpoint/v1.h"

#include <stdlib.h>
#include <string.h>

struct slim_checkpoint_reader {
  slim_bundle_reader *bundle; /* one of the two */
  slim_v1_reader *v1;
};

static bool is_bundle(const char *prefix)
{
  char *path = slim_bundle_path(prefix, "index");
  const bool yes = path && slim_file_exists(path);
  free(path);
  return yes;
}

bool slim_checkpoint_exists(const char *prefix)
{
  if (is_bundle(prefix) || slim_file_exists(prefix)) {
    return true;
  }
  slim_file_names names = { 0 };
  const bool yes = slim_v1_list_shards(prefix, &names, NULL) == SLIM_OK && names.count > 0;
  slim_file_names_free(&names);
  return yes;
}

slim_status slim_checkpoint_find(const char *path, slim_checkpoint_path *latest, const char **prefix, slim_error *error)
{
  *prefix = path;
  if (!path) {
    return slim_error_set(error, SLIM_ERR_ARG, "the path of a checkpoint is missing");
  }
  if (!slim_file_is_folder(path)) {
    return SLIM_OK;
  }
  *prefix = latest->text;
  const slim_status status = slim_latest_checkpoint(path, latest->text, sizeof latest->text);
  return status == SLIM_OK ? SLIM_OK : slim_error_set(error, status, "'%s' has no checkpoint", path);
}

slim_status slim_checkpoint_reader_open(const char *path, slim_checkpoint_reader **out, slim_error *error)
{
  *out = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  slim_checkpoint_path latest;
  const char *prefix = NULL;
  slim_status status = slim_checkpoint_find(path, &latest, &prefix, error);
  if (status != SLIM_OK) {
    return status;
  }
  slim_checkpoint_reader *reader = calloc(1, sizeof *reader);
  if (!reader) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "checkpoint '%s': no memory", prefix);
  }
  status = is_bundle(prefix) ? slim_bundle_reader_open(prefix, &reader->bundle, error)
                             : slim_v1_reader_open(prefix, &reader->v1, error);
  if (status != SLIM_OK) {
    free(reader);
    return status;
  }
  *out = reader;
  return SLIM_OK;
}

void slim_checkpoint_reader_close(slim_checkpoint_reader *reader)
{
  if (reader) {
    slim_bundle_reader_close(reader->bundle);
    slim_v1_reader_close(reader->v1);
    free(reader);
  }
}

int slim_checkpoint_reader_version(const slim_checkpoint_reader *reader)
{
  return reader->bundle ? 2 : 1;
}

static const slim_checkpoint_items *items_of(const slim_checkpoint_reader *reader)
{
  return reader->bundle ? slim_bundle_reader_items(reader->bundle) : slim_v1_reader_items(reader->v1);
}

size_t slim_checkpoint_reader_count(const slim_checkpoint_reader *reader)
{
  return items_of(reader)->count;
}

const slim_checkpoint_entry *slim_checkpoint_reader_entry(const slim_checkpoint_reader *reader, size_t i)
{
  const slim_checkpoint_items *items = items_of(reader);
  return i < items->count ? &items->item[i].entry : NULL;
}

const slim_checkpoint_entry *slim_checkpoint_reader_find(const slim_checkpoint_reader *reader, const char *name)
{
  const slim_span key = { (const unsigned char *)name, strlen(name) };
  const slim_checkpoint_item *item = slim_checkpoint_items_find(items_of(reader), key);
  return item ? &item->entry : NULL;
}

slim_status slim_checkpoint_reader_read(slim_checkpoint_reader *reader, const char *name, void *data, size_t bytes,
                                        slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  return reader->bundle ? slim_bundle_read(reader->bundle, name, data, bytes, error)
                        : slim_v1_read(reader->v1, name, data, bytes, error);
}

slim_status slim_checkpoint_reader_read_string(slim_checkpoint_reader *reader, const char *name, size_t i, char **text,
                                               size_t *size, slim_error *error)
{
  *text = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  *size = 0;
  return reader->bundle ? slim_bundle_read_string(reader->bundle, name, i, text, size, error)
                        : slim_error_set(error, SLIM_ERR_UNSUPPORTED, "strings of V1 checkpoints are not read");
}

slim_status slim_latest_checkpoint(const char *folder, char *path, size_t size)
{
  slim_checkpoint_state state = { 0 };
  path[0] = '\0';
  slim_status status = slim_checkpoint_state_read(folder, &state, NULL);
  if (status == SLIM_OK && (!state.latest || !slim_checkpoint_exists(state.latest))) {
    status = SLIM_ERR_NOT_FOUND;
  }
  if (status == SLIM_OK && strlen(state.latest) >= size) {
    status = SLIM_ERR_ARG;
  }
  if (status == SLIM_OK) {
    memcpy(path, state.latest, strlen(state.latest) + 1);
  }
  slim_checkpoint_state_free(&state);
  return status;
}
