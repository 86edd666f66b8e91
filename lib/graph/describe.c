/* The graph as text and as a Graphviz drawing. */
#include "base/text.h"
#include "graph/state.h"

static void write_tensor(slim_text *w, const slim_tensor *tensor)
{
  char shape[128];
  slim_text_put(w, "%s %s", slim_dtype_name(tensor->dtype), slim_shape_format(&tensor->shape, shape, sizeof shape));
}

static void write_node(slim_text *w, const slim_node *node)
{
  slim_text_put(w, "%s: %s(", node->name, node->op->name);
  for (int i = 0; i < node->num_inputs; i++) {
    slim_text_put(w, i ? ", %s" : "%s", node->inputs[i]->name);
  }
  slim_text_put(w, ") -> ");
  for (int k = 0; k < node->op->outputs; k++) {
    slim_text_put(w, "%s", k ? ", " : "");
    write_tensor(w, &node->outputs[k]);
  }
  slim_text_put(w, "\n");
}

size_t slim_graph_describe(const slim_graph *graph, char *text, size_t size)
{
  slim_text w = slim_text_begin(text, size);
  for (size_t i = 0; graph && i < graph->num_nodes; i++) {
    write_node(&w, graph->nodes[i]);
  }
  return w.length;
}

size_t slim_graph_dot(const slim_graph *graph, char *text, size_t size)
{
  slim_text w = slim_text_begin(text, size);
  slim_text_put(&w, "digraph slim {\n  node [shape=box];\n");
  for (size_t i = 0; graph && i < graph->num_nodes; i++) {
    const slim_node *node = graph->nodes[i];
    const char *style = node->op == &slim_op_variable ? ", shape=ellipse" : "";
    slim_text_put(&w, "  n%d [label=\"%s\\n%s ", node->id, node->name, node->op->name);
    write_tensor(&w, &node->outputs[0]);
    slim_text_put(&w, "\"%s];\n", style);
    for (int k = 0; k < node->num_inputs; k++) {
      slim_text_put(&w, "  n%d -> n%d;\n", node->inputs[k]->node->id, node->id);
    }
  }
  slim_text_put(&w, "}\n");
  return w.length;
}
