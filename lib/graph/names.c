/* Names of ops and scopes: unique without regard to case, as in TensorFlow. */
#include "graph/state.h"

#include <ctype.h>
#include <string.h>

bool slim_name_valid(const char *name, bool scope)
{
  if (!*name || (!scope && !isalnum((unsigned char)*name) && *name != '.')) {
    return false;
  }
  for (const char *p = name; *p; p++) {
    if (!isalnum((unsigned char)*p) && !strchr("_.-/\\", *p)) {
      return false;
    }
  }
  return true;
}

const char *slim_name_join(slim_graph *graph, const char *scope, const char *leaf)
{
  const char *full =
      *scope ? slim_arena_printf(graph->arena, "%s/%s", scope, leaf) : slim_arena_strdup(graph->arena, leaf);
  return full ? full : slim_graph_no_memory(graph);
}

static char *lower(slim_graph *graph, const char *name)
{
  char *copy = slim_arena_strdup(graph->arena, name);
  for (char *p = copy; p && *p; p++) {
    *p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
  }
  return copy;
}

const char *slim_name_unique(slim_graph *graph, const char *full)
{
  slim_map *used = &graph->names->used;
  const char *key = lower(graph, full);
  slim_map_entry *entry = key ? slim_map_add(graph->arena, used, key) : NULL;
  if (!entry) {
    return slim_graph_no_memory(graph);
  }
  long i = entry->count++;
  if (i == 0) {
    return slim_arena_strdup(graph->arena, full);
  }
  const char *candidate = NULL;
  do {
    candidate = slim_arena_printf(graph->arena, "%s_%ld", key, i++);
  } while (candidate && slim_map_find(used, candidate));
  slim_map_entry *taken = candidate ? slim_map_add(graph->arena, used, candidate) : NULL;
  if (!taken) {
    return slim_graph_no_memory(graph);
  }
  taken->count = 1;
  return slim_arena_printf(graph->arena, "%s_%ld", full, i - 1);
}
