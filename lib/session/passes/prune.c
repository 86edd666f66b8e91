/* What of a graph a set of fetches needs: nodes that run, and nodes of which only the shape is asked for. */
#include "ops/ops.h"
#include "session/plan.h"

#include <stdlib.h>

typedef struct pruning {
  slim_program *program;
  slim_node **stack; /* nodes whose inputs are still to mark; a node enters once per bit */
  size_t depth;
} pruning;

static void mark(pruning *p, slim_node *node, unsigned char need)
{
  unsigned char *now = &p->program->need[node->id];
  if ((*now | need) != *now) {
    *now |= need;
    p->stack[p->depth++] = node;
  }
}

static void mark_inputs(pruning *p, const slim_node *node)
{
  const bool runs = (p->program->need[node->id] & SLIM_NEED_RUN) != 0;
  const bool all = node->op == &slim_op_group || (p->program->passes & SLIM_PASS(prune)) == 0;
  for (int i = 0; i < node->num_inputs; i++) {
    const bool reads = runs && (all || slim_node_reads(node, i));
    mark(p, node->inputs[i]->node, reads ? SLIM_NEED_RUN | SLIM_NEED_SHAPE : SLIM_NEED_SHAPE);
  }
}

static void mark_all(pruning *p)
{
  while (p->depth > 0) {
    mark_inputs(p, p->stack[--p->depth]);
  }
}

static bool any_runs(const slim_program *program, slim_tensors tensors)
{
  for (size_t i = 0; i < tensors.count; i++) {
    if (program->need[tensors.item[i]->node->id] & SLIM_NEED_RUN) {
      return true;
    }
  }
  return false;
}

static bool applies_gradients(const slim_program *program)
{
  for (size_t i = 0; i < program->num_nodes; i++) {
    const slim_node *node = program->graph->nodes[i];
    if ((program->need[i] & SLIM_NEED_RUN) && node->stage == SLIM_STAGE_OPTIMIZE && slim_node_writes(node)) {
      return true;
    }
  }
  return false;
}

static void mark_update_ops(pruning *p)
{
  slim_graph *graph = p->program->graph;
  if (!applies_gradients(p->program) || any_runs(p->program, slim_get_collection(graph, SLIM_OWN_UPDATE_OPS, NULL))) {
    return;
  }
  const slim_tensors updates = slim_get_collection(graph, SLIM_UPDATE_OPS, NULL);
  for (size_t i = 0; i < updates.count; i++) {
    mark(p, updates.item[i]->node, SLIM_NEED_RUN | SLIM_NEED_SHAPE);
    mark_all(p);
  }
}

/* The needed sources of one kind, in order of creation. */
static slim_node **collect(slim_program *program, const slim_op *op, size_t *count)
{
  slim_node **list = slim_arena_array(program->arena, program->num_nodes + 1, sizeof *list);
  for (size_t i = 0; list && i < program->num_nodes; i++) {
    if (program->need[i] && program->graph->nodes[i]->op == op) {
      list[(*count)++] = program->graph->nodes[i];
    }
  }
  return list;
}

slim_status slim_pass_prune(slim_program *program, slim_error *error)
{
  pruning p = { .program = program };
  program->need = slim_arena_array(program->arena, program->num_nodes + 1, 1);
  p.stack = calloc(2 * program->num_nodes + 2, sizeof *p.stack);
  if (program->need && p.stack) {
    for (size_t i = 0; i < program->num_fetches; i++) {
      mark(&p, program->fetches[i]->node, SLIM_NEED_RUN | SLIM_NEED_SHAPE);
      mark_all(&p);
    }
    mark_update_ops(&p);
    program->placeholders = collect(program, &slim_op_placeholder, &program->num_placeholders);
    program->variables = collect(program, &slim_op_variable, &program->num_variables);
  }
  free(p.stack);
  if (!program->placeholders || !program->variables) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "session: no memory for a program of %zu ops", program->num_nodes);
  }
  return SLIM_OK;
}
