#include "session/passes/rewrite.h"

bool slim_rewrite_begin(slim_rewrite *r, slim_plan *plan)
{
  r->plan = plan;
  r->instead = slim_arena_array(plan->arena, plan->num_nodes + 1, sizeof(slim_node *));
  r->before = slim_arena_array(plan->arena, plan->num_nodes + 1, sizeof(slim_node *));
  r->dropped = slim_arena_array(plan->arena, plan->num_nodes + 1, sizeof *r->dropped);
  return r->instead && r->before && r->dropped;
}

bool slim_rewrite_end(const slim_rewrite *r)
{
  slim_plan *plan = r->plan;
  slim_node **order = slim_arena_array(plan->arena, plan->num_nodes + 1, sizeof(slim_node *));
  size_t count = 0;
  for (size_t i = 0; order && i < plan->num_order; i++) {
    slim_node *node = plan->order[i];
    if (r->dropped[node->id]) {
      continue;
    }
    if (r->before[node->id]) {
      order[count++] = r->before[node->id];
    }
    order[count++] = r->instead[node->id] ? r->instead[node->id] : node;
  }
  plan->order = order;
  plan->num_order = count;
  return order != NULL;
}

slim_node *slim_rewrite_node(slim_plan *plan, const slim_node *like, const slim_op *op, int inputs)
{
  slim_node *node = slim_arena_copy(plan->arena, like, sizeof *like);
  slim_tensor **list = slim_arena_array(plan->arena, (size_t)inputs + 1, sizeof(slim_tensor *));
  for (int k = 0; list && k < inputs && k < like->num_inputs; k++) {
    list[k] = like->inputs[k];
  }
  if (node) {
    node->op = op;
    node->num_inputs = inputs;
    node->inputs = list;
  }
  return list ? node : NULL;
}

bool slim_read_once(const slim_plan *plan, const slim_tensor *tensor)
{
  const slim_plan_tensor *t = &plan->tensors[tensor->id];
  return t->readers == 1 && !t->fetched;
}
