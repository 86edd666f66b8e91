/* Name scopes and variable scopes with TensorFlow's rules. */
#include "graph/state.h"

#include <string.h>

struct slim_scope_saved {
  slim_scope_state state;
  int kind;
};

/* A depth that closes nothing. */
#define NOTHING SIZE_MAX

slim_scope slim_scope_push(slim_graph *graph, int kind)
{
  slim_scope scope = { .open = true, .kind = kind, .graph = graph, .depth = NOTHING };
  if (!graph) {
    return scope;
  }
  struct slim_scopes *scopes = graph->scopes;
  if (scopes->depth == scopes->capacity) {
    const size_t capacity = scopes->capacity ? scopes->capacity * 2 : 16;
    struct slim_scope_saved *saved = slim_arena_array(graph->arena, capacity, sizeof *saved);
    if (!saved) {
      (void)slim_graph_no_memory(graph);
      return scope;
    }
    if (scopes->depth) {
      memcpy(saved, scopes->saved, scopes->depth * sizeof *saved);
    }
    scopes->saved = saved;
    scopes->capacity = capacity;
  }
  scope.depth = scopes->depth;
  scopes->saved[scopes->depth++] = (struct slim_scope_saved){ scopes->now, kind };
  return scope;
}

/* Leaving a variable scope: default names inside it start again at the first. */
static void forget_counts(struct slim_scopes *scopes, const char *name)
{
  const size_t length = strlen(name);
  for (size_t i = 0; i < scopes->counts.used; i++) {
    slim_map_entry *entry = &scopes->counts.entry[i];
    if (strncmp(entry->key, name, length) == 0 && entry->key[length] == '/') {
      entry->count = 0;
    }
  }
}

void slim_scope_end(slim_scope *scope)
{
  if (!scope || !scope->open) {
    return;
  }
  scope->open = false;
  if (!scope->graph || scope->depth == NOTHING) {
    return;
  }
  struct slim_scopes *scopes = scope->graph->scopes;
  while (scopes->depth > scope->depth) {
    const struct slim_scope_saved *saved = &scopes->saved[--scopes->depth];
    if (saved->kind == SLIM_SCOPE_VARIABLE) {
      forget_counts(scopes, scopes->now.variable_scope);
    }
    scopes->now = saved->state;
  }
}

/* Opens a name scope in the state in force: made unique, or as it is when the name ends with a slash. */
static void enter_name(slim_graph *graph, const char *name)
{
  slim_scope_state *now = &graph->scopes->now;
  const size_t length = strlen(name);
  if (length == 0) {
    now->name_scope = "";
    return;
  }
  if (!slim_name_valid(name, *now->name_scope != '\0')) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "scope: '%s' is not a valid name (letters, digits and _.-/)", name);
    return;
  }
  const char *full = NULL;
  if (name[length - 1] == '/') {
    full = slim_arena_strndup(graph->arena, name, length - 1);
  } else {
    full = slim_name_join(graph, now->name_scope, name);
    full = full ? slim_name_unique(graph, full) : NULL;
  }
  if (full) {
    now->name_scope = full;
  } else {
    (void)slim_graph_no_memory(graph);
  }
}

slim_scope slim_name_scope_begin(slim_graph *graph, const char *name)
{
  const slim_scope scope = slim_scope_push(graph, SLIM_SCOPE_NAME);
  if (graph) {
    enter_name(graph, name ? name : "");
  }
  return scope;
}

static long opened(const slim_graph *graph, const char *full)
{
  const slim_map_entry *entry = slim_map_find(&graph->scopes->counts, full);
  return entry ? entry->count : 0;
}

/* default_name, or default_name_1, ...: the first that the variable scope in force has not opened yet. */
static const char *default_leaf(slim_graph *graph, const char *default_name)
{
  const char *around = graph->scopes->now.variable_scope;
  const char *full = slim_name_join(graph, around, default_name);
  const char *leaf = default_name;
  for (int i = 1; full && leaf && opened(graph, full); i++) {
    leaf = slim_arena_printf(graph->arena, "%s_%d", default_name, i);
    full = leaf ? slim_name_join(graph, around, leaf) : NULL;
  }
  return full ? leaf : NULL;
}

static void enter_variable(slim_graph *graph, const char *leaf, slim_reuse reuse)
{
  slim_scope_state *now = &graph->scopes->now;
  const char *full = slim_name_join(graph, now->variable_scope, leaf);
  slim_map_entry *entry = full ? slim_map_add(graph->arena, &graph->scopes->counts, full) : NULL;
  if (!entry) {
    (void)slim_graph_no_memory(graph);
    return;
  }
  entry->count++;
  now->variable_scope = full;
  if (reuse == SLIM_REUSE_YES || reuse == SLIM_AUTO_REUSE) {
    now->reuse = reuse;
  }
}

slim_scope slim_variable_scope_begin(slim_graph *graph, const char *name, const char *default_name, slim_reuse reuse)
{
  const slim_scope scope = slim_scope_push(graph, name && !*name ? SLIM_SCOPE_NAME : SLIM_SCOPE_VARIABLE);
  if (!graph) {
    return scope;
  }
  if (!name && !default_name) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "variable scope: neither name nor default name is given");
    return scope;
  }
  if (!name && reuse == SLIM_REUSE_YES) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "variable scope '%s': reuse needs a scope name", default_name);
    return scope;
  }
  const char *leaf = name ? name : default_leaf(graph, default_name);
  if (leaf && *leaf) {
    enter_name(graph, name ? name : default_name);
    enter_variable(graph, leaf, reuse);
  } else if (leaf && (reuse == SLIM_REUSE_YES || reuse == SLIM_AUTO_REUSE)) {
    graph->scopes->now.reuse = reuse;
  }
  return scope;
}

const char *slim_variable_scope_name(const slim_graph *graph)
{
  return graph ? graph->scopes->now.variable_scope : "";
}

const char *slim_name_scope_current(const slim_graph *graph)
{
  return graph ? graph->scopes->now.name_scope : "";
}
