/* Custom getters: what stands between layers and their variables. */
#include "graph/state.h"

struct slim_getter {
  slim_graph *graph;
  const slim_variable_spec *spec;
  const slim_custom_getter *next; /* whom slim_getter_get asks */
};

/* What the getter handed back, if it can stand for the variable. */
static slim_tensor *check(slim_graph *graph, const slim_variable_spec *spec, const char *full_name, slim_tensor *given)
{
  char have[128], want[128];
  if (!given || given->node->graph != graph) {
    return slim_graph_fail(graph, SLIM_ERR_ARG, "variable '%s': its custom getter gives no tensor of this graph",
                           full_name);
  }
  if (slim_is_poison(given) || (given->dtype == spec->dtype && slim_shape_equal(&given->shape, &spec->shape))) {
    return given;
  }
  return slim_graph_fail(graph, SLIM_ERR_SHAPE, "variable '%s': its custom getter gives %s %s, not %s %s", full_name,
                         slim_dtype_name(given->dtype), slim_shape_format(&given->shape, have, sizeof have),
                         slim_dtype_name(spec->dtype), slim_shape_format(&spec->shape, want, sizeof want));
}

slim_tensor *slim_getter_ask(slim_graph *graph, const slim_variable_spec *spec, const char *full_name,
                             const slim_custom_getter *getter)
{
  if (!getter) {
    return slim_variable_get(graph, spec, full_name);
  }
  const slim_getter asked = { graph, spec, getter->outer };
  return check(graph, spec, full_name, getter->fn(getter->user, &asked, full_name));
}

slim_tensor *slim_getter_get(const slim_getter *getter, const char *name)
{
  if (!getter) {
    return NULL;
  }
  if (!name || !slim_name_valid(name, false)) {
    return slim_graph_fail(getter->graph, SLIM_ERR_ARG,
                           "custom getter: '%s' is not a valid name (letters, digits and _.-/)", name ? name : "");
  }
  return slim_getter_ask(getter->graph, getter->spec, name, getter->next);
}

slim_status slim_set_custom_getter(slim_graph *graph, slim_getter_fn getter, void *user)
{
  if (!graph) {
    return SLIM_ERR_ARG;
  }
  if (!getter) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "set_custom_getter: the getter is missing");
    return graph->error.status;
  }
  const slim_custom_getter made = { getter, user, graph->scopes->now.getter };
  const slim_custom_getter *kept = slim_arena_copy(graph->arena, &made, sizeof made);
  if (!kept) {
    (void)slim_graph_no_memory(graph);
    return graph->error.status;
  }
  graph->scopes->now.getter = kept;
  return graph->error.status;
}
