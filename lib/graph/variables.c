/* Variables: get or create by scoped name, lists and filters, the global step. */
#include "graph/state.h"

#include "base/size.h"

#include <string.h>

slim_tensor *slim_variable_find(const slim_graph *graph, const char *full_name)
{
  return graph && full_name ? slim_map_get(&graph->names->variables, full_name) : NULL;
}

bool slim_is_variable(const slim_tensor *tensor)
{
  return tensor && tensor->node->variable;
}

bool slim_variable_trainable(const slim_tensor *variable)
{
  return slim_is_variable(variable) && variable->node->variable->trainable;
}

const char *slim_variable_full_name(const slim_tensor *variable)
{
  return slim_is_variable(variable) ? variable->node->variable->full_name : "";
}

static bool is_integer(slim_dtype dtype)
{
  return dtype == SLIM_INT32 || dtype == SLIM_INT64 || dtype == SLIM_UINT8 || dtype == SLIM_BOOL;
}

/* --- get or create ------------------------------------------------------------------------------------------------ */

static slim_tensor *get_existing(slim_tensor *found, const slim_variable_spec *spec)
{
  slim_graph *graph = found->node->graph;
  const char *name = slim_variable_full_name(found);
  char have[128], want[128];
  if (spec->reuse != SLIM_REUSE_YES && spec->reuse != SLIM_AUTO_REUSE) {
    return slim_graph_fail(graph, SLIM_ERR_EXISTS,
                           "variable '%s' already exists; set reuse in its scope to share it, or choose another scope",
                           name);
  }
  if (found->dtype != spec->dtype) {
    return slim_graph_fail(graph, SLIM_ERR_TYPE, "variable '%s' is %s and cannot be shared as %s", name,
                           slim_dtype_name(found->dtype), slim_dtype_name(spec->dtype));
  }
  if (!slim_shape_equal(&found->shape, &spec->shape)) {
    return slim_graph_fail(graph, SLIM_ERR_SHAPE, "variable '%s' has the shape %s and cannot be shared as %s", name,
                           slim_shape_format(&found->shape, have, sizeof have),
                           slim_shape_format(&spec->shape, want, sizeof want));
  }
  return found;
}

/* Glorot uniform for floats, zeros for integers. */
static slim_initializer default_initializer(slim_dtype dtype)
{
  return is_integer(dtype) ? SLIM_ZEROS : SLIM_XAVIER;
}

static slim_variable_info *keep_info(slim_graph *graph, const slim_variable_spec *spec, const char *full_name,
                                     size_t bytes)
{
  const slim_initializer initializer =
      spec->initializer.kind == SLIM_INIT_UNSET ? default_initializer(spec->dtype) : spec->initializer;
  slim_variable_info info = {
    .full_name = slim_arena_strdup(graph->arena, full_name),
    .initializer = initializer,
    .values = spec->values ? slim_arena_copy(graph->arena, spec->values, bytes) : NULL,
    .initial_of = spec->initial_of,
    .regularizer = spec->regularizer,
    .trainable = spec->trainable && !is_integer(spec->dtype),
    .host = spec->host || is_integer(spec->dtype),
    .device = slim_arena_strdup(graph->arena, spec->device),
  };
  slim_variable_info *kept = slim_arena_copy(graph->arena, &info, sizeof info);
  const bool good = kept && info.full_name && (!spec->values || info.values) && (!spec->device || info.device);
  return good ? kept : slim_graph_no_memory(graph);
}

static slim_tensor *create(slim_graph *graph, const slim_variable_spec *spec, const char *full_name)
{
  size_t bytes = 0;
  char shape[128];
  if (!slim_size_mul(slim_shape_elements(&spec->shape), slim_dtype_size(spec->dtype), &bytes) || bytes == 0) {
    return slim_graph_fail(graph, SLIM_ERR_SHAPE, "variable '%s' cannot be %s of shape %s; its sizes must be known and above 0", full_name,
                           slim_dtype_name(spec->dtype), slim_shape_format(&spec->shape, shape, sizeof shape));
  }
  if (spec->initializer.kind == SLIM_INIT_NONE) {
    return slim_graph_fail(graph, SLIM_ERR_ARG, "variable '%s' needs an initializer, SLIM_NO_INIT is none", full_name);
  }
  slim_variable_info *info = keep_info(graph, spec, full_name, bytes);
  const slim_source_attr attr = { .dtype = spec->dtype, .shape = spec->shape };
  if (!info) {
    return graph->poison;
  }
  slim_tensor *tensor = slim_node_add_named(graph, &slim_op_variable, full_name, &attr, NULL, 0);
  if (slim_is_poison(tensor)) {
    return tensor;
  }
  tensor->node->variable = info;
  slim_map_entry *entry = slim_map_add(graph->arena, &graph->names->variables, full_name);
  if (!entry) {
    (void)slim_graph_no_memory(graph);
    return graph->poison;
  }
  entry->value = tensor;
  (void)slim_collections_add(graph, spec->collections ? spec->collections : SLIM_GLOBAL_VARIABLES, tensor, NULL, true);
  if (info->trainable) {
    (void)slim_collections_add(graph, SLIM_TRAINABLE_VARIABLES, tensor, NULL, true);
  }
  return tensor;
}

slim_tensor *slim_variable_get(slim_graph *graph, const slim_variable_spec *spec, const char *full_name)
{
  slim_tensor *found = slim_variable_find(graph, full_name);
  if (found) {
    return get_existing(found, spec);
  }
  if (spec->reuse == SLIM_REUSE_YES) {
    return slim_graph_fail(graph, SLIM_ERR_NOT_FOUND,
                           "variable '%s' does not exist, and reuse asks for an existing one", full_name);
  }
  slim_tensor *made = create(graph, spec, full_name);
  if (spec->created && !slim_is_poison(made)) {
    *spec->created = made;
  }
  return made;
}

slim_tensor *slim_variable_make(slim_graph *graph, const slim_variable_spec *spec)
{
  if (spec->created) {
    *spec->created = NULL;
  }
  if (!graph) {
    return NULL;
  }
  const slim_scope_state *now = &graph->scopes->now;
  if (!spec->name || !slim_name_valid(spec->name, false)) {
    return slim_graph_fail(graph, SLIM_ERR_ARG, "variable '%s': the name is not valid (letters, digits and _.-/)",
                           spec->name ? spec->name : "");
  }
  const char *full_name = spec->exact ? spec->name : slim_name_join(graph, now->variable_scope, spec->name);
  if (!full_name) {
    return graph->poison;
  }
  const bool own = spec->reuse == SLIM_REUSE_YES || spec->reuse == SLIM_AUTO_REUSE;
  slim_variable_spec full = *spec;
  full.reuse = own ? spec->reuse : spec->exact ? SLIM_REUSE_UNSET : now->reuse;
  full.dtype = spec->dtype ? spec->dtype : SLIM_FLOAT32;
  return slim_getter_ask(graph, &full, full_name, spec->exact ? NULL : now->getter);
}

/* A name under the name scope, made unique: these variables are never shared. */
static slim_tensor *plain_variable(slim_graph *graph, const char *name, slim_dtype dtype, slim_shape shape,
                                   const void *values, const char *collection)
{
  if (!graph) {
    return NULL;
  }
  const char *leaf = name ? name : "Variable";
  const char *base = slim_name_join(graph, graph->scopes->now.name_scope, leaf);
  const char *full_name = base;
  for (int i = 1; full_name && slim_variable_find(graph, full_name); i++) {
    full_name = slim_arena_printf(graph->arena, "%s_%d", base, i);
  }
  if (!full_name) {
    (void)slim_graph_no_memory(graph);
    return graph->poison;
  }
  return slim_variable_make(graph, &(slim_variable_spec){ .name = full_name,
                                                          .exact = true,
                                                          .dtype = dtype,
                                                          .shape = shape,
                                                          .values = values,
                                                          .initializer = SLIM_ZEROS,
                                                          .collections = collection });
}

slim_tensor *slim_local_variable(slim_graph *graph, const char *name, slim_dtype dtype, slim_shape shape,
                                 const void *values)
{
  return plain_variable(graph, name, dtype, shape, values, SLIM_LOCAL_VARIABLES);
}

slim_tensor *slim_global_variable(slim_graph *graph, const char *name, slim_dtype dtype, slim_shape shape,
                                  const void *values)
{
  return plain_variable(graph, name, dtype, shape, values, SLIM_GLOBAL_VARIABLES);
}

slim_status slim_add_model_variable(slim_tensor *variable)
{
  if (!variable) {
    return SLIM_ERR_ARG;
  }
  slim_graph *graph = variable->node->graph;
  if (!slim_is_variable(variable)) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "add_model_variable: '%s' is not a variable", variable->name);
    return graph->error.status;
  }
  return slim_collections_add(graph, SLIM_MODEL_VARIABLES, variable, NULL, true);
}

/* --- global step -------------------------------------------------------------------------------------------------- */

#define GLOBAL_STEP "global_step"

slim_tensor *slim_get_global_step(slim_graph *graph)
{
  return slim_variable_find(graph, GLOBAL_STEP);
}

slim_tensor *slim_create_global_step(slim_graph *graph)
{
  const int64_t zero = 0;
  return slim_variable_make(graph, &(slim_variable_spec){ .name = GLOBAL_STEP,
                                                          .exact = true,
                                                          .dtype = SLIM_INT64,
                                                          .shape = SLIM_SCALAR,
                                                          .values = &zero,
                                                          .host = true,
                                                          .collections = SLIM_GLOBAL_VARIABLES "," GLOBAL_STEP });
}

slim_tensor *slim_get_or_create_global_step(slim_graph *graph)
{
  slim_tensor *step = slim_get_global_step(graph);
  return step ? step : slim_create_global_step(graph);
}

slim_status slim_assert_global_step(slim_tensor *global_step)
{
  if (!global_step) {
    return SLIM_ERR_TYPE;
  }
  slim_graph *graph = global_step->node->graph;
  const bool integer = global_step->dtype == SLIM_INT32 || global_step->dtype == SLIM_INT64;
  if (slim_is_poison(global_step) || (integer && global_step->shape.rank == 0)) {
    return graph->error.status;
  }
  char text[128];
  (void)slim_graph_fail(graph, SLIM_ERR_TYPE, "global_step '%s' is %s %s, must be an integer scalar", global_step->name,
                        slim_dtype_name(global_step->dtype),
                        slim_shape_format(&global_step->shape, text, sizeof text));
  return SLIM_ERR_TYPE;
}

slim_tensor *slim_assert_or_get_global_step(slim_graph *graph, slim_tensor *global_step)
{
  if (!global_step) {
    return slim_get_global_step(graph);
  }
  return slim_assert_global_step(global_step) == SLIM_OK ? global_step : global_step->node->graph->poison;
}
