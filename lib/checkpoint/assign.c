/* Values of variables from checkpoints and from arrays. */
#include "checkpoint/assign.h"

#include "base/arena.h"
#include "base/log.h"
#include "checkpoint/state.h"
#include "graph/graph.h"
#include "session/session.h"

#include <stdlib.h>
#include <string.h>

size_t slim_variable_bytes(const slim_tensor *variable)
{
  const slim_shape shape = slim_tensor_shape(variable);
  return slim_shape_elements(&shape) * slim_dtype_size(slim_tensor_dtype(variable));
}

static const char *name_of(const slim_restore *item)
{
  return item->name ? item->name : slim_variable_full_name(item->variable);
}

slim_status slim_restore_check(const slim_checkpoint_reader *reader, const char *prefix, const slim_restore *item,
                               unsigned flags, slim_error *error)
{
  const char *variable = slim_variable_full_name(item->variable);
  if (!slim_is_variable(item->variable)) {
    return slim_error_set(error, SLIM_ERR_ARG, "restore: '%s' is not a variable", slim_tensor_name(item->variable));
  }
  const slim_checkpoint_entry *entry = slim_checkpoint_reader_find(reader, name_of(item));
  if (!entry) {
    return slim_error_set(error, SLIM_ERR_NOT_FOUND, "variable '%s': checkpoint '%s' has no '%s'", variable, prefix,
                          name_of(item));
  }
  if (entry->dtype != slim_tensor_dtype(item->variable)) {
    return slim_error_set(error, SLIM_ERR_TYPE, "variable '%s' is %s, checkpoint '%s' holds %s", variable,
                          slim_dtype_name(slim_tensor_dtype(item->variable)), prefix, entry->type_name);
  }
  const slim_shape shape = slim_tensor_shape(item->variable);
  const bool reshape = (flags & SLIM_RESTORE_RESHAPE) && entry->bytes == slim_variable_bytes(item->variable);
  if (!slim_shape_equal(&shape, &entry->shape) && !reshape) {
    char have[128], want[128];
    return slim_error_set(error, SLIM_ERR_SHAPE, "variable '%s' has the shape %s, checkpoint '%s' holds %s", variable,
                          slim_shape_format(&shape, have, sizeof have), prefix,
                          slim_shape_format(&entry->shape, want, sizeof want));
  }
  return SLIM_OK;
}

typedef struct source {
  slim_checkpoint_reader *reader;
  const char *name;
  size_t bytes;
} source;

static slim_status read_value(void *user, void *data, slim_error *error)
{
  const source *s = user;
  return slim_checkpoint_reader_read(s->reader, s->name, data, s->bytes, error);
}

static slim_status restore_one(slim_checkpoint_reader *reader, const slim_restore *item, slim_session *session,
                               slim_error *error)
{
  source s = { reader, name_of(item), slim_variable_bytes(item->variable) };
  return slim_session_fill_variable(session, item->variable, s.bytes, read_value, &s, error);
}

const slim_restore *slim_restore_list(slim_tensors variables)
{
  slim_graph *graph = variables.count ? slim_graph_of(variables.item[0]) : NULL;
  slim_restore *list = graph ? slim_arena_array(graph->arena, variables.count, sizeof *list) : NULL;
  for (size_t i = 0; list && i < variables.count; i++) {
    list[i] = (slim_restore){ .variable = variables.item[i] };
  }
  return list;
}

/* Checks all items; keep[i]: the checkpoint has it. Missing ones are errors, or warnings with IGNORE_MISSING. */
static slim_status check_all(const slim_checkpoint_reader *reader, const char *prefix, const slim_restore *items,
                             size_t count, unsigned flags, bool *keep, slim_error *error)
{
  for (size_t i = 0; i < count; i++) {
    slim_error one = { SLIM_OK, "" };
    const slim_status status = slim_restore_check(reader, prefix, &items[i], flags, &one);
    keep[i] = status == SLIM_OK;
    if (status == SLIM_ERR_NOT_FOUND && (flags & SLIM_RESTORE_IGNORE_MISSING)) {
      slim_log_write(SLIM_LOG_WARNING, "%s; it keeps its value", one.text);
    } else if (status != SLIM_OK) {
      return slim_error_set(error, status, "%s", one.text);
    }
  }
  return SLIM_OK;
}

/* Opens the checkpoint and makes a flag for each item. */
static slim_status begin(const char *prefix, const slim_restore *items, size_t count, bool **keep,
                         slim_checkpoint_reader **reader, slim_error *error)
{
  if (count == 0) {
    return slim_error_set(error, SLIM_ERR_ARG, "restore from '%s': no variable is given", prefix);
  }
  *keep = items ? calloc(count, sizeof **keep) : NULL;
  return *keep ? slim_checkpoint_reader_open(prefix, reader, error)
               : slim_error_set(error, SLIM_ERR_MEMORY, "restore from '%s': out of memory", prefix);
}

slim_status slim_assign_from_checkpoint(slim_session *session, const char *prefix, const slim_restore *items,
                                        size_t count, unsigned flags, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  slim_checkpoint_reader *reader = NULL;
  bool *keep = NULL;
  slim_status status = begin(prefix, items, count, &keep, &reader, error);
  if (status == SLIM_OK) {
    status = check_all(reader, prefix, items, count, flags, keep, error);
  }
  for (size_t i = 0; i < count && status == SLIM_OK; i++) {
    status = keep[i] ? restore_one(reader, &items[i], session, error) : SLIM_OK;
  }
  slim_checkpoint_reader_close(reader);
  free(keep);
  return status;
}

/* --- for later ---------------------------------------------------------------------------------------------------- */

struct slim_assignment {
  slim_arena *arena;
  const char *prefix;
  slim_restore *items;
  size_t count;
  unsigned flags;
  slim_graph *graph;
  slim_named_values *values; /* NULL: from a checkpoint */
};

static slim_status keep_items(slim_assignment *a, const slim_restore *items, size_t count, const bool *keep)
{
  a->items = slim_arena_array(a->arena, count, sizeof *a->items);
  for (size_t i = 0; a->items && i < count; i++) {
    if (keep[i]) {
      const char *name = slim_arena_strdup(a->arena, name_of(&items[i]));
      if (!name) {
        return SLIM_ERR_MEMORY;
      }
      a->items[a->count++] = (slim_restore){ name, items[i].variable };
    }
  }
  return a->items && a->prefix ? SLIM_OK : SLIM_ERR_MEMORY;
}

static slim_status make(const char *prefix, const slim_restore *items, size_t count, const bool *keep, unsigned flags,
                        slim_assignment **out, slim_error *error)
{
  slim_arena *arena = slim_arena_create();
  slim_assignment *a = slim_arena_alloc(arena, sizeof *a);
  slim_status status = SLIM_ERR_MEMORY;
  if (a) {
    *a = (slim_assignment){ .arena = arena, .prefix = slim_arena_strdup(arena, prefix), .flags = flags };
    status = keep_items(a, items, count, keep);
  }
  if (status != SLIM_OK) {
    slim_arena_destroy(arena);
    return slim_error_set(error, status, "restore from '%s': out of memory", prefix);
  }
  if (a->count == 0) {
    slim_log_write(SLIM_LOG_WARNING, "checkpoint '%s' has none of %zu variables: nothing will be restored", prefix,
                   count);
    slim_arena_destroy(arena);
    a = NULL;
  }
  *out = a;
  return SLIM_OK;
}

slim_status slim_assign_from_checkpoint_fn(const char *path, const slim_restore *items, size_t count, unsigned flags,
                                           slim_assignment **out, slim_error *error)
{
  *out = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  slim_checkpoint_path latest;
  const char *prefix = NULL;
  slim_checkpoint_reader *reader = NULL;
  bool *keep = NULL;
  slim_status status = slim_checkpoint_find(path, &latest, &prefix, error);
  if (status == SLIM_OK) {
    status = begin(prefix, items, count, &keep, &reader, error);
  }
  if (status == SLIM_OK) {
    status = check_all(reader, prefix, items, count, flags, keep, error);
  }
  if (status == SLIM_OK) {
    status = make(prefix, items, count, keep, flags, out, error);
  }
  slim_checkpoint_reader_close(reader);
  free(keep);
  return status;
}

slim_status slim_assignment_run(slim_session *session, void *user, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  const slim_assignment *a = user;
  return !a          ? SLIM_OK
         : a->values ? slim_assign_from_values(session, a->graph, a->values, a->count, error)
                     : slim_assign_from_checkpoint(session, a->prefix, a->items, a->count, a->flags, error);
}

void slim_assignment_destroy(slim_assignment *assignment)
{
  if (assignment) {
    slim_arena_destroy(assignment->arena);
  }
}

/* --- from arrays -------------------------------------------------------------------------------------------------- */

static slim_tensor *find_global(slim_graph *graph, const char *name)
{
  const slim_tensors all = slim_get_collection(graph, SLIM_GLOBAL_VARIABLES, NULL);
  for (size_t i = 0; i < all.count; i++) {
    if (strcmp(slim_variable_full_name(all.item[i]), name) == 0) {
      return all.item[i];
    }
  }
  return NULL;
}

static slim_status check_values(slim_graph *graph, const slim_named_values *values, size_t count, slim_error *error)
{
  for (size_t i = 0; i < count; i++) {
    const slim_tensor *variable = find_global(graph, values[i].name);
    if (!variable) {
      return slim_error_set(error, SLIM_ERR_NOT_FOUND, "variable '%s' does not exist", values[i].name);
    }
    if (slim_variable_bytes(variable) != values[i].bytes) {
      return slim_error_set(error, SLIM_ERR_ARG, "variable '%s' has %zu bytes, the values have %zu", values[i].name,
                            slim_variable_bytes(variable), values[i].bytes);
    }
  }
  return SLIM_OK;
}

slim_status slim_assign_from_values(slim_session *session, slim_graph *graph, const slim_named_values *values,
                                    size_t count, slim_error *error)
{
  if (slim_error_held(error)) {
    return error->status;
  }
  slim_status status = check_values(graph, values, count, error);
  for (size_t i = 0; i < count && status == SLIM_OK; i++) {
    status = slim_session_set_variable(session, find_global(graph, values[i].name), values[i].data, values[i].bytes);
    if (status != SLIM_OK) {
      (void)slim_error_set(error, status, "%s", slim_session_error(session));
    }
  }
  return status;
}

static bool keep_values(slim_assignment *a, const slim_named_values *values)
{
  bool good = a->values != NULL;
  for (size_t i = 0; good && i < a->count; i++) {
    a->values[i] = (slim_named_values){ .name = slim_arena_strdup(a->arena, values[i].name),
                                        .data = slim_arena_copy(a->arena, values[i].data, values[i].bytes),
                                        .bytes = values[i].bytes };
    good = a->values[i].name && a->values[i].data;
  }
  return good;
}

slim_status slim_assign_from_values_fn(slim_graph *graph, const slim_named_values *values, size_t count,
                                       slim_assignment **out, slim_error *error)
{
  *out = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  const slim_status status = check_values(graph, values, count, error);
  if (status != SLIM_OK) {
    return status;
  }
  slim_arena *arena = slim_arena_create();
  slim_assignment *a = slim_arena_alloc(arena, sizeof *a);
  if (a) {
    *a = (slim_assignment){ .arena = arena, .graph = graph, .count = count };
    a->values = slim_arena_array(arena, count + 1, sizeof *a->values);
  }
  if (!a || !keep_values(a, values)) {
    slim_arena_destroy(arena);
    return slim_error_set(error, SLIM_ERR_MEMORY, "assign_from_values: out of memory");
  }
  *out = a;
  return SLIM_OK;
}
