/* The graph as text and as a Graphviz drawing. */
#include "graph/state.h"

#include <stdio.h>

/* Writes as snprintf does: counts on behind the end of the room. */
typedef struct writer {
  char *text;
  size_t size, length;
} writer;

SLIM_PRINTF(2, 3) static void write_text(writer *w, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  const bool room = w->length < w->size;
  const int wrote = vsnprintf(room ? w->text + w->length : NULL, room ? w->size - w->length : 0, format, list);
  va_end(list);
  w->length += wrote > 0 ? (size_t)wrote : 0;
}

static writer begin(char *text, size_t size)
{
  if (size) {
    text[0] = '\0';
  }
  return (writer){ text, size, 0 };
}

static void write_tensor(writer *w, const slim_tensor *tensor)
{
  char shape[128];
  write_text(w, "%s %s", slim_dtype_name(tensor->dtype), slim_shape_format(&tensor->shape, shape, sizeof shape));
}

static void write_node(writer *w, const slim_node *node)
{
  write_text(w, "%s: %s(", node->name, node->op->name);
  for (int i = 0; i < node->num_inputs; i++) {
    write_text(w, i ? ", %s" : "%s", node->inputs[i]->name);
  }
  write_text(w, ") -> ");
  for (int k = 0; k < node->op->outputs; k++) {
    write_text(w, "%s", k ? ", " : "");
    write_tensor(w, &node->outputs[k]);
  }
  write_text(w, "\n");
}

size_t slim_graph_describe(const slim_graph *graph, char *text, size_t size)
{
  writer w = begin(text, size);
  for (size_t i = 0; graph && i < graph->num_nodes; i++) {
    write_node(&w, graph->nodes[i]);
  }
  return w.length;
}

size_t slim_graph_dot(const slim_graph *graph, char *text, size_t size)
{
  writer w = begin(text, size);
  write_text(&w, "digraph slim {\n  node [shape=box];\n");
  for (size_t i = 0; graph && i < graph->num_nodes; i++) {
    const slim_node *node = graph->nodes[i];
    const char *style = node->op == &slim_op_variable ? ", shape=ellipse" : "";
    write_text(&w, "  n%d [label=\"%s\\n%s ", node->id, node->name, node->op->name);
    write_tensor(&w, &node->outputs[0]);
    write_text(&w, "\"%s];\n", style);
    for (int k = 0; k < node->num_inputs; k++) {
      write_text(&w, "  n%d -> n%d;\n", node->inputs[k]->node->id, node->id);
    }
  }
  write_text(&w, "}\n");
  return w.length;
}
