/* Arg scopes: defaults of named layers. Frames never change once made, so that a captured one stays what it was. */
#include "graph/state.h"

#include <string.h>

static const slim_arg_frame empty_frame = { 0, NULL };

static const slim_layer_info *find_layer(const slim_graph *graph, slim_layer_fn layer)
{
  const slim_list *own = &graph->arg_scopes->registered;
  for (size_t i = own->count; i-- > 0;) {
    const slim_layer_info *info = own->item[i];
    if (info->layer == layer) {
      return info;
    }
  }
  for (const slim_layer_info *const *row = slim_layer_table; *row; row++) {
    if ((*row)->layer == layer) {
      return *row;
    }
  }
  return NULL;
}

static const slim_args *frame_find(const slim_arg_frame *frame, slim_layer_fn layer)
{
  for (size_t i = 0; i < frame->count; i++) {
    if (frame->entry[i].layer == layer) {
      return frame->entry[i].args;
    }
  }
  return NULL;
}

const slim_args *slim_arg_frame_find(const slim_graph *graph, slim_layer_fn layer)
{
  const slim_arg_frame *now = graph->scopes->now.args;
  return now ? frame_find(now, layer) : NULL;
}

/* What the scope sets must be options; what stands before them in slim_args goes to the call. */
static bool options_usable(slim_graph *graph, const slim_args *a)
{
  const char *required = a->num_outputs    ? "num_outputs"
                         : a->input        ? "input"
                         : a->labels       ? "labels"
                         : a->layer        ? "layer"
                         : a->repetitions  ? "repetitions"
                         : a->rows.row     ? "rows"
                         : a->name         ? "name"
                         : a->shape.rank   ? "shape"
                         : a->axis         ? "axis"
                         : a->pooling_type ? "pooling_type"
                                           : NULL;
  if (required) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "arg_scope: %s is required of each call; a scope sets options",
                          required);
  }
  const char *unusable = required ? NULL : slim_option_unusable(a);
  if (unusable) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG,
                          "arg_scope: the option %s is not finite or has a value that does not exist", unusable);
  }
  return !required && !unusable;
}

/* Each layer is registered and takes all options that args sets. */
static bool layers_accept(slim_graph *graph, slim_ops ops, const slim_args *args)
{
  if (!ops.op || ops.count == 0) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "arg_scope: no layer is named");
    return false;
  }
  for (size_t i = 0; i < ops.count; i++) {
    const slim_layer_info *info = find_layer(graph, ops.op[i]);
    if (!info) {
      (void)slim_graph_fail(graph, SLIM_ERR_ARG, "arg_scope: layer %zu of %zu is not registered (slim_add_arg_scope)",
                            i + 1, ops.count);
      return false;
    }
    const char *refused = slim_options_refused(args, info->accepted);
    if (refused) {
      (void)slim_graph_fail(graph, SLIM_ERR_ARG, "arg_scope: %s does not take the option %s", info->name, refused);
      return false;
    }
  }
  return true;
}

/* The entry of layer: what outer scopes set, overlaid with args. */
static const slim_args *merged(slim_graph *graph, slim_layer_fn layer, const slim_args *args)
{
  const slim_args *outer = slim_arg_frame_find(graph, layer);
  slim_args all = outer ? *outer : (slim_args){ .struct_size = sizeof(slim_args) };
  slim_options_merge(&all, args, true);
  return slim_arena_copy(graph->arena, &all, sizeof all);
}

static bool set_entry(slim_arg_entry *entry, size_t *count, slim_layer_fn layer, const slim_args *args)
{
  size_t i = 0;
  while (i < *count && entry[i].layer != layer) {
    i++;
  }
  entry[i] = (slim_arg_entry){ layer, args };
  *count += i == *count;
  return args != NULL;
}

static const slim_arg_frame *frame_create(slim_graph *graph, slim_ops ops, const slim_args *args)
{
  const slim_arg_frame *outer = slim_arg_scope_current(graph);
  slim_arg_frame *frame = slim_arena_alloc(graph->arena, sizeof *frame);
  slim_arg_entry *entry = slim_arena_array(graph->arena, outer->count + ops.count, sizeof *entry);
  size_t count = outer->count;
  bool good = frame && entry;
  if (good && count) {
    memcpy(entry, outer->entry, count * sizeof *entry);
  }
  for (size_t i = 0; good && i < ops.count; i++) {
    good = set_entry(entry, &count, ops.op[i], merged(graph, ops.op[i], args));
  }
  if (!good) {
    return slim_graph_no_memory(graph);
  }
  *frame = (slim_arg_frame){ count, entry };
  return frame;
}

slim_scope slim_arg_scope_begin(slim_graph *graph, slim_ops ops, const slim_args *args)
{
  const slim_scope scope = slim_scope_push(graph, SLIM_SCOPE_ARGS);
  if (!graph || !args) {
    return scope;
  }
  slim_args kept = slim_args_read(args);
  if (!options_usable(graph, &kept) || !layers_accept(graph, ops, &kept)) {
    return scope;
  }
  if (!slim_options_keep(graph, &kept)) {
    (void)slim_graph_no_memory(graph);
    return scope;
  }
  const slim_arg_frame *frame = frame_create(graph, ops, &kept);
  if (frame) {
    graph->scopes->now.args = frame;
  }
  return scope;
}

slim_scope slim_arg_scope_use(slim_graph *graph, const slim_arg_frame *frame)
{
  const slim_scope scope = slim_scope_push(graph, SLIM_SCOPE_ARGS);
  if (graph) {
    graph->scopes->now.args = frame;
  }
  return scope;
}

const slim_arg_frame *slim_arg_scope_current(slim_graph *graph)
{
  return graph && graph->scopes->now.args ? graph->scopes->now.args : &empty_frame;
}

/* --- layers of the user ------------------------------------------------------------------------------------------- */

/* Id of the option, SLIM_OPTION_COUNT if there is none. */
static int option_named(const char *name)
{
  int id = 0;
  while (id < SLIM_OPTION_COUNT && strcmp(slim_option_name(id), name) != 0) {
    id++;
  }
  return id;
}

slim_status slim_add_arg_scope(slim_graph *graph, slim_layer_fn layer, const char *name, const char *const *options)
{
  if (!graph) {
    return SLIM_ERR_MEMORY;
  }
  slim_layer_info info = { .layer = layer, .name = slim_arena_strdup(graph->arena, name ? name : "layer") };
  if (!layer) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "add_arg_scope '%s': the layer is NULL", info.name);
    return SLIM_ERR_ARG;
  }
  for (int id = 0; id < SLIM_OPTION_COUNT; id++) {
    info.accepted[id] = !options;
  }
  for (; options && *options; options++) {
    const int id = option_named(*options);
    if (id == SLIM_OPTION_COUNT) {
      (void)slim_graph_fail(graph, SLIM_ERR_ARG, "add_arg_scope '%s': there is no option '%s'", info.name, *options);
      return SLIM_ERR_ARG;
    }
    info.accepted[id] = true;
  }
  slim_layer_info *kept = slim_arena_copy(graph->arena, &info, sizeof info);
  if (!info.name || !kept || !slim_list_push(graph->arena, &graph->arg_scopes->registered, kept)) {
    (void)slim_graph_no_memory(graph);
    return SLIM_ERR_MEMORY;
  }
  return SLIM_OK;
}

bool slim_has_arg_scope(const slim_graph *graph, slim_layer_fn layer)
{
  return graph && find_layer(graph, layer) != NULL;
}

const char *slim_layer_name(const slim_graph *graph, slim_layer_fn layer)
{
  const slim_layer_info *info = graph ? find_layer(graph, layer) : NULL;
  return info ? info->name : NULL;
}

const char *slim_arg_scope_option(const slim_graph *graph, slim_layer_fn layer, size_t i)
{
  const slim_layer_info *info = graph ? find_layer(graph, layer) : NULL;
  for (int id = 0; info && id < SLIM_OPTION_COUNT; id++) {
    if (info->accepted[id] && i-- == 0) {
      return slim_option_name(id);
    }
  }
  return NULL;
}

slim_args slim_arg_scoped(slim_graph *graph, slim_layer_fn layer, const slim_args *args)
{
  slim_args all = slim_args_read(args);
  const slim_args *scoped = graph ? slim_arg_frame_find(graph, layer) : NULL;
  if (scoped) {
    slim_options_merge(&all, scoped, false);
  }
  const slim_layer_info *info = graph ? find_layer(graph, layer) : NULL;
  const char *refused = info ? slim_options_refused(&all, info->accepted) : NULL;
  if (refused) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "%s: does not take the option %s", info->name, refused);
  }
  return all;
}
