/* A layer several times over. */
#include "layers/layer.h"

#include <ctype.h>
#include <string.h>

/* What TF-Slim calls the function behind a layer: conv2d is short for convolution2d, separable_conv2d likewise. */
static const char *scope_of(const slim_graph *graph, slim_layer_fn layer, const char *otherwise)
{
  const char *name = slim_layer_name(graph, layer);
  const char *shortened = name ? strstr(name, "conv") : NULL;
  if (!shortened || !isdigit((unsigned char)shortened[4])) {
    return name ? name : otherwise;
  }
  const char *full = slim_arena_printf(graph->arena, "%.*sconvolution%s", (int)(shortened - name), name, shortened + 4);
  return full ? full : name;
}

/* Calls the layer with the values and options of args, under the scope "<prefix>_<number>". */
static slim_tensor *call_one(slim_graph *graph, slim_args one, slim_tensor *net, const char *prefix, int number)
{
  const slim_layer_fn layer = one.layer;
  one.scope = slim_arena_printf(graph->arena, "%s_%d", prefix, number);
  one.input = net;
  one.layer = NULL;
  one.repetitions = 0;
  one.rows = (slim_rows){ NULL, 0 };
  return one.scope ? layer(&one) : slim_graph_fail(graph, SLIM_ERR_MEMORY, "repeat: out of memory");
}

/* Checks what both take. @return the graph, NULL when there is none; *usable says whether to go on. */
static slim_graph *begin(const slim_args *args, const char *what, bool *usable)
{
  slim_graph *graph = args->input ? slim_graph_of(args->input) : args->graph;
  *usable = graph && args->input && args->layer && !slim_is_poison(args->input);
  if (graph && !*usable && !(args->input && slim_is_poison(args->input))) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "%s: the %s is missing", what, args->input ? "layer" : "input");
  }
  return graph;
}

slim_tensor *(slim_repeat)(const slim_args *args)
{
  bool usable;
  slim_graph *graph = begin(args, "repeat", &usable);
  if (!usable) {
    return graph ? graph->poison : NULL;
  }
  if (args->repetitions < 0) {
    return slim_graph_fail(graph, SLIM_ERR_ARG, "repeat: %d repetitions are not possible", args->repetitions);
  }
  const char *prefix = args->scope ? args->scope : scope_of(graph, args->layer, "repeat");
  slim_scope scope = slim_variable_scope_begin(graph, args->scope, "Repeat", SLIM_REUSE_UNSET);
  const slim_args all = slim_arg_scoped(graph, NULL, args);
  slim_tensor *net = args->input;
  for (int i = 0; i < args->repetitions && !slim_is_poison(net); i++) {
    net = call_one(graph, all, net, prefix, i + 1);
  }
  slim_scope_end(&scope);
  return net;
}

slim_tensor *(slim_stack)(const slim_args *args)
{
  bool usable;
  slim_graph *graph = begin(args, "stack", &usable);
  if (!usable) {
    return graph ? graph->poison : NULL;
  }
  if (args->rows.count && !args->rows.row) {
    return slim_graph_fail(graph, SLIM_ERR_ARG, "stack: the rows are missing");
  }
  const char *prefix = args->scope ? args->scope : scope_of(graph, args->layer, "stack");
  slim_scope scope = slim_variable_scope_begin(graph, args->scope, "Stack", SLIM_REUSE_UNSET);
  const slim_args all = slim_arg_scoped(graph, NULL, args);
  slim_tensor *net = args->input;
  for (size_t i = 0; i < args->rows.count && !slim_is_poison(net); i++) {
    slim_args row = all;
    row.num_outputs = args->rows.row[i].num_outputs;
    row.kernel = args->rows.row[i].kernel;
    net = call_one(graph, row, net, prefix, (int)i + 1);
  }
  slim_scope_end(&scope);
  return net;
}
