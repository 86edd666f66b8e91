/* Lists of variables chosen by scope, suffix, name and pattern. */
#include "graph/state.h"

#include <string.h>

static const slim_tensors nothing = { 0, NULL };

static bool contains(slim_tensors list, const slim_tensor *tensor)
{
  for (size_t i = 0; i < list.count; i++) {
    if (list.item[i] == tensor) {
      return true;
    }
  }
  return false;
}

static void append(slim_graph *graph, slim_list *list, slim_tensor *tensor)
{
  if (!slim_list_push(graph->arena, list, tensor)) {
    (void)slim_graph_no_memory(graph);
  }
}

/* The expression is scope + ".*" + suffix + ":", so that the suffix ends the name before ":0". */
slim_tensors slim_get_variables(slim_graph *graph, const char *scope, const char *suffix, const char *collection)
{
  const char *key = collection ? collection : SLIM_GLOBAL_VARIABLES;
  if (!graph || !suffix) {
    return slim_get_collection(graph, key, scope);
  }
  const size_t length = strlen(suffix);
  const char *colon = length && suffix[length - 1] == ':' ? "" : ":";
  const char *pattern = slim_arena_printf(graph->arena, "%s.*%s%s", scope ? scope : "", suffix, colon);
  return pattern ? slim_get_collection(graph, key, pattern) : nothing;
}

slim_tensors slim_get_model_variables(slim_graph *graph, const char *scope, const char *suffix)
{
  return slim_get_variables(graph, scope, suffix, SLIM_MODEL_VARIABLES);
}

slim_tensors slim_get_local_variables(slim_graph *graph, const char *scope, const char *suffix)
{
  return slim_get_variables(graph, scope, suffix, SLIM_LOCAL_VARIABLES);
}

slim_tensors slim_get_trainable_variables(slim_graph *graph, const char *scope, const char *suffix)
{
  return slim_get_variables(graph, scope, suffix, SLIM_TRAINABLE_VARIABLES);
}

slim_tensors slim_get_variables_by_suffix(slim_graph *graph, const char *suffix, const char *scope)
{
  return slim_get_variables(graph, scope, suffix, SLIM_GLOBAL_VARIABLES);
}

/* The leaf of the name is given_name. */
slim_tensors slim_get_variables_by_name(slim_graph *graph, const char *given_name, const char *scope)
{
  const slim_tensors all = slim_get_variables(graph, scope, given_name, SLIM_GLOBAL_VARIABLES);
  slim_list found = { 0 };
  for (size_t i = 0; given_name && i < all.count; i++) {
    const char *name = all.item[i]->node->name;
    const char *slash = strrchr(name, '/');
    if (strcmp(slash ? slash + 1 : name, given_name) == 0) {
      append(graph, &found, all.item[i]);
    }
  }
  return slim_tensors_of(&found);
}

slim_tensor *slim_get_unique_variable(slim_graph *graph, const char *full_name)
{
  slim_tensor *found = slim_variable_find(graph, full_name);
  return found ? found
               : slim_graph_fail(graph, SLIM_ERR_NOT_FOUND, "variable '%s' does not exist", full_name ? full_name : "");
}

slim_tensors slim_get_variables_to_restore(slim_graph *graph, const char *const *include, const char *const *exclude)
{
  static const char *const all[] = { NULL, NULL };
  slim_list excluded = { 0 }, found = { 0 };
  for (; graph && exclude && *exclude; exclude++) {
    const slim_tensors part = slim_get_variables(graph, *exclude, NULL, SLIM_GLOBAL_VARIABLES);
    for (size_t i = 0; i < part.count; i++) {
      append(graph, &excluded, part.item[i]);
    }
  }
  for (const char *const *scope = include ? include : all; graph && (*scope || scope == all); scope++) {
    const slim_tensors part = slim_get_variables(graph, *scope, NULL, SLIM_GLOBAL_VARIABLES);
    for (size_t i = 0; i < part.count; i++) {
      if (!contains(slim_tensors_of(&excluded), part.item[i])) {
        append(graph, &found, part.item[i]);
      }
    }
  }
  return slim_tensors_of(&found);
}

/* Does one of the patterns match the name? */
static bool any_matches(slim_graph *graph, const char *const *patterns, bool search, const char *name)
{
  bool found = false;
  for (; !found && *patterns; patterns++) {
    slim_pattern *pattern = slim_pattern_create(graph, *patterns, !search);
    found = slim_pattern_matches(pattern, name);
    slim_pattern_destroy(pattern);
  }
  return found;
}

slim_tensors slim_filter_variables(slim_tensors variables, const char *const *include_patterns,
                                   const char *const *exclude_patterns, bool search)
{
  slim_graph *graph = variables.count ? slim_graph_of(variables.item[0]) : NULL;
  slim_list found = { 0 };
  for (size_t i = 0; graph && i < variables.count; i++) {
    slim_tensor *tensor = variables.item[i];
    if ((!include_patterns || any_matches(graph, include_patterns, search, tensor->name)) &&
        !(exclude_patterns && any_matches(graph, exclude_patterns, search, tensor->name))) {
      append(graph, &found, tensor);
    }
  }
  return slim_tensors_of(&found);
}
