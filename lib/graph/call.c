/* An open call of a layer: options, scope, end points, errors. */
#include "graph/state.h"

#include <stdio.h>
#include <string.h>

static slim_graph *graph_of_call(const slim_args *args)
{
  const slim_tensor *tensor = args->input ? args->input : args->labels;
  return tensor ? slim_graph_of(tensor) : args->graph;
}

static bool inputs_usable(slim_call *call)
{
  const slim_args *a = &call->args;
  const slim_tensor *given[] = { a->input, a->labels, a->weights, a->batch_weights, a->training };
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
    if (given[i] && slim_is_poison(given[i])) {
      return false;
    }
    if (given[i] && slim_graph_of(given[i]) != call->graph) {
      (void)slim_fail(call, SLIM_ERR_ARG, "'%s' comes from another graph", given[i]->name);
      return false;
    }
  }
  return true;
}

enum { MOST_SCOPES = 64 }; /* a net has a dozen; a layer that calls itself has no end */

static bool too_deep(const slim_call *call)
{
  const struct slim_scopes *scopes = call->graph->scopes;
  if (scopes->depth < MOST_SCOPES) {
    return false;
  }
  (void)slim_graph_fail(call->graph, SLIM_ERR_STATE,
                        "%s: called within %d scopes; an arg scope may make a layer its own normalizer or activation, "
                        "in '%.24s...'",
                        call->layer, MOST_SCOPES, scopes->now.variable_scope);
  return true;
}

/* { 3 } means 3x3. */
static slim_hw both(slim_hw hw)
{
  return hw.h && !hw.w ? (slim_hw){ hw.h, hw.h } : hw;
}

bool slim_call_open(slim_call *call, const slim_layer_info *info, const slim_args *args)
{
  *call = (slim_call){ .layer = info->name };
  if (!args) {
    return false;
  }
  call->args = slim_args_read(args);
  call->graph = graph_of_call(&call->args);
  if (!call->graph || !inputs_usable(call) || too_deep(call)) {
    return false;
  }
  const slim_args *scoped = slim_arg_frame_find(call->graph, info->layer);
  if (scoped) {
    slim_options_merge(&call->args, scoped, false);
  }
  const char *refused = slim_options_refused(&call->args, info->accepted);
  if (refused) {
    (void)slim_fail(call, SLIM_ERR_ARG, "does not take the option %s", refused);
    return false;
  }
  const char *unusable = slim_option_unusable(&call->args);
  if (unusable) {
    (void)slim_fail(call, SLIM_ERR_ARG, "the option %s is not finite or has a value that does not exist", unusable);
    return false;
  }
  call->args.kernel = both(call->args.kernel);
  call->args.stride = both(call->args.stride);
  call->args.rate = both(call->args.rate);
  return true;
}

void slim_call_enter(slim_call *call, const char *default_name)
{
  slim_scope_state *now = &call->graph->scopes->now;
  call->scope = slim_variable_scope_begin(call->graph, call->args.scope, default_name, call->args.reuse);
  now->label = call->layer;
  now->label_scope = now->variable_scope;
}

void slim_call_enter_name(slim_call *call, const char *default_name)
{
  slim_scope_state *now = &call->graph->scopes->now;
  call->scope = slim_name_scope_begin(call->graph, call->args.scope ? call->args.scope : default_name);
  now->label = call->layer;
  now->label_scope = now->name_scope;
}

static const char *alias_of(const slim_call *call)
{
  const slim_scope_state *now = &call->graph->scopes->now;
  if (!call->scope.open) {
    return NULL;
  }
  return call->scope.kind == SLIM_SCOPE_NAME ? now->name_scope : now->variable_scope;
}

slim_tensor *slim_call_close(slim_call *call, slim_tensor *result)
{
  if (result && !slim_is_poison(result) && call->args.outputs_collections) {
    (void)slim_collections_add(call->graph, call->args.outputs_collections, result, alias_of(call), false);
  }
  slim_scope_end(&call->scope);
  return result;
}

/* Where the call stands: its open scope, or the one it would open. */
static const char *place_of(const slim_call *call)
{
  const slim_scope_state *now = &call->graph->scopes->now;
  if (call->scope.open) {
    return now->label_scope ? now->label_scope : "";
  }
  const char *leaf = call->args.scope;
  if (!leaf || !*leaf) {
    return now->variable_scope;
  }
  const char *full = slim_name_join(call->graph, now->variable_scope, leaf);
  return full ? full : leaf;
}

slim_tensor *slim_fail(slim_call *call, slim_status status, const char *format, ...)
{
  char text[SLIM_ERROR_TEXT];
  va_list list;
  va_start(list, format);
  (void)vsnprintf(text, sizeof text, format, list);
  va_end(list);
  const char *place = place_of(call);
  slim_tensor *poison = *place ? slim_graph_fail(call->graph, status, "%s '%s': %s", call->layer, place, text)
                               : slim_graph_fail(call->graph, status, "%s: %s", call->layer, text);
  slim_scope_end(&call->scope);
  return poison;
}
