/* The order of steps: by stage, then by creation. A node is never in an earlier stage than its inputs, and what writes
 * variables comes after all that reads them in the first stage. A finite check comes right behind what it checks. */
#include "ops/ops.h"
#include "session/plan.h"

#include <stdlib.h>

typedef struct place_in_line {
  slim_node *node;
  int stage; /* -1: left out */
  int id;    /* it comes where the node of this id was created */
} place_in_line;

static int earlier(const void *a, const void *b)
{
  const place_in_line *x = a, *y = b;
  if (x->stage != y->stage) {
    return x->stage < y->stage ? -1 : 1;
  }
  if (x->id != y->id) {
    return x->id < y->id ? -1 : 1;
  }
  return (x->node->id > y->node->id) - (x->node->id < y->node->id);
}

static int stage_of(const slim_plan *plan, const place_in_line *line, const slim_node *node)
{
  const bool writes = slim_node_writes(node);
  int stage = writes && node->stage == SLIM_STAGE_COMPUTE ? SLIM_STAGE_UPDATE : (int)node->stage;
  if (!(plan->program->need[node->id] & SLIM_NEED_RUN) || (writes && plan->program->forward_only)) {
    return -1;
  }
  for (int i = 0; i < node->num_inputs; i++) {
    if (slim_node_reads(node, i)) {
      const int input = line[node->inputs[i]->node->id].stage;
      if (input < 0 && slim_node_works(node)) {
        return -1;
      }
      stage = input > stage ? input : stage;
    }
  }
  return stage;
}

static void mark_written(slim_plan *plan, const slim_node *node)
{
  for (int k = 0; k < node->num_inputs; k++) {
    slim_plan_root(plan, node->inputs[k])->written |= slim_node_may_write(node, k);
  }
}

slim_status slim_pass_order(slim_plan *plan)
{
  const size_t count = plan->program->num_nodes;
  place_in_line *line = calloc(count + 1, sizeof *line);
  plan->order = slim_arena_array(plan->arena, count + 1, sizeof *plan->order);
  if (!line || !plan->order) {
    free(line);
    return slim_plan_no_memory(plan);
  }
  for (size_t i = 0; i < count; i++) {
    line[i].node = plan->graph->nodes[i];
    line[i].stage = stage_of(plan, line, line[i].node);
    line[i].id = line[i].node->op == &slim_op_finite_check ? line[i].node->inputs[0]->node->id : (int)i;
  }
  qsort(line, count, sizeof *line, earlier);
  for (size_t i = 0; i < count; i++) {
    if (line[i].stage >= 0 && slim_node_works(line[i].node)) {
      plan->order[plan->num_order++] = line[i].node;
      mark_written(plan, line[i].node);
    }
  }
  free(line);
  return SLIM_OK;
}
