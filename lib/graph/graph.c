#include "graph/state.h"

#include "base/rng.h"
#include "base/size.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const slim_op op_poison = { .name = "poison", .outputs = 1 };

static bool create_poison(slim_graph *graph)
{
  slim_node *node = slim_arena_alloc(graph->arena, sizeof *node);
  slim_tensor *tensor = slim_arena_alloc(graph->arena, sizeof *tensor);
  if (!node || !tensor) {
    return false;
  }
  *tensor = (slim_tensor){ .node = node, .id = -1, .name = "poison:0" };
  *node = (slim_node){ .graph = graph, .op = &op_poison, .name = "poison", .id = -1, .outputs = tensor };
  graph->poison = tensor;
  return true;
}

slim_graph *slim_graph_create(uint64_t seed)
{
  slim_arena *arena = slim_arena_create();
  slim_graph *graph = slim_arena_alloc(arena, sizeof *graph);
  if (graph) {
    *graph = (slim_graph){ .arena = arena, .seed = seed };
    graph->names = slim_arena_alloc(arena, sizeof *graph->names);
    graph->scopes = slim_arena_alloc(arena, sizeof *graph->scopes);
    graph->arg_scopes = slim_arena_alloc(arena, sizeof *graph->arg_scopes);
    graph->collections = slim_arena_alloc(arena, sizeof *graph->collections);
  }
  if (!graph || !graph->names || !graph->scopes || !graph->arg_scopes || !graph->collections || !create_poison(graph)) {
    slim_arena_destroy(arena);
    return NULL;
  }
  graph->scopes->now = (slim_scope_state){ .name_scope = "", .variable_scope = "" };
  return graph;
}

slim_status slim_graph_own(slim_graph *graph, void *object, void (*end)(void *object))
{
  slim_owned *owned = slim_arena_alloc(graph->arena, sizeof *owned);
  if (!owned) {
    end(object);
    (void)slim_graph_no_memory(graph);
    return SLIM_ERR_MEMORY;
  }
  *owned = (slim_owned){ object, end, graph->owned };
  graph->owned = owned;
  return SLIM_OK;
}

void slim_graph_destroy(slim_graph *graph)
{
  if (graph) {
    for (const slim_owned *o = graph->owned; o; o = o->next) {
      o->end(o->object);
    }
    slim_arena_destroy(graph->arena);
  }
}

slim_status slim_graph_status(const slim_graph *graph)
{
  return graph ? graph->error.status : SLIM_ERR_MEMORY;
}

const char *slim_graph_error(const slim_graph *graph)
{
  return graph ? graph->error.text : "no graph: out of memory";
}

uint64_t slim_graph_seed(const slim_graph *graph)
{
  return graph ? graph->seed : 0;
}

slim_graph *slim_graph_of(const slim_tensor *tensor)
{
  return tensor ? tensor->node->graph : NULL;
}

const char *slim_tensor_name(const slim_tensor *tensor)
{
  return tensor ? tensor->name : "";
}

slim_shape slim_tensor_shape(const slim_tensor *tensor)
{
  return tensor ? tensor->shape : (slim_shape){ 0 };
}

slim_dtype slim_tensor_dtype(const slim_tensor *tensor)
{
  return tensor ? tensor->dtype : SLIM_DTYPE_NONE;
}

slim_tensor *slim_graph_find(const slim_graph *graph, const char *name)
{
  if (!graph || !name) {
    return NULL;
  }
  const slim_node *node = slim_map_get(&graph->names->nodes, name);
  if (node) {
    return &node->outputs[0];
  }
  for (size_t i = 0; i < graph->num_tensors; i++) {
    if (strcmp(graph->tensors[i]->name, name) == 0) {
      return graph->tensors[i];
    }
  }
  return NULL;
}

bool slim_is_poison(const slim_tensor *tensor)
{
  return tensor && tensor == tensor->node->graph->poison;
}

slim_tensor *slim_poison(const slim_tensor *tensor)
{
  return tensor ? tensor->node->graph->poison : NULL;
}

/* A name that came from the user may hold anything. */
static void keep_one_line(char *text)
{
  for (; *text; text++) {
    *text = iscntrl((unsigned char)*text) ? '?' : *text;
  }
}

slim_tensor *slim_graph_fail(slim_graph *graph, slim_status status, const char *format, ...)
{
  if (!graph) {
    return NULL;
  }
  if (graph->error.status == SLIM_OK) {
    char text[SLIM_ERROR_TEXT];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    keep_one_line(text);
    (void)slim_error_set(&graph->error, status, "%s", text);
  }
  return graph->poison;
}

void *slim_graph_no_memory(slim_graph *graph)
{
  (void)slim_graph_fail(graph, SLIM_ERR_MEMORY, "graph: out of memory");
  return NULL;
}

slim_stage slim_graph_set_stage(slim_graph *graph, slim_stage stage)
{
  if (!graph) {
    return SLIM_STAGE_COMPUTE;
  }
  const slim_stage before = graph->names->stage;
  graph->names->stage = stage;
  return before;
}

slim_tensors slim_tensors_of(const slim_list *list)
{
  static slim_tensor *const none[1] = { NULL }; /* an empty list is not one that is left out */
  return (slim_tensors){ list->count, list->count ? (slim_tensor *const *)list->item : none };
}

slim_tensor *slim_tensor_output(slim_tensor *tensor, int k)
{
  if (!tensor || slim_is_poison(tensor)) {
    return tensor;
  }
  const slim_node *node = tensor->node;
  if (k < 0 || k >= node->op->outputs) {
    return slim_graph_fail(node->graph, SLIM_ERR_ARG, "%s '%s': there is no output %d, it has %d", node->op->name,
                           node->name, k, node->op->outputs);
  }
  return &tensor->node->outputs[k];
}

/* --- adding a node ------------------------------------------------------------------------------------------------ */

/* "conv2d 'vgg_16/conv1': text", with the layer that is being built if there is one. */
static slim_tensor *node_fail(slim_graph *graph, const slim_op *op, const char *name, slim_status status,
                              const char *text)
{
  const slim_scope_state *now = &graph->scopes->now;
  if (now->label) {
    return slim_graph_fail(graph, status, "%s '%s': %s", now->label, now->label_scope, text);
  }
  return slim_graph_fail(graph, status, "%s '%s': %s", op->name, name, text);
}

static bool inputs_usable(slim_graph *graph, const slim_op *op, const char *name, slim_tensor *const *inputs, int count)
{
  char text[200];
  if (count < op->min_inputs || (op->max_inputs >= 0 && count > op->max_inputs)) {
    (void)snprintf(text, sizeof text, "%d inputs, must be %d to %d", count, op->min_inputs, op->max_inputs);
    (void)node_fail(graph, op, name, SLIM_ERR_ARG, text);
    return false;
  }
  for (int i = 0; i < count; i++) {
    if (inputs[i] && slim_is_poison(inputs[i])) {
      return false;
    }
    if (!inputs[i] || inputs[i]->node->graph != graph) {
      (void)snprintf(text, sizeof text, inputs[i] ? "input %d comes from another graph" : "input %d is missing", i);
      (void)node_fail(graph, op, name, SLIM_ERR_ARG, text);
      return false;
    }
  }
  return true;
}

/* Dimensions are at least 0, only dim[0] is open, and the elements can be counted. */
static bool shape_possible(const slim_shape *shape)
{
  size_t elements = 1;
  if (shape->rank < 0 || shape->rank > SLIM_MAX_RANK) {
    return false;
  }
  for (int i = 0; i < shape->rank; i++) {
    const int dim = i == 0 && shape->dim[i] == -1 ? 1 : shape->dim[i];
    if (dim < 0 || !slim_size_mul(elements, (size_t)dim, &elements)) {
      return false;
    }
  }
  return elements <= SIZE_MAX / 16;
}

static bool open_inside(const slim_shape *shape)
{
  bool open = false;
  for (int i = 1; i < shape->rank && shape->rank <= SLIM_MAX_RANK; i++) {
    open = open || shape->dim[i] == -1;
  }
  return open;
}

/* Runs the shape rule; shapes and types of the outputs are its result. */
static bool infer(slim_graph *graph, const char *name, const slim_node *node, slim_shape *out, slim_dtype *out_type)
{
  const size_t count = (size_t)node->num_inputs;
  slim_shape *in = calloc(count + 1, sizeof *in);
  slim_dtype *in_type = calloc(count + 1, sizeof *in_type);
  slim_error error = { 0 };
  bool good = in && in_type;
  if (!good) {
    (void)slim_error_set(&error, SLIM_ERR_MEMORY, "out of memory");
  }
  for (size_t i = 0; good && i < count; i++) {
    in[i] = node->inputs[i]->shape;
    in_type[i] = node->inputs[i]->dtype;
  }
  for (int k = 0; good && k < node->op->outputs; k++) {
    out_type[k] = count ? in_type[0] : SLIM_FLOAT32;
  }
  slim_inference question = { .attr = node->attr,
                              .inputs = node->num_inputs,
                              .in = in,
                              .in_type = in_type,
                              .out = out,
                              .out_type = out_type,
                              .error = &error };
  good = good && node->op->infer(&question);
  for (int k = 0; good && k < node->op->outputs; k++) {
    if (!shape_possible(&out[k])) {
      char text[128];
      good = false;
      (void)slim_error_set(&error, SLIM_ERR_SHAPE, "output %d cannot have the shape %s%s", k,
                           slim_shape_format(&out[k], text, sizeof text),
                           open_inside(&out[k]) ? "; only the first dimension may be open" : "");
    }
  }
  free(in);
  free(in_type);
  if (!good) {
    (void)node_fail(graph, node->op, name, error.status ? error.status : SLIM_ERR_SHAPE, error.text);
  }
  return good;
}

static bool keep_outputs(slim_graph *graph, slim_node *node, const slim_shape *shape, const slim_dtype *dtype)
{
  const int outputs = node->op->outputs;
  node->outputs = slim_arena_array(graph->arena, (size_t)outputs, sizeof *node->outputs);
  for (int k = 0; node->outputs && k < outputs; k++) {
    slim_tensor *t = &node->outputs[k];
    *t = (slim_tensor){ .node = node,
                        .output = k,
                        .id = (int)graph->names->tensor_list.count,
                        .dtype = dtype[k],
                        .shape = shape[k],
                        .name = slim_arena_printf(graph->arena, "%s:%d", node->name, k) };
    if (!t->name || !slim_list_push(graph->arena, &graph->names->tensor_list, t)) {
      return false;
    }
  }
  return node->outputs != NULL;
}

/* "conv1/" is the name of the scope conv1 itself, free for one op; other names are made unique. */
static const char *name_of_node(slim_graph *graph, const char *name)
{
  const size_t length = strlen(name);
  if (name[length - 1] != '/') {
    return slim_name_unique(graph, name);
  }
  const char *own = slim_arena_strndup(graph->arena, name, length - 1);
  return own && slim_map_find(&graph->names->nodes, own) ? slim_name_unique(graph, own) : own;
}

/* Gives the inferred node its name and its place in the graph. */
static slim_tensor *enlist(slim_graph *graph, slim_node *node, const char *name, const slim_shape *shape,
                           const slim_dtype *dtype)
{
  struct slim_names *names = graph->names;
  node->name = name_of_node(graph, name);
  slim_map_entry *entry = node->name ? slim_map_add(graph->arena, &names->nodes, node->name) : NULL;
  if (!entry || !slim_list_push(graph->arena, &names->node_list, node) || !keep_outputs(graph, node, shape, dtype)) {
    (void)slim_graph_no_memory(graph);
    return graph->poison;
  }
  entry->value = node;
  node->hash = slim_hash(node->name);
  node->id = (int)names->node_list.count - 1;
  graph->nodes = (slim_node **)names->node_list.item;
  graph->num_nodes = names->node_list.count;
  graph->tensors = (slim_tensor **)names->tensor_list.item;
  graph->num_tensors = names->tensor_list.count;
  return &node->outputs[0];
}

slim_tensor *slim_node_add_named(slim_graph *graph, const slim_op *op, const char *full_name, const void *attr,
                                 slim_tensor *const *inputs, int num_inputs)
{
  if (!graph || !inputs_usable(graph, op, full_name, inputs, num_inputs)) {
    return graph ? graph->poison : NULL;
  }
  if (op->outputs < 1 || op->outputs > SLIM_OP_OUTPUTS) {
    return slim_graph_fail(graph, SLIM_ERR_ARG, "%s '%s': %d outputs, must be 1 to %d", op->name, full_name,
                           op->outputs, SLIM_OP_OUTPUTS);
  }
  slim_node *node = slim_arena_alloc(graph->arena, sizeof *node);
  slim_tensor **copy = slim_arena_array(graph->arena, (size_t)num_inputs, sizeof *copy);
  void *attributes = slim_arena_alloc(graph->arena, op->attr_size);
  if (!node || !copy || !attributes) {
    (void)slim_graph_no_memory(graph);
    return graph->poison;
  }
  if (num_inputs) {
    memcpy(copy, inputs, (size_t)num_inputs * sizeof *copy);
  }
  if (attr && op->attr_size) {
    memcpy(attributes, attr, op->attr_size);
  }
  *node = (slim_node){
    .graph = graph, .op = op, .stage = graph->names->stage, .attr = attributes, .num_inputs = num_inputs, .inputs = copy
  };
  slim_shape shape[SLIM_OP_OUTPUTS] = { { 0 } };
  slim_dtype dtype[SLIM_OP_OUTPUTS] = { SLIM_DTYPE_NONE };
  return infer(graph, full_name, node, shape, dtype) ? enlist(graph, node, full_name, shape, dtype) : graph->poison;
}

slim_tensor *slim_node_add(slim_graph *graph, const slim_op *op, const char *name, const void *attr,
                           slim_tensor *const *inputs, int num_inputs)
{
  if (!graph) {
    return NULL;
  }
  const char *leaf = name ? name : op->name;
  if (!slim_name_valid(leaf, *slim_name_scope_current(graph) != '\0')) {
    return slim_graph_fail(graph, SLIM_ERR_ARG, "%s: '%s' is not a valid name (letters, digits and _.-/)", op->name,
                           leaf);
  }
  const char *scope = slim_name_scope_current(graph);
  const char *full =
      strcmp(leaf, "/") == 0 ? slim_arena_printf(graph->arena, "%s/", scope) : slim_name_join(graph, scope, leaf);
  return full ? slim_node_add_named(graph, op, full, attr, inputs, num_inputs) : graph->poison;
}
