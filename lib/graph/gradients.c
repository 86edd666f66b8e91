/* Reverse accumulation: gradient nodes are added from y back to the variables. */
#include "graph/state.h"

#include <stdlib.h>
#include <string.h>

typedef struct backward {
  slim_graph *graph;
  slim_tensor *y;
  size_t nodes;     /* as many as there were at the start */
  bool *needed;     /* by node: depends on one of the xs, and y depends on it */
  bool *from_x;     /* by tensor: one of the xs, or depends on one */
  slim_list *parts; /* by tensor: gradients through each of its uses */
} backward;

/* Inputs beyond 31 have no bit in shape_only. */
static bool input_carries(const slim_node *node, int input)
{
  const bool shape_only = input < 32 && (node->op->shape_only >> input & 1);
  return !shape_only && node->inputs[input]->dtype == SLIM_FLOAT32;
}

/* Marks, from the xs forward, what depends on them. */
static void mark_from(backward *b)
{
  for (size_t i = 0; i < b->nodes; i++) {
    const slim_node *node = b->graph->nodes[i];
    bool depends = false;
    for (int k = 0; !depends && k < node->num_inputs; k++) {
      depends = input_carries(node, k) && b->from_x[node->inputs[k]->id];
    }
    b->needed[i] = depends;
    for (int k = 0; depends && k < node->op->outputs; k++) {
      b->from_x[node->outputs[k].id] = node->outputs[k].dtype == SLIM_FLOAT32;
    }
  }
}

/* Keeps, from y back, what it depends on. */
static bool mark_to(backward *b)
{
  bool *wanted = calloc(b->nodes, sizeof *wanted);
  if (!wanted) {
    return false;
  }
  wanted[b->y->node->id] = true;
  for (size_t i = b->nodes; i-- > 0;) {
    const slim_node *node = b->graph->nodes[i];
    b->needed[i] = b->needed[i] && wanted[i];
    for (int k = 0; b->needed[i] && k < node->num_inputs; k++) {
      wanted[node->inputs[k]->node->id] |= input_carries(node, k);
    }
  }
  free(wanted);
  return true;
}

/* The sum of the gradients through all uses, NULL if there is none. Later calls give the same tensor. */
static slim_tensor *sum_of(backward *b, const slim_tensor *tensor)
{
  slim_list *parts = &b->parts[tensor->id];
  if (parts->count > 1) {
    parts->item[0] =
        slim_node_add(b->graph, &slim_op_add_n, "AddN", NULL, (slim_tensor *const *)parts->item, (int)parts->count);
    parts->count = 1;
  }
  return parts->count ? parts->item[0] : NULL;
}

/* Equal as far as both are known. */
static bool shapes_agree(const slim_shape *a, const slim_shape *b)
{
  slim_shape c = *a;
  if (c.rank && b->rank && (c.dim[0] == -1 || b->dim[0] == -1)) {
    c.dim[0] = b->dim[0];
  }
  return slim_shape_equal(&c, b);
}

static void add_part(backward *b, const slim_node *node, int input, slim_tensor *dx)
{
  slim_tensor *x = node->inputs[input];
  char have[128], want[128];
  if (slim_is_poison(dx)) {
    return;
  }
  if (!shapes_agree(&dx->shape, &x->shape)) {
    (void)slim_graph_fail(b->graph, SLIM_ERR_SHAPE, "gradients: %s '%s' gives input %d the shape %s, must be %s",
                          node->op->name, node->name, input, slim_shape_format(&dx->shape, have, sizeof have),
                          slim_shape_format(&x->shape, want, sizeof want));
  } else if (b->from_x[x->id] && !slim_list_push(b->graph->arena, &b->parts[x->id], dx)) {
    (void)slim_graph_no_memory(b->graph);
  }
}

/* Calls the op's rule under the name scope "<op name>_grad". */
static void add_gradients_of(backward *b, slim_node *node, slim_tensor *const *dy)
{
  slim_tensor **dx = calloc((size_t)node->num_inputs, sizeof *dx);
  const char *name = slim_arena_printf(b->graph->arena, "%s_grad", node->name);
  if (!dx || !name) {
    (void)slim_graph_no_memory(b->graph);
    free(dx);
    return;
  }
  slim_scope scope = slim_name_scope_begin(b->graph, name);
  node->op->gradient(node, dy, dx);
  slim_scope_end(&scope);
  for (int k = 0; k < node->num_inputs; k++) {
    if (dx[k] && input_carries(node, k)) {
      add_part(b, node, k, dx[k]);
    }
  }
  free(dx);
}

static void pass_through(backward *b, slim_node *node)
{
  slim_tensor *dy[SLIM_OP_OUTPUTS] = { NULL };
  bool any = false;
  for (int k = 0; k < node->op->outputs; k++) {
    dy[k] = sum_of(b, &node->outputs[k]);
    any = any || dy[k];
  }
  if (any && !node->op->gradient) {
    (void)slim_graph_fail(b->graph, SLIM_ERR_UNSUPPORTED, "gradients of '%s': %s '%s' has no gradient", b->y->name,
                          node->op->name, node->name);
  } else if (any) {
    add_gradients_of(b, node, dy);
  }
}

/* Ones of y's shape. */
static slim_tensor *ones_like(slim_tensor *y)
{
  const float one = 1.0f;
  slim_tensor *scalar = slim_constant_tensor(slim_graph_of(y), SLIM_FLOAT32, SLIM_SCALAR, &one, "grad_ys_0");
  const unsigned all = (1u << y->shape.rank) - 1u;
  return y->shape.rank == 0 ? scalar : slim_op_broadcast_like_add(scalar, y, all, 0);
}

static bool run(backward *b, slim_tensors xs)
{
  for (size_t i = 0; i < xs.count; i++) {
    b->from_x[xs.item[i]->id] = true;
  }
  mark_from(b);
  if (!mark_to(b)) {
    return false;
  }
  slim_tensor *start = ones_like(b->y);
  if (!slim_list_push(b->graph->arena, &b->parts[b->y->id], start)) {
    return false;
  }
  for (size_t i = (size_t)b->y->node->id + 1; i-- > 0 && b->graph->error.status == SLIM_OK;) {
    if (b->needed[i]) {
      pass_through(b, b->graph->nodes[i]);
    }
  }
  return true;
}

/* The gradient of each x, in the order given. */
static slim_tensors collect(backward *b, slim_tensors xs)
{
  slim_tensor **item = slim_arena_array(b->graph->arena, xs.count, sizeof *item);
  const bool good = b->graph->error.status == SLIM_OK;
  for (size_t i = 0; item && i < xs.count; i++) {
    item[i] = good ? sum_of(b, xs.item[i]) : b->graph->poison;
  }
  return (slim_tensors){ item ? xs.count : 0, item };
}

static bool arguments_usable(slim_graph *graph, const slim_tensor *y, slim_tensors xs)
{
  if (y->dtype != SLIM_FLOAT32) {
    (void)slim_graph_fail(graph, SLIM_ERR_TYPE, "gradients of '%s': it is %s, must be float32", y->name,
                          slim_dtype_name(y->dtype));
    return false;
  }
  for (size_t i = 0; i < xs.count; i++) {
    if (!xs.item[i] || slim_graph_of(xs.item[i]) != graph) {
      (void)slim_graph_fail(graph, SLIM_ERR_ARG, "gradients of '%s': x %zu of %zu is not of the same graph", y->name,
                            i + 1, xs.count);
      return false;
    }
    if (slim_is_poison(xs.item[i])) {
      return false;
    }
  }
  return true;
}

slim_tensors slim_gradients(slim_tensor *y, slim_tensors xs)
{
  slim_graph *graph = slim_graph_of(y);
  if (!graph || slim_is_poison(y) || !arguments_usable(graph, y, xs)) {
    return (slim_tensors){ 0, NULL };
  }
  backward b = { .graph = graph, .y = y, .nodes = graph->num_nodes };
  b.needed = calloc(b.nodes, sizeof *b.needed);
  b.from_x = calloc(graph->num_tensors, sizeof *b.from_x);
  b.parts = calloc(graph->num_tensors, sizeof *b.parts);
  slim_scope scope = slim_name_scope_begin(graph, "gradients");
  if (!b.needed || !b.from_x || !b.parts || !run(&b, xs)) {
    (void)slim_graph_no_memory(graph);
  }
  const slim_tensors found = b.parts ? collect(&b, xs) : (slim_tensors){ 0, NULL };
  slim_scope_end(&scope);
  free(b.needed);
  free(b.from_x);
  free(b.parts);
  return found;
}
