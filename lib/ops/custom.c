/* Ops registered at run time: the list of a graph, and a graph's view of them. */
#include "ops/rule.h"

#include <limits.h>
#include <string.h>

const slim_custom_op *slim_custom_spec(const slim_node *node)
{
  return &((const slim_custom_entry *)node->op)->spec;
}

static void gradient(slim_node *node, slim_tensor *const *dy, slim_tensor **dx)
{
  slim_tensor *out[SLIM_OP_OUTPUTS];
  const slim_custom_gradient g = { node->attr, node->num_inputs, node->op->outputs, node->inputs, out, dy, dx };
  for (int k = 0; k < g.outputs; k++) {
    out[k] = &node->outputs[k];
  }
  slim_custom_spec(node)->gradient(&g);
}

/* --- registering -------------------------------------------------------------------------------------------------- */

/* What is wrong with a description; NULL: nothing. */
static const char *fault_of(const slim_custom_op *spec)
{
  const bool launched = spec->opencl_kernel || spec->opencl_launch;
  return !spec->name || !*spec->name                            ? "the name is missing"
         : !spec->infer                                         ? "infer is missing"
         : !spec->cpu                                           ? "the cpu function is missing"
         : spec->inputs == 0 || spec->inputs < -1               ? "inputs must be 1 or more, or -1"
         : spec->outputs < 1 || spec->outputs > SLIM_OP_OUTPUTS ? "outputs must be 1 to 8"
         : spec->opencl_source && !launched                     ? "opencl_source without opencl_kernel or opencl_launch"
         : !spec->opencl_source && launched                     ? "opencl_kernel or opencl_launch without opencl_source"
                                                                : NULL;
}

static bool same_text(const char *a, const char *b)
{
  return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_op(const slim_custom_op *a, const slim_custom_op *b)
{
  return a->inputs == b->inputs && a->outputs == b->outputs && a->attr_size == b->attr_size &&
         a->shape_only == b->shape_only && a->optional == b->optional && a->infer == b->infer &&
         a->gradient == b->gradient && a->cpu == b->cpu && a->opencl_launch == b->opencl_launch &&
         same_text(a->opencl_source, b->opencl_source) && same_text(a->opencl_kernel, b->opencl_kernel);
}

static bool is_of_the_library(const char *name)
{
  bool found = false;
  for (int i = 0; i < SLIM_OP_COUNT && !found; i++) {
    found = strcmp(slim_op_table[i]->name, name) == 0;
  }
  return found;
}

static bool keep_text(slim_graph *graph, const char **text)
{
  if (*text) {
    *text = slim_arena_strdup(graph->arena, *text);
    return *text != NULL;
  }
  return true;
}

static slim_custom_entry *add_entry(slim_graph *graph, const slim_custom_op *spec)
{
  slim_custom_entry *entry = slim_arena_alloc(graph->arena, sizeof *entry);
  if (!entry) {
    return NULL;
  }
  *entry = (slim_custom_entry){ .spec = *spec, .next = graph->custom };
  if (!keep_text(graph, &entry->spec.name) || !keep_text(graph, &entry->spec.opencl_source) ||
      !keep_text(graph, &entry->spec.opencl_kernel)) {
    return NULL;
  }
  entry->op = (slim_op){ .name = entry->spec.name,
                         .base = &slim_op_custom,
                         .min_inputs = spec->inputs < 0 ? 1 : spec->inputs,
                         .max_inputs = spec->inputs,
                         .outputs = spec->outputs,
                         .attr_size = spec->attr_size,
                         .shape_only = spec->shape_only,
                         .kept = ~spec->optional,
                         .infer = spec->infer,
                         .gradient = spec->gradient ? gradient : NULL };
  graph->custom = entry;
  return entry;
}

/* The graph's op of this description, made at its first use; NULL with the graph's error set. */
static const slim_op *register_op(slim_graph *graph, const slim_custom_op *spec)
{
  const char *fault = fault_of(spec);
  if (fault) {
    (void)slim_graph_fail(graph, SLIM_ERR_ARG, "custom op '%s': %s", spec->name ? spec->name : "", fault);
    return NULL;
  }
  slim_custom_entry *entry = graph->custom;
  while (entry && strcmp(entry->spec.name, spec->name) != 0) {
    entry = entry->next;
  }
  if (entry ? !same_op(&entry->spec, spec) : is_of_the_library(spec->name)) {
    (void)slim_graph_fail(graph, SLIM_ERR_EXISTS, "custom op '%s': there is another op of this name%s", spec->name,
                          entry ? " in the graph" : " in the library");
    return NULL;
  }
  entry = entry ? entry : add_entry(graph, spec);
  if (!entry) {
    (void)slim_graph_fail(graph, SLIM_ERR_MEMORY, "custom op '%s': out of memory", spec->name);
    return NULL;
  }
  return &entry->op;
}

/* The graph of the first input that is there, and no more. */
static slim_graph *graph_of(slim_tensors inputs)
{
  slim_graph *graph = NULL;
  for (size_t i = 0; i < inputs.count && !graph; i++) {
    graph = slim_graph_of(inputs.item[i]);
  }
  return graph;
}

slim_tensor *slim_custom(const slim_custom_op *op, const char *name, const void *attr, slim_tensors inputs)
{
  slim_graph *graph = graph_of(inputs);
  if (!graph) {
    return NULL;
  }
  if (!op || inputs.count > INT_MAX) {
    return slim_graph_fail(graph, SLIM_ERR_ARG, "custom op: the description is missing");
  }
  slim_custom_op spec = { 0 };
  const size_t given = op->struct_size ? op->struct_size : sizeof spec;
  memcpy(&spec, op, given < sizeof spec ? given : sizeof spec);
  const slim_op *registered = register_op(graph, &spec);
  return registered ? slim_op_add(inputs.item, (int)inputs.count, registered, name ? name : registered->name, attr)
                    : slim_poison(inputs.item[0]);
}

/* The table's own stands for them all: no node has it. */
static bool infer(slim_inference *q)
{
  return slim_rule_fail(q, SLIM_ERR_UNSUPPORTED, "is added with slim_custom");
}

const slim_op slim_op_custom = { .name = "custom", .outputs = 1, .infer = infer };
