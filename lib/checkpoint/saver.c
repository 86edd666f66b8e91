/* Saving and restoring sessions: checkpoints of a folder, the newest few kept. */
#include "base/file.h"
#include "base/log.h"
#include "checkpoint/assign.h"
#include "checkpoint/bundle.h"
#include "checkpoint/state.h"
#include "session/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEEP = 5 };

struct slim_saver {
  size_t count;
  slim_restore *items;
  int max_to_keep;
};

/* --- which variables ---------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
  return strcmp(((const slim_restore *)a)->name, ((const slim_restore *)b)->name);
}

static slim_status check_list(const slim_saver *saver, slim_error *error)
{
  for (size_t i = 0; i < saver->count; i++) {
    if (!*saver->items[i].name) {
      return slim_error_set(error, SLIM_ERR_ARG, "saver: '%s' is not a variable",
                            slim_tensor_name(saver->items[i].variable));
    }
    if (i && strcmp(saver->items[i].name, saver->items[i - 1].name) == 0) {
      return slim_error_set(error, SLIM_ERR_ARG, "saver: '%s' is given twice", saver->items[i].name);
    }
  }
  return saver->count ? SLIM_OK : slim_error_set(error, SLIM_ERR_ARG, "saver: there is no variable");
}

slim_status slim_saver_create(slim_graph *graph, slim_tensors variables, int max_to_keep, slim_saver **out,
                              slim_error *error)
{
  *out = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  if (!variables.item) {
    variables = slim_get_collection(graph, SLIM_GLOBAL_VARIABLES, NULL);
  }
  slim_saver *saver = calloc(1, sizeof *saver);
  slim_restore *items = calloc(variables.count + 1, sizeof *items);
  if (!saver || !items) {
    free(saver);
    free(items);
    return slim_error_set(error, SLIM_ERR_MEMORY, "saver: out of memory");
  }
  for (size_t i = 0; i < variables.count; i++) {
    items[i] = (slim_restore){ slim_variable_full_name(variables.item[i]), variables.item[i] };
  }
  qsort(items, variables.count, sizeof *items, by_name);
  *saver = (slim_saver){ variables.count, items, max_to_keep ? max_to_keep : KEEP };
  const slim_status status = check_list(saver, error);
  if (status != SLIM_OK) {
    slim_saver_destroy(saver);
    return status;
  }
  *out = saver;
  return SLIM_OK;
}

void slim_saver_destroy(slim_saver *saver)
{
  if (saver) {
    free(saver->items);
    free(saver);
  }
}

/* --- save --------------------------------------------------------------------------------------------------------- */

static slim_status put_piece(void *user, const void *data, size_t bytes, slim_error *error)
{
  slim_bundle_writer *writer = user;
  return slim_bundle_writer_put(writer, data, bytes, error);
}

static slim_status add_variable(slim_bundle_writer *writer, slim_session *session, const slim_tensor *variable,
                                slim_error *error)
{
  const slim_shape shape = slim_tensor_shape(variable);
  const slim_status status = slim_bundle_writer_begin(writer, slim_variable_full_name(variable),
                                                      slim_tensor_dtype(variable), &shape, error);
  return status == SLIM_OK ? slim_session_give_variable(session, variable, slim_variable_bytes(variable), put_piece,
                                                        writer, error)
                           : status;
}

static slim_status write_bundle(const slim_saver *saver, slim_session *session, const char *prefix, slim_error *error)
{
  slim_bundle_writer *writer = NULL;
  slim_status status = slim_bundle_writer_open(prefix, &writer, error);
  for (size_t i = 0; i < saver->count && status == SLIM_OK; i++) {
    status = add_variable(writer, session, saver->items[i].variable, error);
  }
  if (status == SLIM_OK) {
    return slim_bundle_writer_finish(writer, error);
  }
  slim_bundle_writer_discard(writer);
  return status;
}

static void remove_checkpoint(const char *prefix)
{
  static const char *const suffixes[] = { "index", "data-00000-of-00001", "meta" };
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
    char *path = slim_bundle_path(prefix, suffixes[i]);
    if (path) {
      (void)remove(path);
    }
    free(path);
  }
}

/* The list of before without prefix, then prefix; times run along (0 where unknown). */
static bool append(const slim_checkpoint_state *before, char *prefix, slim_checkpoint_state *after)
{
  after->all = calloc(before->count + 1, sizeof *after->all);
  after->times = calloc(before->count + 1, sizeof *after->times);
  if (!after->all || !after->times) {
    return false;
  }
  for (size_t i = 0; i < before->count; i++) {
    if (strcmp(before->all[i], prefix) != 0) {
      after->times[after->count] = before->times ? before->times[i] : 0.0;
      after->all[after->count++] = before->all[i];
    }
  }
  after->times[after->count] = (double)time(NULL);
  after->all[after->count++] = prefix;
  after->latest = prefix;
  after->last_preserved = before->last_preserved;
  return true;
}

/* Writes the state with the oldest left out, and only then removes their files. */
static slim_status keep_newest(const slim_saver *saver, const char *folder, slim_checkpoint_state *state,
                               slim_error *error)
{
  const size_t keep = saver->max_to_keep < 0 ? state->count : (size_t)saver->max_to_keep;
  const size_t drop = state->count > keep ? state->count - keep : 0;
  slim_checkpoint_state kept = *state;
  kept.count -= drop;
  kept.all += drop;
  kept.times += drop;
  const slim_status status = slim_checkpoint_state_write(folder, &kept, error);
  for (size_t i = 0; i < drop && status == SLIM_OK; i++) {
    remove_checkpoint(state->all[i]);
  }
  return status;
}

static slim_status update_state(const slim_saver *saver, const char *folder, char *prefix, slim_error *error)
{
  slim_checkpoint_state before = { 0 }, after = { 0 };
  slim_error damage = { SLIM_OK, "" };
  slim_status status = slim_checkpoint_state_read(folder, &before, &damage);
  if (status != SLIM_OK && status != SLIM_ERR_NOT_FOUND) {
    slim_log_write(SLIM_LOG_WARNING, "%s; it is written anew", damage.text);
    before.count = 0;
  }
  status = append(&before, prefix, &after) ? keep_newest(saver, folder, &after, error)
                                           : slim_error_set(error, SLIM_ERR_MEMORY, "saver: out of memory");
  free(after.all);
  free(after.times);
  slim_checkpoint_state_free(&before);
  return status;
}

static slim_status put_path(const char *prefix, char *path, size_t size, slim_error *error)
{
  if (path && strlen(prefix) >= size) {
    return slim_error_set(error, SLIM_ERR_ARG, "saver: '%s' does not fit into %zu bytes", prefix, size);
  }
  if (path) {
    memcpy(path, prefix, strlen(prefix) + 1);
  }
  return SLIM_OK;
}

slim_status slim_saver_save(slim_saver *saver, slim_session *session, const char *prefix, int64_t step, char *path,
                            size_t size, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  const size_t room = strlen(prefix) + 24;
  char *full = malloc(room), *folder = slim_file_folder_of(prefix);
  slim_status status = SLIM_OK;
  if (!full || !folder) {
    status = slim_error_set(error, SLIM_ERR_MEMORY, "saver: out of memory");
  } else {
    (void)snprintf(full, room, step < 0 ? "%s" : "%s-%lld", prefix, (long long)step);
    status = put_path(full, path, size, error);
  }
  if (status == SLIM_OK) {
    status = slim_file_make_folders(folder, error);
  }
  if (status == SLIM_OK) {
    status = write_bundle(saver, session, full, error);
  }
  if (status == SLIM_OK) {
    status = update_state(saver, folder, full, error);
  }
  free(full);
  free(folder);
  return status;
}

/* --- restore ------------------------------------------------------------------------------------------------------ */

slim_status slim_saver_restore(slim_saver *saver, slim_session *session, const char *path, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  return slim_assign_from_checkpoint(session, path, saver->items, saver->count, 0, error);
}

/* Reads every value of the saver's variables to see whether the files are whole. Only damage is an error here. */
static slim_status verify(const slim_saver *saver, const char *prefix, slim_error *error)
{
  slim_checkpoint_reader *reader = NULL;
  slim_status status = slim_checkpoint_reader_open(prefix, &reader, error);
  for (size_t i = 0; i < saver->count && status == SLIM_OK; i++) {
    const slim_restore *item = &saver->items[i];
    if (slim_restore_check(reader, prefix, item, 0, NULL) == SLIM_OK) {
      status = slim_checkpoint_reader_read(reader, item->name, NULL, slim_variable_bytes(item->variable), error);
    }
  }
  slim_checkpoint_reader_close(reader);
  return status;
}

/* A state without a list still has its latest. */
static size_t count_of(const slim_checkpoint_state *state)
{
  return state->count ? state->count : state->latest != NULL;
}

/* Number 0 is the newest. */
static const char *newest(const slim_checkpoint_state *state, size_t i)
{
  return state->count ? state->all[state->count - 1 - i] : state->latest;
}

slim_status slim_saver_restore_latest(slim_saver *saver, slim_session *session, const char *folder, char *path,
                                      size_t size, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  slim_checkpoint_state state = { 0 };
  slim_error damage = { SLIM_OK, "" };
  const char *whole = NULL;
  slim_status status = slim_checkpoint_state_read(folder, &state, error);
  for (size_t i = 0; i < count_of(&state) && status == SLIM_OK && !whole; i++) {
    slim_error one = { SLIM_OK, "" };
    const slim_status found = verify(saver, newest(&state, i), &one);
    if (found == SLIM_OK) {
      whole = newest(&state, i);
    } else if (found == SLIM_ERR_MEMORY) {
      status = slim_error_set(error, found, "%s", one.text);
    } else {
      slim_log_write(SLIM_LOG_WARNING, "%s; the checkpoint before it is tried", one.text);
      (void)slim_error_set(&damage, found, "%s", one.text);
    }
  }
  if (status == SLIM_OK && !whole) {
    status = damage.status ? slim_error_set(error, SLIM_ERR_DATA, "'%s': none of %zu checkpoints is whole: %s", folder,
                                            count_of(&state), damage.text)
                           : slim_error_set(error, SLIM_ERR_NOT_FOUND, "'%s' names no checkpoint", folder);
  }
  if (whole) {
    status = put_path(whole, path, size, error);
    status = status == SLIM_OK ? slim_saver_restore(saver, session, whole, error) : status;
  }
  slim_checkpoint_state_free(&state);
  return status;
}
