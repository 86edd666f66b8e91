/* The ops a graph begins with: placeholders, constants and variables. */
#include "graph/state.h"

#include "base/size.h"

#include <string.h>

static bool infer(slim_inference *q)
{
  const slim_source_attr *attr = q->attr;
  q->out[0] = attr->shape;
  q->out_type[0] = attr->dtype;
  return true;
}

const slim_op slim_op_placeholder = {
  .name = "placeholder", .outputs = 1, .attr_size = sizeof(slim_source_attr), .infer = infer
};
const slim_op slim_op_constant = {
  .name = "constant", .outputs = 1, .attr_size = sizeof(slim_source_attr), .infer = infer
};
const slim_op slim_op_variable = {
  .name = "variable", .outputs = 1, .attr_size = sizeof(slim_source_attr), .infer = infer
};

bool slim_tensor_on_host(const slim_tensor *tensor)
{
  const slim_node *node = tensor->node;
  if (node->op == &slim_op_variable) {
    return node->variable && node->variable->host;
  }
  if (node->op == &slim_op_constant) {
    return ((const slim_source_attr *)node->attr)->host != 0;
  }
  if ((node->op->flags & SLIM_OP_ALIAS) && tensor->output == 0) {
    return slim_tensor_on_host(node->inputs[0]);
  }
  return (node->op->flags & SLIM_OP_HOST) != 0;
}

slim_tensor *slim_placeholder(slim_graph *graph, slim_dtype dtype, slim_shape shape, const char *name)
{
  const slim_source_attr attr = { .dtype = dtype, .shape = shape };
  if (graph && slim_dtype_size(dtype) == 0) {
    return slim_graph_fail(graph, SLIM_ERR_TYPE, "placeholder '%s': a tensor cannot have the type %s",
                           name ? name : "Placeholder", slim_dtype_name(dtype));
  }
  return slim_node_add(graph, &slim_op_placeholder, name ? name : "Placeholder", &attr, NULL, 0);
}

slim_status slim_declare_range(slim_tensor *placeholder, float low, float high)
{
  slim_node *node = placeholder ? placeholder->node : NULL;
  if (!node || node->op != &slim_op_placeholder || !(low < high)) {
    return SLIM_ERR_ARG;
  }
  slim_source_attr attr = *(const slim_source_attr *)node->attr;
  attr.low = low;
  attr.high = high;
  const void *kept = slim_arena_copy(node->graph->arena, &attr, sizeof attr);
  node->attr = kept ? kept : node->attr;
  return kept ? SLIM_OK : SLIM_ERR_MEMORY;
}

static slim_tensor *constant(slim_graph *graph, slim_source_attr attr, const void *values, const char *name)
{
  const char *leaf = name ? name : "Const";
  size_t bytes = 0;
  if (!graph) {
    return NULL;
  }
  if (!slim_size_mul(slim_shape_elements(&attr.shape), slim_dtype_size(attr.dtype), &bytes) || !bytes || !values) {
    char text[128];
    return slim_graph_fail(graph, SLIM_ERR_ARG, "constant '%s': no values of type %s and shape %s", leaf,
                           slim_dtype_name(attr.dtype), slim_shape_format(&attr.shape, text, sizeof text));
  }
  attr.values = slim_arena_copy(graph->arena, values, bytes);
  if (!attr.values) {
    (void)slim_graph_no_memory(graph);
    return graph->poison;
  }
  return slim_node_add(graph, &slim_op_constant, leaf, &attr, NULL, 0);
}

slim_tensor *slim_constant(slim_graph *graph, float value, const char *name)
{
  return constant(graph, (slim_source_attr){ .dtype = SLIM_FLOAT32, .host = 1 }, &value, name);
}

slim_tensor *slim_constant_tensor(slim_graph *graph, slim_dtype dtype, slim_shape shape, const void *values,
                                  const char *name)
{
  return constant(graph, (slim_source_attr){ .dtype = dtype, .shape = shape }, values, name);
}
